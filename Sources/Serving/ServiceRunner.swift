package import Exporting
import Glibc
package import Primitives
import Synchronization

/// Runs a service until somebody asks it to stop.
package enum ServiceRunner {
    /// What others want of the service: that it ends (SIGTERM, SIGINT), or that it reads its configuration again (SIGHUP).
    package final class StopSignal: Sendable {
        private struct State {
            var onReload: (@Sendable () async -> Void)?
            var raised: ContinuousClock.Instant?
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        package var isRaised: Bool { state.withLock { $0.raised != nil } }

        /// What a SIGHUP does; nothing until this is set, and never does it end the program.
        package func onReload(_ action: @escaping @Sendable () async -> Void) { state.withLock { $0.onReload = action } }

        fileprivate func reload() {
            guard let action = state.withLock({ $0.onReload }) else { return }
            Task.detached { await action() }
        }

        /// Returns once the service should stop.
        package func wait() async {
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

    /// Lets services run until they are asked to stop; reloads them on SIGHUP, and tells systemd how it goes.
    ///
    /// - Parameter status: what systemd shows of the service meanwhile.
    package static func serve(
        _ services: [ExporterService], until stop: StopSignal, logger: Logger, status: String = "Serving metrics.",
        beforeStop: () async -> Void = {}
    ) async {
        stop.onReload {
            ServiceManager.tell(.reloading)
            for service in services { try? await service.reload() }
            ServiceManager.tell(.ready(status: status))
        }
        ServiceManager.tell(.ready(status: status))
        let watchdog = ServiceManager.watchdogSeconds.map { seconds in
            Task.detached {
                while !Task.isCancelled {
                    ServiceManager.tell(.watchdog)
                    try? await Task.sleep(for: .seconds(seconds))
                }
            }
        }
        await stop.wait()
        watchdog?.cancel()
        ServiceManager.tell(.stopping)
        logger.info("stopping")
        await beforeStop()
        for service in services { await service.stop() }
    }

    /// Runs `body`, which ends soon after `stop` is raised, and leaves the program when it does.
    ///
    /// - Parameter program: whose name stands before an error.
    package static func run(
        of program: String = "martlet", _ body: @escaping @Sendable (_ stop: StopSignal) async throws(Failure) -> Void
    ) throws(Failure) -> Never {
        let stop = StopSignal()
        try Signals.handle { signal in
            if signal == .reload { stop.reload() }
            // A second wish is impatience: leave at once. One that comes with the first is not: who stops a whole process group
            // reaches us twice, once through the parent.
            if signal == .stop, let seconds = stop.raise(), seconds > 1 { ProgramEnd.leave(130) }
        }
        Task.detached {
            do throws(Failure) {
                try await body(stop)
                ProgramEnd.leave(0)
            } catch {
                ProgramEnd.fail(error, of: program)
            }
        }
        while true { pause() }
    }
}
