import Glibc

extension Files {
    /// The names of the folders in a folder, links left out, in no order; empty when it cannot be read. Of more than `limit` names some are
    /// missing.
    ///
    /// A folder of the kernel's says by its links that there are none, without being read.
    package static func folders(in path: String, limit: Int) -> [String] {
        var status = stat()
        // Two links: its name and its own dot. File systems that do not count those of folders have one.
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_nlink != 2, let folder = opendir(path) else {
            return []
        }
        defer { closedir(folder) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(folder) {
            let kind = Int(entry.pointee.d_type)
            guard kind == Int(DT_DIR) || kind == Int(DT_UNKNOWN) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name != ".", name != ".." else { continue }
            if kind == Int(DT_UNKNOWN) {
                var inner = stat()
                guard lstat("\(path)/\(name)", &inner) == 0, inner.st_mode & S_IFMT == S_IFDIR else { continue }
            }
            names.append(name)
        }
        return names
    }
}
