import Glibc
import Primitives
import Synchronization

/// Runs a service until somebody asks it to stop.
enum ServiceRunner {
    /// Somebody's wish that the service ends: SIGTERM or SIGINT.
    final class StopSignal: Sendable {
        private struct State {
            var raised: ContinuousClock.Instant?
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        var isRaised: Bool { state.withLock { $0.raised != nil } }

        /// Returns once the service should stop.
        func wait() async {
            await withCheckedContinuation { continuation in
                let isRaised = state.withLock { state in
                    if state.raised == nil { state.waiters.append(continuation) }
                    return state.raised != nil
                }
                if isRaised { continuation.resume() }
            }
        }

        /// How long ago it was raised before; nil the first time.
        fileprivate func raise() -> Double? {
            let (first, waiters) = state.withLock { state in
                defer {
                    state.raised = state.raised ?? .now
                    state.waiters = []
                }
                return (state.raised, state.waiters)
            }
            for waiter in waiters { waiter.resume() }
            return first.map { (ContinuousClock.now - $0).seconds }
        }
    }

    /// Runs `body`, which ends soon after `stop` is raised, and leaves the program when it does.
    static func run(_ body: @escaping @Sendable (_ stop: StopSignal) async throws(Failure) -> Void) throws(Failure) -> Never {
        let stop = StopSignal()
        try Signals.handle { signal in
            // A second wish is impatience: leave at once. One that comes with the first is not: who stops a whole process group
            // reaches us twice, once through the parent.
            if signal == .stop, let seconds = stop.raise(), seconds > 1 { exit(130) }
        }
        Task.detached {
            do throws(Failure) {
                try await body(stop)
                exit(0)
            } catch {
                Program.fail(error)
            }
        }
        while true { pause() }
    }
}
