import Glibc
import SystemShim

/// A gate that lets threads through one by one: as many as it is told to.
///
/// What counts them is the kernel's, so that there is nothing in memory that threads would share.
package final class ThreadGate: Sendable {
    private let descriptor: Int32
    /// How long a thread waits that has no gate to wait at, as the system had no descriptor left.
    private static let pauseMicroseconds: UInt32 = 10_000

    package init() { descriptor = mlt_turnstile() }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Lets so many threads through, of those that wait and those that come.
    package func open(for count: Int) {
        guard count > 0, descriptor >= 0 else { return }
        var count = UInt64(count)
        while write(descriptor, &count, MemoryLayout<UInt64>.size) < 0, errno == EINTR {}
    }

    /// Blocks its thread until it is let through. Whoever comes back looks whether it may go on, and else comes again.
    package func wait() {
        guard descriptor >= 0 else {
            usleep(Self.pauseMicroseconds)
            return
        }
        var one: UInt64 = 0
        while read(descriptor, &one, MemoryLayout<UInt64>.size) < 0, errno == EINTR {}
    }
}
