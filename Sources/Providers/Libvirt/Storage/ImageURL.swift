import RPC

/// Addresses of images, taken apart byte by byte as the client does it that fetches them: a sign together with a mark behind it is one character to Swift,
/// and two to that.
enum ImageURL {
    static let limitBytes = 2048

    /// Refuses what clients read in different ways, or what is too long to be written down. Errors: `invalidArgument`.
    ///
    /// - Parameter what: for a person.
    static func check(_ url: String, _ what: String) throws(RPCError) {
        guard url.utf8.count <= limitBytes else {
            throw RPCError(
                .invalidArgument, "\(what): the URL has \(url.utf8.count) bytes, and \(limitBytes) are taken; give a shorter one")
        }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw RPCError(
                .invalidArgument, "\(what): the URL has spaces, backslashes or letters beyond ASCII in it; write them as %20, %5C, %C3%A4")
        }
        guard origin(url).utf8.count(where: { $0 == UInt8(ascii: "@") }) <= 1 else {
            throw RPCError(.invalidArgument, "\(what): the URL has more than one @ before its path; write those of a password as %40")
        }
    }

    /// Without user and password, and without a query, in which signatures stand.
    static func shown(_ url: String) -> String {
        let text = url[..<(url.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? url.endIndex)]
        guard let host = hostStart(url), let at = origin(url).utf8.lastIndex(of: UInt8(ascii: "@")) else { return String(text) }
        return text[..<host] + "…" + text[at...]
    }

    static func origin(_ url: String) -> Substring {
        guard let host = hostStart(url) else { return "" }
        return url[..<(url.utf8[host...].firstIndex { "/?#".utf8.contains($0) } ?? url.endIndex)]
    }

    /// Behind `://`.
    private static func hostStart(_ url: String) -> String.Index? {
        guard let colon = url.utf8.firstIndex(of: UInt8(ascii: ":")), url.utf8[colon...].starts(with: "://".utf8) else { return nil }
        return url.utf8.index(colon, offsetBy: 3)
    }

    /// Without user, password and port; in lower case.
    static func host(_ url: String) -> String {
        guard let start = hostStart(url) else { return "" }
        var host = origin(url).utf8[start...]
        if let at = host.lastIndex(of: UInt8(ascii: "@")) { host = host[host.index(after: at)...] }
        if host.first == UInt8(ascii: "[") { return String(Substring(host.dropFirst().prefix { $0 != UInt8(ascii: "]") })).lowercased() }
        return String(Substring(host.prefix { $0 != UInt8(ascii: ":") })).lowercased()
    }

    /// Whether a user stands in it, perhaps with a password.
    static func namesUser(_ url: String) -> Bool { origin(url).utf8.contains(UInt8(ascii: "@")) }

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
        do throws(RPCError) { try check(next, "") } catch {
            throw RPCError(
                .failedPrecondition,
                "the image \(shown(url)) is redirected to an address that is too long or not written as one; give the address itself")
        }
        return next
    }
}
