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
        /// When this process heard of it.
        package let heardAt: ContinuousClock.Instant

        /// When the same may be tried again, in seconds from the time that is given; 0 for at once.
        package func waitSeconds(_ now: Double) -> Double {
            guard failures > 0 else { return 0 }
            return max(0, end.at + min(300, 5 * Double(1 << min(failures - 1, 10))) - now)
        }
    }
}
