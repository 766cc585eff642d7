import Ownership
import Web

/// An answer that is none, and what somebody can do about it.
struct Refusal: Sendable, Equatable {
    let path: String
    let status: Int
    /// Where a redirect leads, without its query.
    let location: String

    init(_ path: String, _ response: HTTPResponse) {
        (self.path, status) = (Self.shown(path), response.status)
        location = shortLine(String((response.headers["Location"] ?? "").prefix { $0 != "?" && $0 != "#" }), limit: 200)
    }

    /// A path as people are told of it: without its query, in which a server's own words may stand, as long as it likes and others each time.
    static func shown(_ path: String) -> String { String(path.prefix { $0 != "?" }) }

    /// Who asks is not let in.
    var isClosed: Bool { status == 401 || status == 403 }

    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

    /// - Parameter hasToken: whether one was shown.
    func words(hasToken: Bool) -> String {
        let answer = "answers with status \(status)"
        if isClosed {
            return hasToken
                ? "\(answer): the token in bearer_token_file is not taken"
                : "\(answer): it wants a token, which goes into bearer_token_file"
        }
        guard isRedirect else { return answer }
        return location.isEmpty
            ? "\(answer), a redirect, which is not followed"
            : "\(answer), a redirect to \(location), which is not followed: if that is the server, its url is that"
    }
}
