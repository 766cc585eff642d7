import Glibc
import Primitives

/// The right to use a state directory, held until the object goes or the process ends.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// Errors: another process holds it; the line names that process.
    init(_ paths: StatePaths) throws(Failure) {
        let file = paths.path("lock")
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot open \(file): \(systemMessage(errno))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw Failure(.environment, "cannot lock \(file): \(systemMessage(code))") }
            let holder = (try? Files.readLine(file)) ?? ""
            throw Failure(
                .environment,
                "\(paths.root) is in use by another martlet\(holder.isEmpty ? "" : ", process \(holder)"); "
                    + "stop that one or choose another --state-dir")
        }
        ftruncate(descriptor, 0)
        Files.writeAll(Array("\(getpid())\n".utf8), to: descriptor)
        self.descriptor = descriptor
    }

    // The file stays: to remove it would let two processes hold locks on two files of one name.
    // Unlocked by name, as a child between fork and exec may hold the descriptor a moment longer than we do.
    deinit {
        ftruncate(descriptor, 0)
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
