package import RPC

/// Why something failed, as `virtrigaud_errors_total` has it.
package enum ErrorReason: String, CaseIterable, Sendable {
    case connectionFailed = "ConnectionFailed"
    case authenticationError = "AuthenticationError"
    case timeout = "Timeout"
    case notFound = "NotFound"
    case alreadyExists = "AlreadyExists"
    case invalidRequest = "InvalidRequest"
    case failedPrecondition = "FailedPrecondition"
    case resourceExhausted = "ResourceExhausted"
    case unimplemented = "Unimplemented"
    case internalError = "InternalError"
    case certificateError = "CertificateError"

    /// Nil for what is no error: a call that went well, or that its client did not want any more.
    package init?(_ code: RPCCode) {
        switch code {
        case .ok, .cancelled: return nil
        case .unavailable: self = .connectionFailed
        case .unauthenticated, .permissionDenied: self = .authenticationError
        case .deadlineExceeded: self = .timeout
        case .notFound: self = .notFound
        case .alreadyExists: self = .alreadyExists
        case .invalidArgument, .outOfRange: self = .invalidRequest
        case .failedPrecondition: self = .failedPrecondition
        case .resourceExhausted: self = .resourceExhausted
        case .unimplemented: self = .unimplemented
        case .unknown, .internal, .dataLoss, .aborted: self = .internalError
        }
    }
}
