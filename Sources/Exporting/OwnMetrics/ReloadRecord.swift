import Primitives
import Synchronization

/// How reloads went.
final class ReloadRecord: Sendable {
    struct Contents: Sendable {
        var isLastSuccessful = true
        /// When the configuration in use was taken, in seconds since 1970.
        var lastSuccess: Double
    }

    private let clock: WallClock
    private let state: Mutex<Contents>

    /// Begins with the configuration of the start, which was good.
    init(clock: WallClock) {
        self.clock = clock
        state = Mutex(Contents(lastSuccess: clock.unixSeconds))
    }

    var contents: Contents { state.withLock { $0 } }

    func note(isSuccess: Bool) {
        let now = clock.unixSeconds
        state.withLock { state in
            state.isLastSuccessful = isSuccess
            if isSuccess { state.lastSuccess = now }
        }
    }
}
