import Web

/// Whether a request comes from a page of ours, by what browsers say of themselves and pages cannot change.
struct SameSite: Sendable {
    /// Whether browsers reach us over TLS.
    let isSecure: @Sendable () -> Bool
    /// Where a proxy in front is reached.
    let external: Origin?

    /// Whether a browser sends this on behalf of another site: it would not show the answer to it, but the work would be done.
    func isForeign(_ request: HTTPServerRequest) -> Bool {
        // No browser says it twice.
        guard request.headers.values(of: "Origin").count < 2, request.headers.values(of: "Sec-Fetch-Site").count < 2 else { return true }
        if let site = request.headers["Sec-Fetch-Site"], site != "same-origin", site != "none" {
            // Somebody follows a link to a page. Answers of the API and files are for our own pages: another's may not make us work for them.
            let isLink = request.headers["Sec-Fetch-Mode"] == "navigate" && request.headers["Sec-Fetch-Dest"] == "document"
            let isPage = !request.path.hasPrefix("/api/") && request.path != "/export.csv"
            guard isLink, isPage, request.method == "GET" || request.method == "HEAD" else { return true }
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
        // Where there is a proxy that speaks TLS, its name without TLS is somebody else's page.
        if let external, external.text.hasPrefix("https:"), external.host == origin.host { return false }
        return request.headers["Host"].flatMap { Origin(host: $0, isSecure: isSecure()) } == origin
    }
}
