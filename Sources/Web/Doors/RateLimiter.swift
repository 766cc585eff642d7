import Primitives
import Synchronization

/// How many requests are answered: one an interval, and a burst on top.
package struct RateLimit: Sendable, Equatable {
    /// Seconds in which one more request is allowed; above 0.
    package let intervalSeconds: Double
    /// Requests that may come at once; at least 1.
    package let burst: Int

    package init(intervalSeconds: Double, burst: Int) {
        self.intervalSeconds = intervalSeconds.clamped(to: 1e-9...1e9)
        self.burst = max(burst, 1)
    }
}

/// A token bucket over all requests, whoever sends them: full at the start, a token an interval, a request a token.
package final class RateLimiter: Sendable {
    package let limit: RateLimit
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<(tokens: Double, since: ContinuousClock.Instant)>

    package init(_ limit: RateLimit, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.limit = limit
        self.now = now
        state = Mutex((Double(limit.burst), now()))
    }

    /// Takes a token. Nil when there was one, else the seconds until there is.
    package func take() -> Double? {
        state.withLock { state in
            // Read under the lock, so that time does not run backwards between two requests.
            let moment = now()
            let grown = (moment - state.since).seconds / limit.intervalSeconds
            state = (min(Double(limit.burst), state.tokens + max(0, grown)), moment)
            guard state.tokens < 1 else {
                state.tokens -= 1
                return nil
            }
            return (1 - state.tokens) * limit.intervalSeconds
        }
    }
}
