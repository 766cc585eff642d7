import Web

/// Finds out who asks: by a token, or by a ticket in a cookie.
struct Authentication: Sendable {
    let directory: AccessDirectory
    let tickets: TicketOffice

    /// Who may go on with the request; nil for nobody. One that changes something and has a ticket needs the token against forged requests too.
    func identity(of request: HTTPServerRequest, at unixSeconds: Double) -> AccessIdentity? {
        if let header = request.headers["Authorization"], TokenCheck.isToken(header) {
            return TokenCheck(directory).identity(in: header, at: unixSeconds)
        }
        guard let cookie = request.headers["Cookie"], let ticket = Self.ticket(in: cookie),
            let user = tickets.user(of: ticket, at: unixSeconds), directory.admits(user: user, at: unixSeconds)
        else { return nil }
        guard request.method != "GET" else { return .user(user) }
        guard let token = request.headers["CSRFPreventionToken"], tickets.acceptsPreventionToken(token, of: user, at: unixSeconds)
        else { return nil }
        return .user(user)
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
