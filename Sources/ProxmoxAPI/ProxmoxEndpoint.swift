import Glibc
package import Primitives
package import Web

/// Where an API is and how it proves who it is.
package struct ProxmoxEndpoint: Sendable {
    /// `https://pve1.example.org:8006`, without a path unless a proxy's prefix was given.
    package let baseURL: String
    /// `pve1.example.org:8006`, for labels and messages.
    package let authority: String
    package let trust: HTTPRequest.Trust
    /// What proves to the API, or to a proxy in front of it, who we are.
    package var clientCertificate: ClientCertificate?
    /// An HTTP proxy on the way; never one from the environment.
    package var proxy: String?

    /// Whether nobody on the way can read what is said.
    package var isEncrypted: Bool { baseURL.hasPrefix("https://") }

    /// - Parameter address: a host, `host:port` or an http(s) URL without a path; the port is 8006 unless given.
    /// - Parameter pathPrefix: what a reverse proxy wants in front of `/api2`.
    package init(address: String, trust: HTTPRequest.Trust, pathPrefix: String = "") throws(Failure) {
        var rest = address[...]
        var scheme = "https"
        for known in ["https", "http"] where rest.hasPrefix(known + "://") {
            scheme = known
            rest = rest.dropFirst(known.count + 3)
            break
        }
        while rest.hasSuffix("/") { rest.removeLast() }
        guard let authority = Self.authority(rest) else {
            // What stands before @ may be a password.
            let isShown = address.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") }
            let problem =
                address.contains("@")
                ? "a Proxmox address holds no user and no password"
                : "\(isShown ? "\"\(address)\"" : "this") is not a Proxmox address"
            throw Failure(.configuration, "\(problem); expected HOST, HOST:PORT or https://HOST:PORT")
        }
        self.authority = authority
        let prefix = pathPrefix.split(separator: "/").map { "/" + ProxmoxClient.pathPart(String($0)) }.joined()
        baseURL = "\(scheme)://\(authority)\(prefix)"
        self.trust = trust
    }

    /// `HOST:PORT` of what was written; nil when anything but a host and a port stands there (a user, a path, a query).
    private static func authority(_ text: Substring) -> String? {
        var host = text
        var port: Substring = "8006"
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[..<end].dropFirst()
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.first == ":", host.contains(":") else { return nil }
            if !rest.isEmpty { port = rest.dropFirst() }
        } else if let colon = text.lastIndex(of: ":"), colon == text.firstIndex(of: ":") {
            // More than one colon without brackets is an IPv6 address without a port.
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0 else { return nil }
        if host.contains(":") {
            var address = in6_addr()
            // C would read up to a NUL.
            return !host.utf8.contains(0) && inet_pton(AF_INET6, String(host), &address) == 1 ? "[\(host)]:\(number)" : nil
        }
        let isName = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-._".utf8.contains(byte)
        }
        guard isName, let first = host.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return nil }
        return "\(host):\(number)"
    }
}
