import Primitives

extension OperationJournal {
    /// How the last operation of a target and a method ended.
    package struct Past: Sendable, Equatable {
        package let end: Operation.End
        package let name: String
        package let resultID: String?
        package let requestDigest: String?
        /// `Operation.wish`
        package let wish: String?
        /// Of the target when it was begun; nil when that is not known.
        package let generation: Int64?
        package let resultPath: String?
        /// `namespace/name`
        package let provider: String
        package let providerType: String
        /// `Operation.request`
        package let request: String
        /// Ends in a row that were no success, of the same request.
        package let failures: Int
        /// Ends in a row of the same request, each begun soon after the one before: of successes, how often they were in vain. 0 when the machine
        /// went back to a snapshot since, as it may be anything then.
        package internal(set) var repeats: Int
        /// When this process heard of it.
        package let heardAt: ContinuousClock.Instant

        /// When the same may be tried again, in seconds from the time that is given; 0 for at once.
        package func waitSeconds(_ now: Double) -> Double { failures > 0 ? left(ofPauseAfter: failures, now) : 0 }

        /// The same where it ended well, and what it was to bring about is not so.
        package func vainSeconds(_ now: Double) -> Double { end.outcome == .success && repeats > 0 ? left(ofPauseAfter: repeats, now) : 0 }

        private func left(ofPauseAfter count: Int, _ now: Double) -> Double {
            max(0, min(300, 5 * Double(1 << (count - 1).clamped(to: 0...10))) - ageSeconds(now))
        }

        /// How long ago it ended, at least; never below 0. A clock that was set back is not waited for.
        package func ageSeconds(_ now: Double) -> Double { max(now - end.at, (ContinuousClock.now - heardAt).seconds) }

        /// How soon the same is begun again where it is the same once more, and not once again.
        static let repeatSeconds = 900.0
    }
}
