import Exporting
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

    init(_ outcome: PollOutcome, _ message: String) {
        self.outcome = outcome
        self.message = message
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
        self.init(outcome, "\(path): \(error.message)")
    }

    var reason: PartProblem.Reason {
        switch outcome {
        case .ok, .status: .failed
        case .timeout: .deadline
        case .refused: .unreachable
        case .tls: .tls
        case .malformed: .malformed
        case .tooLarge: .tooLarge
        }
    }
}
