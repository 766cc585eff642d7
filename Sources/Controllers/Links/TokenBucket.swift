import Primitives

/// So many calls a second on average, and so many at once.
struct TokenBucket: Sendable {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant
    /// Who were told to come again and have not had their time yet.
    private var waiting = 0.0
    /// Nobody is sent away for longer, in seconds.
    private static let longestSeconds = 30.0

    /// - Parameter rate: calls a second; not above 0 for no bound.
    init(rate: Double, burst: Double, _ now: ContinuousClock.Instant) {
        self.rate = rate
        self.burst = max(1, burst)
        tokens = max(1, burst)
        filledAt = now
    }

    /// Takes a token; or says in how many seconds there will be one, and takes none.
    ///
    /// Each who is sent away is told a later time, so that ten thousand who want a token do not all come for the next one.
    mutating func take(_ now: ContinuousClock.Instant) -> Double? {
        guard rate > 0 else { return nil }
        let new = max(0, (now - filledAt).seconds) * rate
        tokens = min(burst, tokens + new)
        waiting = max(0, waiting - new)
        filledAt = now
        guard tokens >= 1 else {
            let seconds = min(Self.longestSeconds, (1 - tokens + waiting) / rate)
            waiting = min(waiting + 1, Self.longestSeconds * rate)
            return seconds
        }
        tokens -= 1
        return nil
    }
}
