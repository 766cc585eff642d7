import Glibc
import Synchronization
import SystemShim

/// Files read and written whole.
package enum Files {
    /// Tells apart the temporary files of writers that write the same path at the same time.
    private static let writeCount = Atomic<Int>(0)

    /// The file's bytes. Errors name the path and the reason; a file past `limitBytes` is refused.
    ///
    /// - Parameter regularOnly: pipes and devices are refused; for places where others may have put one.
    package static func read(_ path: String, limitBytes: Int = 16 << 20, regularOnly: Bool = false) throws(Failure) -> [UInt8] {
        let descriptor = regularOnly ? mlt_open_regular(path) : mlt_open_read(path)
        guard descriptor >= 0 else {
            throw Failure(.environment, "cannot read \(path): \(systemMessage(-descriptor))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            var error: Int32 = 0
            // Files of /proc have no size beforehand, so the room doubles until the end is seen.
            let piece = [UInt8](unsafeUninitializedCapacity: max(8192, bytes.count)) { room, filled in
                var count = 0
                repeat { count = Glibc.read(descriptor, room.baseAddress, room.count) } while count < 0 && errno == EINTR
                error = count < 0 ? errno : 0
                filled = max(0, count)
            }
            guard error == 0 else { throw Failure(.environment, "cannot read \(path): \(systemMessage(error))") }
            if piece.isEmpty { return bytes }
            bytes += piece
            guard bytes.count <= limitBytes else {
                throw Failure(.limit, "\(path) is larger than \(limitBytes) bytes")
            }
        }
    }

    /// The file's text without white space at its end; for tokens, versions, process ids.
    package static func readLine(_ path: String) throws(Failure) -> String {
        var bytes = try read(path, limitBytes: 1 << 20)
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.malformed, "\(path) is not UTF-8 text")
        }
        return text
    }

    /// Writes beside the path and renames, so that a reader sees the old bytes or the new ones.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws(Failure) {
        let temporary = "\(path).\(getpid()).\(writeCount.add(1, ordering: .relaxed).newValue).new"
        // Always a new file: what a killed process left, or a link that somebody put there, would bring its own mode or place.
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw Failure(.environment, "cannot write \(path): \(systemMessage(errno))")
        }
        let written = writeAll(bytes, to: descriptor)
        let error = errno
        close(descriptor)
        guard written, rename(temporary, path) == 0 else {
            let reason = systemMessage(written ? errno : error)
            unlink(temporary)
            throw Failure(.environment, "cannot write \(path): \(reason)")
        }
    }

    /// Writes to an open descriptor; false when it could not take all of it.
    @discardableResult
    package static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    /// Makes the directory and those above it that are missing. Errors name the one that could not be made.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(Failure) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            made += (made.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            if mkdir(made, mode) != 0 && errno != EEXIST {
                throw Failure(.environment, "cannot make directory \(made): \(systemMessage(errno))")
            }
        }
        var status = stat()
        guard path.isEmpty || stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(.environment, "cannot make directory \(path): \(systemMessage(ENOTDIR))")
        }
    }

    /// The names in a folder, `.` and `..` left out, in no order; nil when it cannot be read. Of more than `limit` names some are missing.
    package static func names(in path: String, limit: Int = 1_000_000) -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Where a symbolic link leads; nil when there is none, or we may not know.
    package static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start, buffer.count)
            guard count > 0 else { return nil }
            return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether the file belongs to this user or to root, and nobody else may write it but a group.
    package static func isOurs(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return (status.st_uid == geteuid() || status.st_uid == 0) && status.st_mode & S_IWOTH == 0
    }

    /// Whether every user of the machine can read the file; false when there is none.
    package static func isReadableByAll(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
    }

    /// The number of the user whose file it is; nil when there is none.
    package static func owner(_ path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_uid : nil
    }

    package static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// Makes a descriptor that was inherited one that children do not get and that never blocks.
    static func adopt(_ descriptor: Int32) { mlt_adopt(descriptor) }

    package static func remove(_ path: String) { unlink(path) }

    /// The path from the root, without following links: `state` becomes `/here/state`.
    package static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let here = getcwd(buffer.baseAddress, buffer.count) else { return path }
            return String(cString: here) + "/" + path
        }
    }
}
