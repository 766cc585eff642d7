import Primitives

/// Why a call failed: what crosses the wire is the code and the message.
package struct RPCError: Error, Sendable, CustomStringConvertible {
    /// Never `ok`.
    package let code: RPCCode
    /// One line for a person: what, where, why, what to do. No secret.
    package let message: String
    /// What brought it about on this side of the wire.
    package let cause: (any Error)?

    package init(_ code: RPCCode, _ message: String, cause: (any Error)? = nil) {
        self.code = code == .ok ? .unknown : code
        self.message = Failure(.unavailable, message).message
        self.cause = cause
    }

    package var description: String { "\(code.name): \(message)" }
}
