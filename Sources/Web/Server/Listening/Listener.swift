import Glibc
import MicroHTTPDShim
package import Primitives

/// A socket that takes connections, and what is known of it.
package struct Listener: Sendable {
    /// Who can reach it.
    package enum Reach: Sendable {
        /// Programs of this machine, over 127.0.0.0/8 or ::1; a browser of this machine among them, and with it every page it shows.
        case loopback
        case network
        /// Who may open the socket's file.
        case file
    }

    /// As a log line and an error name it: `127.0.0.1:9221`, `unix:/run/martlet.sock`.
    package let name: String
    package let reach: Reach
    /// Where a client connects to; nil for what is no network address.
    package let address: ListenAddress?
    package let descriptor: Int32
    /// The file to remove when listening ends.
    package let path: String?
    /// A socket of systemd, which goes on listening when we do not: who waits there is for the next that starts.
    let isInherited: Bool

    /// Listens where a text says: `HOST:PORT` as in `ListenAddress`, or `unix:/path`.
    ///
    /// - Parameters:
    ///   - origin: the flag or key that said so, for the error when the place is taken.
    ///   - mode: who may open a socket in the file system.
    package init(_ place: ListenPlace, origin: String, mode: UInt32 = 0o660) throws(Failure) {
        switch place {
        case .network(let address): try self.init(address, origin: origin)
        case .file(let path): try self.init(path: path, origin: origin, mode: mode)
        }
    }

    /// Listens in all places, or in none and fails.
    package static func open(_ places: [ListenPlace], origin: String) throws(Failure) -> [Listener] {
        var listeners: [Listener] = []
        do {
            for place in places { listeners.append(try Listener(place, origin: origin)) }
        } catch {
            for listener in listeners { listener.close() }
            throw error
        }
        return listeners
    }

    package init(_ address: ListenAddress, origin: String) throws(Failure) {
        let descriptor = try address.listen(origin: origin)
        let bound = address.bound(to: descriptor)
        self.init(
            name: bound.description, reach: bound.isLoopback ? .loopback : .network, address: bound, descriptor: descriptor, path: nil)
    }

    private init(name: String, reach: Reach, address: ListenAddress?, descriptor: Int32, path: String?, isInherited: Bool = false) {
        self.name = name
        self.reach = reach
        self.address = address
        self.descriptor = descriptor
        self.path = path
        self.isInherited = isInherited
    }

    /// Lets no newcomer in any more; who has come can still be accepted. Where the kernel does not do so some may be reset in the end.
    func turnAwayNewcomers() {
        guard !isInherited else { return }
        if let path { unlink(path) } else { _ = mlt_turn_away(descriptor) }
    }

    /// Ends listening; what waited to be accepted is reset.
    package func close() {
        Glibc.close(descriptor)
        if let path { unlink(path) }
    }
}

// MARK: Unix sockets

extension Listener {
    /// A socket in the file system. One that nobody listens on any more is replaced.
    private init(path: String, origin: String, mode: UInt32) throws(Failure) {
        func failure(_ what: String) -> Failure { Failure(.environment, "cannot listen on unix:\(path) (\(origin)): \(what)") }
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else { throw failure("a file that is no socket stands there; move it away") }
            guard !Self.answers(path) else { throw failure("another process listens there; stop it, or choose another path") }
            unlink(path)
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(systemMessage(errno)) }
        // Narrow from the first moment on: the socket's file takes its rights from the descriptor's, less the mask. Nobody comes in before
        // it listens.
        fchmod(descriptor, mode)
        guard Self.withAddress(of: path, { Glibc.bind(descriptor, $0, $1) }) == 0, chmod(path, mode) == 0, listen(descriptor, 1024) == 0
        else {
            let code = errno
            Glibc.close(descriptor)
            throw failure(systemMessage(code))
        }
        self.init(name: "unix:\(path)", reach: .file, address: nil, descriptor: descriptor, path: path)
    }

    private static func answers(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { Glibc.close(descriptor) }
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

// MARK: sockets that systemd opened

extension Listener {
    /// Takes the listening sockets of systemd's socket activation.
    ///
    /// Errors: none was handed over, or one is no listening stream socket.
    package static func inherited() throws(Failure) -> [Listener] {
        let descriptors = ServiceManager.inheritedDescriptors
        guard !descriptors.isEmpty else {
            throw Failure(
                .configuration,
                "--web.systemd-socket: systemd handed over no socket; start martlet through its .socket unit, or without the flag")
        }
        var listeners: [Listener] = []
        for descriptor in descriptors { listeners.append(try Listener(inherited: descriptor)) }
        return listeners
    }

    private init(inherited descriptor: Int32) throws(Failure) {
        var (listens, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, listens == 1 else {
            throw Failure(
                .configuration,
                "--web.systemd-socket: descriptor \(descriptor) does not listen for connections; the .socket unit needs ListenStream= and Accept=no"
            )
        }
        var storage = sockaddr_storage()
        size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let read = withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.baseAddress.map { getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &size) } ?? -1
        }
        guard read == 0, let address = ListenAddress(&storage) else {
            self.init(
                name: "systemd socket \(descriptor)", reach: .file, address: nil, descriptor: descriptor, path: nil, isInherited: true)
            return
        }
        self.init(
            name: address.description, reach: address.isLoopback ? .loopback : .network, address: address, descriptor: descriptor,
            path: nil,
            isInherited: true)
    }
}
