import Primitives

/// The monotonic clock of what is asked for on timers, as something a test can set.
struct SlowClock: Sendable {
    private let read: @Sendable () -> Double
    /// How often somebody looks whether something is due.
    let tick: Duration

    init(tick: Duration = .milliseconds(500), _ read: @escaping @Sendable () -> Double) {
        self.read = read
        self.tick = tick
    }

    /// Seconds since some moment.
    var seconds: Double { read() }

    static let system: SlowClock = {
        let start = ContinuousClock.now
        return SlowClock { (ContinuousClock.now - start).seconds }
    }()
}
