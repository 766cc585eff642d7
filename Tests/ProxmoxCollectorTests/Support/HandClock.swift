import Synchronization

@testable import ProxmoxCollector

/// A clock of timers that stands still until it is told to go on.
final class HandClock: Sendable {
    private let seconds = Mutex(1000.0)

    func advance(_ seconds: Double) { self.seconds.withLock { $0 += seconds } }

    var clock: SlowClock { SlowClock { [self] in seconds.withLock { $0 } } }
}
