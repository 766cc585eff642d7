/// What one of the asked programs answered: JSON with its status.
struct UpstreamAnswer: Sendable {
    var status: Int
    var body: [UInt8]

    var isSuccess: Bool { status == 200 }
}

/// Why there is no answer, as a browser is told it.
struct UpstreamProblem: Error, Sendable, Equatable {
    /// The status of our answer.
    let status: Int
    /// A sentence for a person, without a secret.
    let words: String
    /// A word for metrics.
    let reason: String
}
