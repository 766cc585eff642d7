import Metrics
import Synchronization

/// What a controller has done.
final class ControllerBook: Sendable {
    /// The label `result` of `controller_runtime_reconcile_total`.
    enum Result: String, CaseIterable {
        case error, requeue
        case requeueAfter = "requeue_after"
        case success
    }

    struct Contents: Sendable {
        var results: [Result: Int] = [:]
        var outcomes: [ReconcileResult.Outcome: Int] = [:]
        var errors = 0
        var terminalErrors = 0
        var timeouts = 0
        var active = 0
        var durations = Distribution(bounds: ControllerBook.bounds)
        /// The same in the buckets of Virtrigaud's own family.
        var managerDurations = Distribution(bounds: ControllerBook.managerBounds)

        mutating func note(_ result: Result, _ outcome: ReconcileResult.Outcome, _ seconds: Double) {
            results[result, default: 0] += 1
            outcomes[outcome, default: 0] += 1
            durations.observe(seconds)
            managerDurations.observe(seconds)
        }
    }

    /// Upper bounds in seconds.
    private static let bounds: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5,
        4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ]
    private static let managerBounds = (0..<15).map { Double(1 << $0) / 1000 }

    private let state = Mutex(Contents())

    var contents: Contents { state.withLock { $0 } }

    func begin() { state.withLock { $0.active += 1 } }

    func end(_ change: (inout Contents) -> Void) {
        state.withLock { state in
            state.active -= 1
            change(&state)
        }
    }
}
