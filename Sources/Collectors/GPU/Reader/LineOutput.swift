import Glibc
import Primitives
import Synchronization

/// Where the helper's lines go. When nobody reads them any more, it leaves.
final class LineOutput: Sendable {
    private let descriptor: Int32
    private let turn = Mutex(())

    init(descriptor: Int32) { self.descriptor = descriptor }

    func write(_ line: ReaderLine) {
        let bytes = line.bytes
        // The other side takes none that is longer.
        guard bytes.count <= ReaderLine.limitBytes else { return }
        turn.withLock { _ in
            if !Files.writeAll(bytes, to: descriptor) { _exit(0) }
        }
    }

    /// Waits so long, or until nobody reads any more.
    ///
    /// - Returns: whether somebody still does.
    func waitWhileRead(seconds: Double) -> Bool {
        let deadline = Deadline.after(seconds: seconds)
        while true {
            // Asked for nothing, poll tells of the end alone.
            var entry = pollfd(fd: descriptor, events: 0, revents: 0)
            let count = poll(&entry, 1, Int32((deadline.remainingSeconds * 1000).rounded(.up).clamped(to: 0...60_000)))
            if count > 0 { return false }
            if deadline.hasPassed { return true }
        }
    }
}
