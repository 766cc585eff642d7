package import Primitives
package import Web

/// Where a server is and how it is asked. What proves who asks goes to no other place.
package struct ServerAddress: Sendable, Equatable {
    /// In front of the server's own paths, without a slash at its end.
    package let url: String
    /// Where its exposition is, when that is elsewhere.
    package var metricsURL: String?
    /// Whom to believe behind https.
    package var trust = HTTPRequest.Trust.system
    /// The value of `Authorization`; nil where nothing is shown.
    package var authorization: Secret?

    /// Its place, with loopback's other names as 127.0.0.1: who is there twice. Kept, as it is looked at several times a second.
    let endpoint: String

    package init(url: String) {
        self.url = url
        endpoint = Self.endpoint(of: url)
    }

    /// `10.0.0.5:8000`
    package var authority: String { Self.authority(of: url) }

    /// The same for all ways of writing it: the host in small letters, and the port also where it is the scheme's own.
    var place: String { Self.place(of: url) }

    private static func place(of url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        let authority = authority(of: url)
        return origin(of: url) + url[scheme.upperBound...].dropFirst(authority.count)
    }

    private static func endpoint(of url: String) -> String {
        let place = place(of: url)
        for name in ["localhost:", "[::1]:"] {
            if let host = place.range(of: "://" + name) { return place[..<host.lowerBound] + "://127.0.0.1:" + place[host.upperBound...] }
        }
        return place
    }

    static func authority(of url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        return String(url[scheme.upperBound...].prefix { $0 != "/" })
    }

    /// Scheme, host and port, the last also where it is not written: of `https://llm.example/v1` `https://llm.example:443`.
    static func origin(of url: String) -> String {
        let isEncrypted = url.hasPrefix("https://")
        let authority = authority(of: url).lowercased()
        let hasPort = authority.lastIndex(of: ":").map { !authority[$0...].contains("]") } ?? false
        return (isEncrypted ? "https://" : "http://") + authority + (hasPort ? "" : isEncrypted ? ":443" : ":80")
    }

    var origin: String { Self.origin(of: url) }

    /// The same host at another port, without a path.
    func url(atPort port: Int) -> String {
        let scheme = url.hasPrefix("https://") ? "https://" : "http://"
        var host = authority[...]
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") { host = host[..<colon] }
        return "\(scheme)\(host):\(port)"
    }
}

extension String {
    /// Where a text stands in this one.
    func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
