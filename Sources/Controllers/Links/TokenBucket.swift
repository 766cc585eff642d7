import Primitives

/// So many calls a second on average, and so many at once.
struct TokenBucket: Sendable {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    /// - Parameter rate: calls a second; not above 0 for no bound.
    init(rate: Double, burst: Double, _ now: ContinuousClock.Instant) {
        self.rate = rate
        self.burst = max(1, burst)
        tokens = max(1, burst)
        filledAt = now
    }

    /// Takes a token; or says in how many seconds there will be one, and takes none.
    mutating func take(_ now: ContinuousClock.Instant) -> Double? {
        guard rate > 0 else { return nil }
        tokens = min(burst, tokens + max(0, (now - filledAt).seconds) * rate)
        filledAt = now
        guard tokens >= 1 else { return (1 - tokens) / rate }
        tokens -= 1
        return nil
    }
}
