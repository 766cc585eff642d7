/// What came of one question.
package struct ProbeResult: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable {
        case ok
        /// Not a word by the deadline.
        case timeout
        /// It began, and had not ended by the deadline.
        case stalled
        /// No connection, or one that was closed without a word.
        case refused
        case tls
        /// Another status than 200.
        case status
        /// The server itself said in the stream that it failed.
        case error
        /// Not what its dialect promises, more than was asked for, or broken off.
        case malformed
        /// An answer without a token.
        case empty
    }

    package var outcome: Outcome
    /// From the first step of connecting to the end of the answer, or to when it was given up.
    package var durationSeconds: Double
    /// Of the HTTP answer, as far as there is one.
    package var status: Int?
    /// From the same start to the first text.
    package var secondsToFirstToken: Double?
    /// Between one token and the next, on average over the answer.
    package var secondsBetweenTokens: Double?
    package var promptTokens = 0
    package var generatedTokens = 0
    /// Why, for the log: one line without anything of prompt or answer.
    package var reason = ""

    package init(outcome: Outcome, durationSeconds: Double, status: Int?, reason: String = "") {
        (self.outcome, self.durationSeconds, self.status, self.reason) = (outcome, durationSeconds, status, reason)
    }
}
