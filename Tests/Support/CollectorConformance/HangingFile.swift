import Glibc
import Primitives

/// A regular file that hangs whoever opens it, as one of the kernel may that waits for a lock: it is leased, and the lease is not given back.
/// The kernel takes it back after 45 seconds.
package final class HangingFile: Sendable {
    private let descriptor: Int32

    // <fcntl.h> has them for programs of GNU only.
    private static let setLease: Int32 = 1024
    private static let setSignal: Int32 = 10

    /// Makes the file anew.
    package init(_ path: String) throws {
        unlink(path)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // The signal that tells of somebody who waits is one that does nothing.
        guard descriptor >= 0, fcntl(descriptor, Self.setSignal, SIGURG) == 0, fcntl(descriptor, Self.setLease, Int32(F_WRLCK)) == 0 else {
            throw Failure(.environment, "no lease on \(path): \(errno)")
        }
    }

    deinit { close(descriptor) }

    /// Whoever waits reads an empty file.
    package func release() { _ = fcntl(descriptor, Self.setLease, Int32(F_UNLCK)) }
}
