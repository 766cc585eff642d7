import Glibc

extension Files {
    /// Writes beside the path and renames, and comes back once the disk has it: what is read after a power cut are the old bytes or the new ones.
    /// Blocks its thread for as long as the disk takes.
    package static func writeDurably(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(Failure) {
        let temporary = path + ".new"
        // Always a new file: a link that somebody put there would lead elsewhere.
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot write \(path): \(systemMessage(errno))") }
        let isWritten = writeAll(bytes, to: descriptor) && fdatasync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = systemMessage(isWritten ? errno : error)
            unlink(temporary)
            throw Failure(.environment, "cannot write \(path): \(reason)")
        }
        let folder = open(path.lastIndex(of: "/").map { String(path[..<$0]) + "/" } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        // The name too; a file system that cannot do that keeps the file all the same.
        fsync(folder)
        close(folder)
    }
}
