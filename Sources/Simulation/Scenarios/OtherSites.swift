import Web

extension HTTPServerRequest {
    /// Whether a browser sends this on behalf of a page that is not ours, by what it says of itself and pages cannot change. What is simulated is asked
    /// for no password, but does not do what any page in the machine's browser wants.
    var isFromAnotherSite: Bool {
        if headers.values(of: "Sec-Fetch-Site").contains(where: { $0 != "same-origin" && $0 != "none" }) { return true }
        let own = ["http://", "https://"].map { $0 + (headers["Host"] ?? "") }
        return headers.values(of: "Origin").contains { !own.contains($0) }
    }

    /// Refuses it, for everything that changes something.
    var refusalOfOtherSites: HTTPServerResponse? {
        guard method != "GET", method != "HEAD", isFromAnotherSite else { return nil }
        return HTTPServerResponse(status: 403, text: "A page of another site may not change what is simulated.\n")
    }
}
