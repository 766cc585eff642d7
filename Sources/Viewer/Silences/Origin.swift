/// Scheme, host and port: from where a browser says that a page came.
struct Origin: Sendable, Equatable {
    /// `https://boards.example.org`, in small letters and without the scheme's own port.
    let text: String

    /// Reads an `Origin` header, or a URL that is no more; nil for anything else, `null` among it.
    init?(parsing text: String) {
        let scheme = ["http://", "https://"].first { text.lowercased().hasPrefix($0) }
        guard let scheme else { return nil }
        var host = text.dropFirst(scheme.count)
        if host.hasSuffix("/") { host = host.dropLast() }
        self.init(scheme: scheme, host: host)
    }

    /// Of a service that a request names so in its `Host`.
    init?(host: String, isSecure: Bool) { self.init(scheme: isSecure ? "https://" : "http://", host: host[...]) }

    /// Without scheme and port.
    var host: String {
        let rest = text.drop { $0 != "/" }.dropFirst(2)
        if rest.hasPrefix("[") { return String(rest.dropFirst().prefix { $0 != "]" }) }
        return String(rest.prefix { $0 != ":" })
    }

    private init?(scheme: String, host: Substring) {
        guard !host.isEmpty, host.utf8.count <= 300,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#@\\\"<>,;".utf8.contains($0) })
        else { return nil }
        let port = scheme == "http://" ? ":80" : ":443"
        var host = host.lowercased()
        if host.hasSuffix(port) { host.removeLast(port.utf8.count) }
        text = scheme + host
    }
}
