import Web

/// Decides whether a request comes from somebody who is known: by the token, or by a ticket in a cookie.
struct Authentication: Sendable {
    let token: TokenCheck
    let tickets: TicketOffice

    /// Whether the request may go on. One that changes something and has a ticket needs the token against forged requests too.
    func accepts(_ request: HTTPServerRequest, at unixSeconds: Double) -> Bool {
        if let header = request.headers["Authorization"], TokenCheck.isToken(header) { return token.accepts(header) }
        guard let cookie = request.headers["Cookie"], let ticket = Self.ticket(in: cookie),
            let user = tickets.user(of: ticket, at: unixSeconds)
        else { return false }
        guard request.method != "GET" else { return true }
        return request.headers["CSRFPreventionToken"].map { tickets.acceptsPreventionToken($0, of: user, at: unixSeconds) } ?? false
    }

    /// The value of `PVEAuthCookie` among the cookies, which may be percent-encoded.
    private static func ticket(in cookies: String) -> String? {
        let name = "PVEAuthCookie="
        for cookie in cookies.split(separator: ";") {
            let cookie = cookie.drop { $0 == " " || $0 == "\t" }
            guard cookie.hasPrefix(name) else { continue }
            return String(decoding: PercentText.decoded(cookie.dropFirst(name.utf8.count).utf8), as: UTF8.self)
        }
        return nil
    }
}
