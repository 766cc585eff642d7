import Synchronization

@testable import ProxmoxCollector

/// A clock of timers that stands still until it is told to go on.
final class HandClock: Sendable {
    private let seconds = Mutex(1000.0)

    func advance(_ seconds: Double) { self.seconds.withLock { $0 += seconds } }

    var clock: SlowClock { SlowClock(tick: SlowClock.impatient.tick) { [self] in seconds.withLock { $0 } } }
}

extension SlowClock {
    /// The system's, for tests that have no time.
    static let impatient = SlowClock(tick: .milliseconds(25)) { system.seconds }
}
