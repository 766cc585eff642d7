import Glibc
import Primitives

/// Folders read whole.
enum Directory {
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
