import Synchronization
import Testing
@testable import Web

/// A clock that goes when it is told to.
final class SteppedClock: Sendable {
    private let moment = Mutex(ContinuousClock.now)

    var now: @Sendable () -> ContinuousClock.Instant { { [self] in moment.withLock { $0 } } }

    func step(_ duration: Duration) { moment.withLock { $0 += duration } }
}

@Suite("Rate limit")
struct RateLimiterTests {
    @Test("A burst, then one an interval, however long nobody came", arguments: [1, 3, 20])
    func burst(_ burst: Int) {
        let clock = SteppedClock()
        let limiter = RateLimiter(RateLimit(intervalSeconds: 2, burst: burst), now: clock.now)
        for _ in 0..<2 {
            for _ in 0..<burst { #expect(limiter.take() == nil) }
            #expect(limiter.take() == 2)
            clock.step(.seconds(1))
            #expect(limiter.take() == 1)
            clock.step(.seconds(1))
            #expect(limiter.take() == nil)
            #expect(limiter.take() != nil)
            clock.step(.seconds(1_000_000))
        }
    }

    @Test("Who is turned away takes nothing")
    func refusals() {
        let clock = SteppedClock()
        let limiter = RateLimiter(RateLimit(intervalSeconds: 1, burst: 1), now: clock.now)
        #expect(limiter.take() == nil)
        for _ in 0..<100 { #expect(limiter.take() == 1) }
        clock.step(.seconds(1))
        #expect(limiter.take() == nil)
    }

    @Test("A clock that goes backwards gives nothing and takes nothing")
    func backwards() {
        let clock = SteppedClock()
        let limiter = RateLimiter(RateLimit(intervalSeconds: 1, burst: 2), now: clock.now)
        #expect(limiter.take() == nil)
        clock.step(.seconds(-60))
        #expect(limiter.take() == nil)
        #expect(limiter.take() == 1)
        clock.step(.seconds(1))
        #expect(limiter.take() == nil)
    }

    @Test("What makes no sense is the nearest that does", arguments: [(0.0, 0), (-1, -5), (.nan, 0)])
    func nonsense(_ seconds: Double, _ burst: Int) {
        let limit = RateLimit(intervalSeconds: seconds, burst: burst)
        #expect(limit.burst == 1 && limit.intervalSeconds > 0)
        #expect(RateLimiter(limit).take() == nil)
    }
}
