import Glibc
import Primitives

/// Folders read whole.
enum Directory {
    /// Refuses a folder that somebody else could write to: links planted there would have us overwrite and end what is not ours.
    static func checkOwner(_ path: String) throws(Failure) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(.environment, "the state directory \(path) is not a directory")
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw Failure(
                .environment,
                "the state directory \(path) belongs to another user or others may write to it; choose another with --state-dir")
        }
    }

    /// The names in a folder, without `.` and `..`. Errors name the folder and the reason.
    static func names(_ path: String) throws(Failure) -> [String] {
        guard let stream = opendir(path) else { throw Failure(.environment, "cannot read directory \(path): \(systemMessage(errno))") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
