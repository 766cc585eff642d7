package import Metrics

/// What came of the questions to one model of one server since the exporter began.
package struct ProbeBook: Sendable {
    package private(set) var last: ProbeResult?
    /// When the last question was answered or given up, in unix seconds.
    package private(set) var lastUnixSeconds: Double?
    package private(set) var outcomes: [ProbeResult.Outcome: Int] = [:]
    package private(set) var skipped: [ProbePlan.Reason: Int] = [:]
    package private(set) var promptTokens = 0
    package private(set) var generatedTokens = 0
    package private(set) var duration = Distribution(bounds: Self.durationBounds)
    package private(set) var timeToFirstToken = Distribution(bounds: Self.firstTokenBounds)
    package private(set) var interTokenLatency = Distribution(bounds: Self.tokenBounds)

    // Those of OpenTelemetry's conventions for generative AI, gen_ai.server.*, which vLLM's own line up with.
    private static let durationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
    private static let firstTokenBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
    private static let tokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]

    package init() {}

    package mutating func take(_ result: ProbeResult, unixSeconds: Double) {
        last = result
        lastUnixSeconds = unixSeconds
        outcomes[result.outcome, default: 0] += 1
        promptTokens += result.promptTokens
        generatedTokens += result.generatedTokens
        // A refusal is the fastest answer of all, and no measure of one.
        if result.outcome == .ok { duration.observe(result.durationSeconds) }
        if let seconds = result.secondsToFirstToken { timeToFirstToken.observe(seconds) }
        if let seconds = result.secondsBetweenTokens { interTokenLatency.observe(seconds) }
    }

    package mutating func skip(_ reason: ProbePlan.Reason) { skipped[reason, default: 0] += 1 }
}
