import Ownership
import Web

/// How a round of questions ended.
enum PollOutcome: String, Sendable, CaseIterable {
    case ok, timeout, refused, tls, status, malformed
    case tooLarge = "too_large"
}

/// What went wrong in a round, for a person.
struct PollProblem: Sendable, Equatable {
    let outcome: PollOutcome
    let message: String

    /// - Parameter message: may have words of the server in it, and is cut for that: it goes into the log at each scrape that it is news to.
    init(_ outcome: PollOutcome, _ message: String) {
        self.outcome = outcome
        self.message = shortLine(message, limit: 200)
    }

    init(_ path: String, _ error: HTTPClientError) {
        let outcome: PollOutcome =
            switch error.kind {
            case .timeout, .cancelled: .timeout
            case .closed, .connect, .resolve: .refused
            case .tls: .tls
            case .tooLarge: .tooLarge
            case .protocolViolation, .url: .malformed
            }
        self.init(outcome, "\(path): \(error.message)\(Self.isPlain(error) ? "; no TLS is spoken there: is its url http://?" : "")")
    }

    /// Whether the other side seems to answer without TLS.
    private static func isPlain(_ error: HTTPClientError) -> Bool {
        guard error.kind == .tls, error.certificate == nil else { return false }
        let signs = ["SSL_ERROR_SYSCALL", "wrong version number", "packet length too long", "unexpected eof", "http request"]
        return signs.contains { error.message.range(of: $0) != nil }
    }
}
