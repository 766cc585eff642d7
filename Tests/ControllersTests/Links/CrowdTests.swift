import Primitives
import Testing

@testable import Controllers

struct CrowdTests {
    @Test func `many who want a call are told times that do not all lie together`() {
        let start = ContinuousClock.now
        var bucket = TokenBucket(rate: 10, burst: 10, start)
        for _ in 0..<10 { #expect(bucket.take(start) == nil) }
        let waits = (0..<100).compactMap { _ in bucket.take(start) }
        #expect(waits.count == 100 && zip(waits, waits.dropFirst()).allSatisfy { $0 < $1 })
        #expect(abs((waits.last ?? 0) - 10) < 0.2)
        // Whoever comes at the time that it was told has its call.
        var calls = 0
        for seconds in waits { if bucket.take(start.advanced(by: .seconds(seconds + 0.001))) == nil { calls += 1 } }
        #expect(calls > 95)
    }

    @Test func `nobody is sent away for long`() {
        let start = ContinuousClock.now
        var bucket = TokenBucket(rate: 1, burst: 1, start)
        for _ in 0..<100_000 { #expect((bucket.take(start) ?? 0) <= 30) }
    }
}
