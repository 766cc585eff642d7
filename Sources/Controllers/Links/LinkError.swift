import ProviderRPC
package import RPC

/// Why a provider's answer is not there.
package enum LinkError: Error, Sendable, CustomStringConvertible {
    /// It was not asked: its breaker is open, or its calls are at their limit. Nothing was changed by it.
    case notAsked(afterSeconds: Double, why: String)
    /// It was asked, and this came of it.
    case failed(RPCError)

    /// Whether nobody answered, so that the call may have been done or not.
    package var isUnanswered: Bool {
        switch self {
        case .notAsked: true
        case .failed(let error): error.isUnanswered
        }
    }

    package var description: String {
        switch self {
        case .notAsked(_, let why): why
        case .failed(let error): error.message
        }
    }

    package var code: RPCCode {
        switch self {
        case .notAsked: .unavailable
        case .failed(let error): error.code
        }
    }
}

extension RPCError {
    /// Whether it says that nobody answered, rather than what a provider that is there thinks of the call.
    ///
    /// `unknown` is not among them: there are providers that answer everything with it.
    package var isUnanswered: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .cancelled: true
        default: false
        }
    }

    /// What it counts as among `virtrigaud_errors_total`; nil for what is no error.
    var reason: ErrorReason? {
        // Code and message are all that gRPC says of a handshake.
        let message = message.lowercased()
        if code == .unavailable, message.contains("certificate") || message.contains("handshake") { return .certificateError }
        return ErrorReason(code)
    }
}
