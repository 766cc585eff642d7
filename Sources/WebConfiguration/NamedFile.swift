import Glibc
import Primitives

/// A file that a web configuration names, looked at from outside.
struct NamedFile {
    let path: String

    /// Why it cannot be read, or nil.
    var problem: String? {
        var status = stat()
        guard stat(path, &status) == 0, access(path, R_OK) == 0 else { return "cannot read \(path): \(systemMessage(errno))" }
        return status.st_mode & S_IFMT == S_IFDIR ? "\(path) is a directory" : nil
    }
}
