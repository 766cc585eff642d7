import Glibc

/// Cuts what a pipe gives into lines. One that is longer than the limit is left out.
struct LineReader {
    private var rest: [UInt8] = []
    private var isSkipping = false
    private let limit: Int
    /// Lines that were left out.
    private(set) var endless = 0

    init(limit: Int) { self.limit = limit }

    /// Calls `body` with each line that is complete, without its end.
    mutating func take(_ piece: UnsafeRawBufferPointer, _ body: ([UInt8]) -> Void) {
        var start = 0
        while start < piece.count, let from = piece.baseAddress {
            guard let found = memchr(from + start, 0x0A, piece.count - start) else {
                if !isSkipping { rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[start...])) }
                if rest.count > limit {
                    rest = []
                    isSkipping = true
                }
                return
            }
            let end = UnsafeRawPointer(found) - from
            if isSkipping {
                (isSkipping, endless) = (false, endless + 1)
            } else {
                rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[start..<end]))
                if !rest.isEmpty { body(rest) }
                rest.removeAll(keepingCapacity: rest.capacity <= 1 << 16)
            }
            start = end + 1
        }
    }
}
