import Primitives
import Synchronization

/// The time of day, some of which may be skipped.
final class SkippingClock: Sendable {
    private let skipped = Mutex(0.0)
    var clock: WallClock { WallClock { WallClock.system.unixSeconds + self.skipped.withLock { $0 } } }
    func skip(_ seconds: Double) { skipped.withLock { $0 += seconds } }
}
