import Synchronization

/// The right to act as the leader, for as long as it holds.
package final class Leadership: Sendable {
    private let until: Mutex<ContinuousClock.Instant>
    private let now: @Sendable () -> ContinuousClock.Instant

    init(until: ContinuousClock.Instant, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.until = Mutex(until)
        self.now = now
    }

    /// Whether it holds still. To be asked right before what only a leader may do: a machine that slept knows it before any task is told.
    package var holds: Bool { now() < end }

    /// When it ends unless it is renewed.
    var end: ContinuousClock.Instant { until.withLock { $0 } }

    func renew(until instant: ContinuousClock.Instant) { until.withLock { $0 = max($0, instant) } }

    func give() { until.withLock { $0 = min($0, now()) } }
}
