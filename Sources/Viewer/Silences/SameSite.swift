import Web

/// Whether a request comes from a page of ours, by what browsers say of themselves and pages cannot change.
struct SameSite: Sendable {
    /// Whether browsers reach us over TLS.
    let isSecure: @Sendable () -> Bool
    /// Where a proxy in front is reached.
    let external: Origin?

    /// Whether a browser sends this on behalf of another site: it would not show the answer to it, but the work would be done.
    func isForeign(_ request: HTTPServerRequest) -> Bool {
        if let site = request.headers["Sec-Fetch-Site"], site != "same-origin", site != "none" {
            // Somebody follows a link.
            let isLink = request.headers["Sec-Fetch-Mode"] == "navigate" && request.headers["Sec-Fetch-Dest"] == "document"
            guard isLink, request.method == "GET" || request.method == "HEAD" else { return true }
        }
        guard let origin = request.headers["Origin"] else { return false }
        guard let host = request.headers["Host"], let named = Origin(parsing: origin) else { return true }
        // A proxy in front may speak TLS where we do not; for reading that is no difference.
        return !([true, false].contains { Origin(host: host, isSecure: $0) == named } || named == external)
    }

    /// Whether a page of exactly this service sends it. Whatever is no browser must say so too.
    func isOurs(_ request: HTTPServerRequest) -> Bool {
        guard let origin = request.headers["Origin"].flatMap({ Origin(parsing: $0) }), !isForeign(request) else { return false }
        if origin == external { return true }
        return request.headers["Host"].flatMap { Origin(host: $0, isSecure: isSecure()) } == origin
    }
}
