package import Primitives
package import Web

/// Where an API is and how to be let in.
package struct ProxmoxEndpoint: Sendable {
    /// `https://pve1.example.org:8006`, without a path.
    package let baseURL: String
    /// `pve1.example.org:8006`, for labels and messages.
    package let authority: String
    /// `USER@REALM!NAME=SECRET`
    package let token: Secret
    package let trust: HTTPRequest.Trust

    /// - Parameter address: a host, `host:port` or an http(s) URL without a path; the port is 8006 unless given.
    package init(address: String, token: Secret, trust: HTTPRequest.Trust) throws(Failure) {
        var rest = address[...]
        var scheme = "https"
        for known in ["https", "http"] where rest.hasPrefix(known + "://") {
            scheme = known
            rest = rest.dropFirst(known.count + 3)
            break
        }
        while rest.hasSuffix("/") { rest.removeLast() }
        guard let authority = Self.authority(rest) else {
            throw Failure(.configuration, "\"\(address)\" is not a Proxmox address; expected HOST, HOST:PORT or https://HOST:PORT")
        }
        self.authority = authority
        baseURL = "\(scheme)://\(authority)"
        self.token = token
        self.trust = trust
    }

    /// `HOST:PORT` of what was written; nil when anything but a host and a port stands there (a user, a path, a query).
    private static func authority(_ text: Substring) -> String? {
        let isPlain = text.unicodeScalars.allSatisfy { letter in
            letter.isASCII
                && (letter.properties.isAlphabetic || letter.properties.numericType != nil || ".-_:[]".unicodeScalars.contains(letter))
        }
        guard isPlain, let first = text.first, first != ":" else { return nil }
        let colons = text.count { $0 == ":" }
        // More than one colon without brackets is an IPv6 address; with them, the port stands behind the bracket.
        let hasPort = first == "[" ? text.contains("]:") : colons == 1
        let host = first != "[" && colons > 1 ? "[\(text)]" : String(text)
        guard hasPort else { return "\(host):8006" }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return nil }
        return host
    }
}

/// An API token as Proxmox shows it once: `USER@REALM!NAME=SECRET`.
package enum ProxmoxToken {
    /// Checks the form. The failure says what is missing and never the token.
    package static func check(_ text: String) throws(Failure) -> Secret {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[1].isEmpty else {
            throw Failure(.configuration, "an API token reads USER@REALM!NAME=SECRET; the part from = on is missing")
        }
        let identity = halves[0].split(separator: "!", omittingEmptySubsequences: false)
        guard identity.count == 2, identity[0].contains("@"), !identity[1].isEmpty else {
            throw Failure(.configuration, "an API token reads USER@REALM!NAME=SECRET; what stands before = is not USER@REALM!NAME")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Failure(.configuration, "an API token holds no spaces, line breaks or letters outside ASCII")
        }
        return Secret(text)
    }
}
