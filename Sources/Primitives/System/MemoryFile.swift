import Glibc
import SystemShim

/// Bytes that a library wants to read from a file: in memory, where no disk sees them, and gone with their last holder or with the process.
package final class MemoryFile: Sendable {
    private let descriptor: Int32

    /// - Parameter name: for whoever looks at the process from outside; no secret.
    package init(_ name: String, _ bytes: [UInt8]) throws(Failure) {
        descriptor = mlt_memory_file(name)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot keep \(name) in memory: \(systemMessage(-descriptor))") }
        guard Files.writeAll(bytes, to: descriptor) else {
            let reason = systemMessage(errno)
            close(descriptor)
            throw Failure(.environment, "cannot keep \(name) in memory: \(reason)")
        }
    }

    deinit { close(descriptor) }

    /// Whoever opens it reads it from its start. It means something to this process alone.
    package var path: String { "/proc/self/fd/\(descriptor)" }
}
