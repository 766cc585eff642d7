import Primitives
import RPC

/// What the simulated hypervisor says when it does not do something.
struct HypervisorError: Error, CustomStringConvertible {
    enum Reason: String {
        case missing, nameTaken, numberTaken, locked, full, state, unreachable, unauthenticated, forbidden, checksum, unsupported,
            cancelled, broken

        var code: RPCCode {
            switch self {
            case .missing: .notFound
            case .nameTaken: .alreadyExists
            case .numberTaken: .aborted
            // Somebody else works on the machine; later it will be free.
            case .locked, .unreachable: .unavailable
            case .full: .resourceExhausted
            case .state, .checksum: .failedPrecondition
            case .unauthenticated: .unauthenticated
            case .forbidden: .permissionDenied
            case .unsupported: .unimplemented
            case .cancelled: .cancelled
            case .broken: .internal
            }
        }
    }

    let reason: Reason
    let text: String

    var description: String { text }

    /// For closures of the database, which throw nothing else.
    var failure: Failure { Failure(.unavailable, text, cause: self) }

    /// What to tell the client.
    static func rpc(_ failure: Failure) -> RPCError {
        if let error = failure.cause as? HypervisorError { return RPCError(error.reason.code, error.text) }
        return RPCError(.unavailable, "the simulated hypervisor does not answer: \(failure.message)", cause: failure)
    }
}
