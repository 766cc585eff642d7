import Glibc
import Primitives

/// A listening socket in the file system, as libvirtd has one: `Web` listens for HTTP alone.
struct UnixSocket {
    let path: String
    let descriptor: Int32

    private static let backlog: Int32 = 1000

    /// Errors: a path that no socket can have, a file that is no socket or on which somebody listens.
    init(path: String) throws(Failure) {
        func failure(_ what: String) -> Failure { Failure(.environment, "cannot listen on unix:\(path) (--socket): \(what)") }
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else { throw failure("a file that is no socket stands there; move it away") }
            guard !Self.answers(path) else { throw failure("another process listens there; stop it, or choose another path") }
            unlink(path)
        }
        let descriptor = Self.open()
        guard descriptor >= 0 else { throw failure(systemMessage(errno)) }
        // Narrow before anybody can come: the file takes its rights from the descriptor's.
        fchmod(descriptor, 0o660)
        guard Self.withAddress(of: path, { Glibc.bind(descriptor, $0, $1) }) == 0, chmod(path, 0o660) == 0,
            listen(descriptor, Self.backlog) == 0
        else {
            let code = errno
            close(descriptor)
            throw failure(systemMessage(code))
        }
        self.path = path
        self.descriptor = descriptor
    }

    /// The next who has come; nil when nobody has.
    func accept() -> Int32? {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { return nil }
        // Whoever uses it asks each time not to be kept waiting.
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        return client
    }

    /// Nobody comes in any more, and the file is gone.
    func end() {
        unlink(path)
        close(descriptor)
    }

    private static func open() -> Int32 {
        socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private static func answers(_ path: String) -> Bool {
        let descriptor = open()
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        // EAGAIN: somebody listens, and has many to accept.
        return withAddress(of: path) { connect(descriptor, $0, $1) } == 0 || errno == EAGAIN
    }

    /// -1 with ENAMETOOLONG for a path that no socket can have.
    private static func withAddress(of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard path.utf8.count < room.count else { return false }
            room.copyBytes(from: path.utf8)
            return true
        }
        guard fits else {
            errno = ENAMETOOLONG
            return -1
        }
        return withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return body(start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
