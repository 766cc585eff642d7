import Glibc

/// A folder of its own for a test, which goes with its last user.
package final class ScratchFolder: Sendable {
    package let path: String

    package init() {
        var name = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { fatalError("no folder below /tmp: \(errno)") }
        path = String(cString: made)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        // Links are not followed: what they lead to is somebody else's.
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            closedir(folder)
        }
        Glibc.remove(path)
    }
}
