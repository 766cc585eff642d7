/// An error that a person reads: what happened, where, why, and what to do, in one line without a secret.
package struct Failure: Error, Sendable, CustomStringConvertible {
    /// What kind of mending the error asks for.
    package enum Code: String, Sendable {
        /// The command line is wrong. Exit status 2.
        case usage
        /// A configuration file, variable or flag value is wrong.
        case configuration
        /// The machine lacks something: a program, a file, a port, a right.
        case environment
        /// Input from outside is not what its format promises.
        case malformed
        /// A limit of ours was reached: size, depth, count.
        case limit
        /// Time ran out.
        case timeout
        /// The other side could not be reached or refused.
        case unavailable
    }

    package let code: Code
    package let message: String
    /// What brought it about, when another error did.
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        guard let cause else { return message }
        return "\(message): \(cause)"
    }
}
