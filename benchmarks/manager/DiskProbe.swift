import Glibc
import Primitives
import Synchronization

/// How long the disk takes to make 8 KiB durable while something else is measured: what is written waits for no less, six times for each new machine.
final class DiskProbe: Sendable {
    private let seconds = Mutex<[Double]>([])
    private let isOver = Atomic(false)

    init(_ folder: String) throws(Failure) {
        let descriptor = open("\(folder)/probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot write \(folder)/probe") }
        try Thread.start("disk probe") { [weak self] in
            let bytes = [UInt8](repeating: 0x78, count: 8192)
            while let self, !isOver.load(ordering: .relaxed) {
                let start = ContinuousClock.now
                Files.writeAll(bytes, to: descriptor)
                fdatasync(descriptor)
                seconds.withLock { $0.append((ContinuousClock.now - start).seconds) }
                usleep(50_000)
            }
            close(descriptor)
        }
    }

    /// Ends it.
    /// - Returns: what nineteen of twenty took at most.
    func end() -> Double {
        isOver.store(true, ordering: .relaxed)
        let sorted = seconds.withLock { $0.sorted() }
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
    }
}
