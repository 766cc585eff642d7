import Glibc
import Primitives
import Synchronization

/// Puts files into place together: all of them, or none. Nothing that is there is written over.
package final class FirstFiles: Sendable {
    /// A file to be.
    struct File: Sendable {
        let path: String
        let bytes: [UInt8]
        let mode: UInt32
        /// Of folders on the way that have to be made.
        let folderMode: UInt32
        /// What stands at the path is moved there first; without it a file there is an error.
        var backup: String?
    }

    /// Held while files are put into place, so that who ends the program ends it before or after.
    private let isDone = Mutex(false)

    package init() {}

    /// Calls `body` when no file is half in place; it is told whether they were put there.
    package func whenSettled(_ body: (Bool) -> Void) { isDone.withLock { body($0) } }

    /// Writes all beside their places, has `check` look at them there (the last file at its temporary path, the others in place), and then
    /// puts the last into place. What fails leaves everything as it was, but for folders that were made.
    func write(_ files: [File], check: (_ path: String) throws(Failure) -> Void) throws(Failure) {
        try isDone.withLock { isDone throws(Failure) in
            var undo: [() -> Void] = []
            do throws(Failure) {
                for (index, file) in files.enumerated() {
                    try Self.makeFolder(of: file)
                    let temporary = try Self.writeBeside(file)
                    undo.append { unlink(temporary) }
                    if index == files.count - 1 { try check(temporary) }
                    if let backup = file.backup, Files.exists(file.path) {
                        try Self.move(file.path, to: backup)
                        undo.append { rename(backup, file.path) }
                    }
                    try Self.move(temporary, to: file.path)
                    undo.append { unlink(file.path) }
                }
            } catch {
                for step in undo.reversed() { step() }
                throw error
            }
            for file in files { Self.settle(folder: Self.folder(of: file.path)) }
            isDone = true
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func makeFolder(of file: File) throws(Failure) {
        let folder = folder(of: file.path)
        if !Files.exists(folder) { try Files.makeDirectory(folder, mode: file.folderMode) }
    }

    private static func writeBeside(_ file: File) throws(Failure) -> String {
        let temporary = "\(file.path).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file.mode)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot write \(file.path): \(systemMessage(errno))") }
        let isWritten = Files.writeAll(file.bytes, to: descriptor) && fsync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard isWritten else {
            unlink(temporary)
            throw Failure(.environment, "cannot write \(file.path): \(systemMessage(error))")
        }
        return temporary
    }

    /// Gives a file another name, unless there is a file of that name.
    private static func move(_ path: String, to place: String) throws(Failure) {
        // A second name is refused where a file is, by the kernel and at once; file systems without second names have only the slower way.
        if link(path, place) == 0 {
            unlink(path)
            return
        }
        guard [EPERM, EOPNOTSUPP, ENOSYS].contains(errno), !Files.exists(place), rename(path, place) == 0 else {
            throw Failure(.environment, "cannot write \(place): \(systemMessage(errno))")
        }
    }

    /// So that the names last, too.
    private static func settle(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
