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

    package init(url: String) { self.url = url }

    /// `10.0.0.5:8000`
    package var authority: String { Self.authority(of: url) }

    /// The same for all ways of writing it: the host in small letters, and the port also where it is the scheme's own.
    var place: String {
        guard let scheme = url.range(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        var host = authority.lowercased()
        let port = host.lastIndex(of: ":").flatMap { host[$0...].contains("]") ? nil : $0 }
        if port == nil { host += url.hasPrefix("https://") ? ":443" : ":80" }
        return url[..<scheme.upperBound] + host + rest.dropFirst(authority.count)
    }

    static func authority(of url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        return String(url[scheme.upperBound...].prefix { $0 != "/" })
    }

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
