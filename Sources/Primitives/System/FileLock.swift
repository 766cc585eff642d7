import Glibc

/// A lock on a file, held until the object goes or the process ends.
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// - Parameter inUse: the error when another process holds it; its argument names that process, as far as it has said so.
    package init(_ file: String, inUse: (_ holder: String) -> Failure) throws(Failure) {
        let descriptor = Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot open \(file): \(systemMessage(errno))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw Failure(.environment, "cannot lock \(file): \(systemMessage(code))") }
            throw inUse((try? Files.readLine(file)) ?? "")
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
