import Testing

@testable import Controllers

struct CircuitBreakerTests {
    private let start = ContinuousClock.now
    private func after(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func opened(_ settings: CircuitBreaker.Settings = .init()) -> CircuitBreaker {
        var breaker = CircuitBreaker(settings)
        for _ in 0..<settings.failures {
            #expect(breaker.admit(start) == nil)
            breaker.note(isAnswered: false, start)
        }
        return breaker
    }

    @Test func `failures in a row open it, and an answer between them does not let them`() {
        var breaker = CircuitBreaker()
        for _ in 0..<9 { breaker.note(isAnswered: false, start) }
        breaker.note(isAnswered: true, start)
        for _ in 0..<9 { breaker.note(isAnswered: false, start) }
        #expect(breaker.position(start) == .closed && breaker.admit(start) == nil)
        breaker.note(isAnswered: false, start)
        #expect(breaker.position(start) == .open && breaker.failures == 19)
        #expect(breaker.admit(after(1)) == 4)
    }

    @Test func `three trials that go well close it`() {
        var breaker = opened()
        for _ in 0..<3 { #expect(breaker.admit(after(5)) == nil) }
        #expect(breaker.position(after(5)) == .halfOpen)
        // The trials that are out will say.
        #expect(breaker.admit(after(5)) == 1)
        for _ in 0..<2 { breaker.note(isAnswered: true, after(5)) }
        #expect(breaker.position(after(5)) == .halfOpen)
        breaker.note(isAnswered: true, after(5))
        #expect(breaker.position(after(5)) == .closed && breaker.admit(after(5)) == nil)
    }

    @Test func `a trial that fails opens it for twice as long, up to a minute`() {
        var breaker = opened()
        var (now, waits) = (0.0, [Double]())
        for _ in 0..<6 {
            let wait = breaker.admit(after(now)) ?? 0
            waits.append(wait.rounded())
            now += wait
            #expect(breaker.admit(after(now)) == nil)
            breaker.note(isAnswered: false, after(now))
        }
        #expect(waits == [5, 10, 20, 40, 60, 60])
    }

    @Test func `a trial that was not made does not count`() {
        var breaker = opened()
        for _ in 0..<20 {
            #expect(breaker.admit(after(5)) == nil)
            breaker.forget()
        }
        #expect(breaker.position(after(5)) == .halfOpen)
    }

    @Test func `somebody who is seen past an open one lets trials begin`() {
        var breaker = opened()
        #expect(breaker.admit(after(0.1)) != nil)
        breaker.note(isAnswered: false, after(0.1))
        #expect(breaker.position(after(0.1)) == .open)
        breaker.note(isAnswered: true, after(0.1))
        #expect(breaker.admit(after(0.1)) == nil)
        var closed = CircuitBreaker()
        closed.open(start)
        #expect(closed.position(start) == .open)
    }
}
