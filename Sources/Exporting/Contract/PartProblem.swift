/// Why a part of a source is missing, wholly or in some of its values.
package struct PartProblem: Sendable, Equatable {
    /// A word from a short list, as it stands in the label `reason`.
    package enum Reason: String, Sendable, CaseIterable {
        /// Not done by the deadline.
        case deadline
        /// No connection: refused, no route, name unknown.
        case unreachable
        /// The certificate was not accepted.
        case tls
        /// Credentials were not accepted.
        case unauthorized
        /// A right is missing.
        case forbidden
        /// The source answered with an error of its own.
        case failed
        /// The answer was not what its format promises.
        case malformed
        /// The answer was larger than a limit of ours, or the part that was made of it.
        case tooLarge = "too_large"
        /// The collector still hangs in an earlier scrape and was not started again.
        case quarantined
        /// Two parts had the same name.
        case duplicate
    }

    package let part: String
    package let reason: Reason
    /// One line for a person, without a secret.
    package let message: String

    package init(part: String, _ reason: Reason, _ message: String) {
        self.part = part
        self.reason = reason
        self.message = message
    }
}
