import Glibc
import Primitives
import Synchronization

/// Runs a service until somebody asks it to stop.
enum ServiceRunner {
    /// Somebody's wish that the service ends: SIGTERM or SIGINT.
    final class StopSignal: Sendable {
        private struct State {
            var isRaised = false
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        var isRaised: Bool { state.withLock { $0.isRaised } }

        /// Returns once the service should stop.
        func wait() async {
            await withCheckedContinuation { continuation in
                let isRaised = state.withLock { state in
                    if !state.isRaised { state.waiters.append(continuation) }
                    return state.isRaised
                }
                if isRaised { continuation.resume() }
            }
        }

        /// True the first time.
        fileprivate func raise() -> Bool {
            let (isFirst, waiters) = state.withLock { state in
                defer {
                    state.isRaised = true
                    state.waiters = []
                }
                return (!state.isRaised, state.waiters)
            }
            for waiter in waiters { waiter.resume() }
            return isFirst
        }
    }

    /// Runs `body`, which ends soon after `stop` is raised, and leaves the program when it does.
    static func run(_ body: @escaping @Sendable (_ stop: StopSignal) async throws(Failure) -> Void) throws(Failure) -> Never {
        let stop = StopSignal()
        try Signals.handle { signal in
            // A second wish is impatience: leave at once.
            if signal == .stop, !stop.raise() { exit(130) }
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
