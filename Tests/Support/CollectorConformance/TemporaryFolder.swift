import Glibc
package import Primitives

/// A folder for fixtures, which goes with its last user.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// Errors: the system's reason.
    package init() throws(Failure) {
        var name = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { throw Failure(.environment, "no temporary folder: \(systemMessage(errno))") }
        path = String(cString: made)
    }

    deinit { Self.empty(path) }

    private static func empty(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                if name != ".", name != ".." { empty("\(path)/\(name)") }
            }
            closedir(folder)
        }
        remove(path)
    }

    /// Writes a file and the folders above it.
    package func write(_ name: String, _ text: String) throws(Failure) {
        let file = "\(path)/\(name)"
        if let slash = file.lastIndex(of: "/") {
            let folder = String(file[..<slash])
            // Most stand beside another: of thousands of files not each walks the whole way down.
            if access(folder, F_OK) != 0 { try Files.makeDirectory(folder) }
        }
        try Files.write(Array(text.utf8), to: file)
    }
}
