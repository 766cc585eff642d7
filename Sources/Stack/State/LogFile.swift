import Glibc
import Primitives

/// What a child writes, kept to two files.
enum LogFile {
    /// A log past this many bytes is put aside when its service starts.
    static let limitBytes = 10 << 20

    /// A descriptor that appends to the file; the caller closes it. A large file becomes `….log.1` first.
    static func open(_ path: String) throws(Failure) -> Int32 {
        var status = stat()
        if stat(path, &status) == 0, status.st_size > limitBytes { rename(path, "\(path).1") }
        return try ChildProcess.openOutput(path, appending: true)
    }
}
