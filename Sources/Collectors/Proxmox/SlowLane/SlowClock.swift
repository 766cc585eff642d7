import Primitives

/// The monotonic clock of what is asked for on timers, as something a test can set.
struct SlowClock: Sendable {
    private let read: @Sendable () -> Double

    init(_ read: @escaping @Sendable () -> Double) { self.read = read }

    /// Seconds since some moment.
    var seconds: Double { read() }

    static let system: SlowClock = {
        let start = ContinuousClock.now
        return SlowClock { (ContinuousClock.now - start).seconds }
    }()
}
