import Primitives

/// How fast what failed is tried again.
package struct RetryPace: Sendable, Hashable {
    /// Before the first retry of a key; each further one waits twice as long.
    package var firstSeconds = 0.005
    package var longestSeconds = 1000.0
    /// Retries of all keys together, in the long run; nil for no such limit.
    package var perSecond: Double? = 10
    /// And so many at once.
    package var burst = 100.0

    package init() {}

    package init(firstSeconds: Double, longestSeconds: Double, perSecond: Double?, burst: Double = 100) {
        self.firstSeconds = firstSeconds
        self.longestSeconds = longestSeconds
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// How long each retry has to wait: what its key has come to by its failures, or what all keys together have used up, whichever is longer.
struct RetryLimiter<Key: Hashable & Sendable>: Sendable {
    private let pace: RetryPace
    private var failures: [Key: Int] = [:]
    /// Retries that may be had at once; below 0 when some wait for theirs.
    private var tokens: Double
    private var filledAt: TimeSource.Instant?

    init(_ pace: RetryPace) {
        self.pace = pace
        tokens = pace.burst
    }

    func retries(of key: Key) -> Int { failures[key] ?? 0 }

    mutating func forget(_ key: Key) { failures[key] = nil }

    /// - Parameter isShared: whether the retry is one of those that all keys together may have.
    mutating func delaySeconds(_ key: Key, at now: TimeSource.Instant, isShared: Bool = true) -> Double {
        let count = failures[key] ?? 0
        failures[key] = count + 1
        let own = min(pace.longestSeconds, Double(sign: .plus, exponent: min(count, 1000), significand: pace.firstSeconds))
        guard isShared, let perSecond = pace.perSecond, perSecond > 0 else { return own }
        return max(own, tokenSeconds(perSecond, at: now))
    }

    private mutating func tokenSeconds(_ perSecond: Double, at now: TimeSource.Instant) -> Double {
        let passed = filledAt.map { max(0, (now - $0).seconds) } ?? 0
        filledAt = now
        tokens = min(pace.burst, tokens + passed * perSecond) - 1
        return tokens < 0 ? -tokens / perSecond : 0
    }
}
