import Glibc
package import Primitives

/// Where a service listens: a numeric address and a port.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address; empty for all addresses.
    package let host: String
    /// 0 lets the kernel choose.
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:9221`, `[::1]:9221`, `localhost:9221` or `:9221` (all addresses).
    package init(parsing text: String) throws(Failure) {
        let halves = text.lastIndex(of: ":").map { (host: text[..<$0], port: text[text.index(after: $0)...]) }
        let isBracketed = halves.map { $0.host.hasPrefix("[") && $0.host.hasSuffix("]") } ?? false
        // Without brackets nobody can tell where an IPv6 address ends and its port begins.
        guard let halves, halves.port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(halves.port),
            isBracketed == halves.host.contains(":"), !text.utf8.contains(0)
        else {
            // What stands before @ may be a password.
            let shown = text.contains("@") ? "" : " \"\(text)\""
            throw Failure(
                .configuration, "listen address\(shown) is not HOST:PORT, as in 127.0.0.1:9221 or [::1]:9221, with a port up to 65535")
        }
        var host = String(isBracketed ? halves.host.dropFirst().dropLast() : halves.host)
        if host == "localhost" { host = "127.0.0.1" }
        var four = in_addr()
        var six = in6_addr()
        guard host.isEmpty || inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1 else {
            throw Failure(
                .configuration,
                "listen address \"\(text)\": \"\(host)\" is not a numeric IP address; write one of this machine's, or :PORT for all")
        }
        self.init(host: host, port: port)
    }

    /// The address of a socket; nil when it is neither IPv4 nor IPv6.
    init?(_ storage: inout sockaddr_storage) {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = Int32(storage.ss_family)
        guard family == AF_INET || family == AF_INET6 else { return nil }
        let port = withUnsafeMutableBytes(of: &storage) { bytes -> UInt16 in
            // The address stands behind family and port, in IPv6 behind the flow too.
            let start = bytes.baseAddress.map { $0 + (family == AF_INET ? 4 : 8) }
            inet_ntop(family, start, &text, socklen_t(text.count))
            return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        }
        self.init(host: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), port: port)
    }

    /// Whether only programs of this machine reach it.
    package var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// What a client on this machine writes before a path: `http://127.0.0.1:9221`.
    package func url(scheme: String = "http") -> String {
        let reachable = host.isEmpty || host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        return "\(scheme)://\(ListenAddress(host: reachable, port: port))"
    }

    /// A listening socket. A busy port is an error that names it and `origin`, the flag or key that set it.
    package func listen(origin: String) throws(Failure) -> Int32 {
        let family = host.contains(":") || host.isEmpty ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(origin, errno) }
        var yes: Int32 = 1
        // No host means all addresses, and so does [::], as programs of the field have it: of IPv4 too, through one socket.
        var sixOnly: Int32 = host.isEmpty || host == "::" ? 0 : 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        if family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &sixOnly, size) }
        // Whoever comes while so many wait is not heard, and tries again after seconds. The kernel has a limit of its own, net.core.somaxconn.
        guard bind(descriptor), Glibc.listen(descriptor, 4096) == 0 else {
            let code = errno
            close(descriptor)
            throw failure(origin, code)
        }
        return descriptor
    }

    /// The address with the port that the kernel chose for the socket.
    package func bound(to descriptor: Int32) -> ListenAddress {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let port = withUnsafeMutableBytes(of: &storage) { bytes -> UInt16 in
            guard let start = bytes.baseAddress,
                getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &size) == 0
            else { return self.port }
            // The port stands behind the family in both kinds of address.
            return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        }
        return ListenAddress(host: host, port: port)
    }

    private func bind(_ descriptor: Int32) -> Bool {
        if host.contains(":") || host.isEmpty {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            if !host.isEmpty { inet_pton(AF_INET6, host, &address.sin6_addr) }
            return withUnsafeBytes(of: &address) { bytes in
                guard let start = bytes.baseAddress else { return false }
                return Glibc.bind(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return false }
            return Glibc.bind(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
        }
    }

    private func failure(_ origin: String, _ code: Int32) -> Failure {
        if code == EADDRINUSE {
            return Failure(
                .environment, "port \(port) on \(host.isEmpty ? "all addresses" : host) is in use; choose another with \(origin)")
        }
        let advice =
            switch code {
            case EADDRNOTAVAIL: "; no network interface of this machine has this address"
            case EACCES: "; ports below 1024 are for root and for programs with CAP_NET_BIND_SERVICE"
            default: ""
            }
        return Failure(.environment, "cannot listen on \(self) (\(origin)): \(systemMessage(code))\(advice)")
    }
}
