import RPC

/// Addresses of images.
enum ImageURL {
    /// Without user and password, and without a query, in which signatures stand.
    static func shown(_ url: String) -> String {
        var text = url.prefix { $0 != "?" && $0 != "#" }
        if let scheme = text.firstRange(of: "://"), let at = text[scheme.upperBound...].prefix(while: { $0 != "/" }).lastIndex(of: "@") {
            text = text[..<scheme.upperBound] + "…" + text[at...]
        }
        return String(text)
    }

    static func origin(_ url: String) -> Substring {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        return url[..<(url[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex)]
    }

    /// Without user, password and port; in lower case.
    static func host(_ url: String) -> String {
        let origin = origin(url)
        guard let scheme = origin.firstRange(of: "://") else { return "" }
        var host = origin[scheme.upperBound...]
        if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
        if host.hasPrefix("[") { return host.dropFirst().prefix { $0 != "]" }.lowercased() }
        return host.prefix { $0 != ":" }.lowercased()
    }

    /// Whether a user stands in it, perhaps with a password.
    static func namesUser(_ url: String) -> Bool { origin(url).contains("@") }

    static func resolve(_ location: String, from url: String) throws(RPCError) -> String {
        let next: String
        if location.contains("://") {
            next = location
        } else if location.hasPrefix("//") {
            next = url.prefix { $0 != "/" } + location
        } else if location.hasPrefix("/") {
            next = origin(url) + location
        } else {
            let path = url.prefix { $0 != "?" && $0 != "#" }
            next = path[..<(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.endIndex)] + location
        }
        guard !(url.lowercased().hasPrefix("https://") && !next.lowercased().hasPrefix("https://")) else {
            throw RPCError(
                .failedPrecondition, "the image \(shown(url)) is redirected from https to another scheme; give the address itself")
        }
        guard ["http://", "https://"].contains(where: next.lowercased().hasPrefix) else {
            throw RPCError(
                .failedPrecondition, "the image \(shown(url)) is redirected to what is neither http nor https; give the address itself")
        }
        return next
    }
}
