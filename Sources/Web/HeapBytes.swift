import Glibc

/// Growing bytes on the C heap, made to be handed to a C library without a copy.
///
/// Unchecked: it is filled by one task and then given away whole, inside a response; nobody touches it twice.
package final class HeapBytes: @unchecked Sendable {
    private var start: UnsafeMutableRawPointer?
    private var capacity: Int
    package private(set) var count = 0

    package init(reservingBytes capacity: Int = 4096) {
        self.capacity = max(64, capacity)
        start = malloc(self.capacity)
    }

    deinit { free(start) }

    package func append(contentsOf bytes: [UInt8]) {
        bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress, let to = room(for: source.count) else { return }
            to.copyMemory(from: from, byteCount: source.count)
            count += source.count
        }
    }

    /// A copy of what it holds.
    package var bytes: [UInt8] {
        guard let start else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Lets `body` fill up to `size` bytes at the end; it returns how many it wrote.
    func append(upTo size: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        guard let to = room(for: size) else { return }
        let written = body(UnsafeMutableBufferPointer(start: to.assumingMemoryBound(to: UInt8.self), count: size))
        count += min(written, size)
    }

    /// The memory, from malloc, which is the caller's to free; the object is empty afterwards.
    func release() -> (UnsafeMutableRawPointer?, Int) {
        defer { (start, capacity, count) = (nil, 0, 0) }
        return (start, count)
    }

    private func room(for more: Int) -> UnsafeMutableRawPointer? {
        if count + more > capacity || start == nil {
            let larger = max(capacity * 2, count + more, 64)
            guard let moved = realloc(start, larger) else { return nil }
            (start, capacity) = (moved, larger)
        }
        return start.map { $0 + count }
    }
}
