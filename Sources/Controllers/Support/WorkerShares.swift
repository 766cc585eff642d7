import Reconciling
import Synchronization

/// Whose objects the workers of a controller look at, so that providers that hang never hold all of them.
///
/// A provider may have as many as are free: one alone half of them, two a third each, and one that comes later still finds some.
final class WorkerShares: Sendable {
    private struct State {
        var taken = 0
        var byProvider: [String: Int] = [:]
        var crowd = Crowd()
    }

    private let workers: Int
    private let state = Mutex(State())

    init(workers: Int) { self.workers = workers }

    /// Looks at an object, or has it come again when its provider has workers enough.
    ///
    /// - Parameter provider: nil where none will be asked.
    func look(
        at provider: String?, _ body: () async throws(ReconcileError) -> ReconcileResult
    ) async throws(ReconcileError) -> ReconcileResult {
        guard let provider else { return try await body() }
        if let seconds = enter(provider) { return .after(seconds: seconds) }
        defer { leave(provider) }
        return try await body()
    }

    /// - Returns: nil when the worker may go on; else in how many seconds its object is to come again.
    private func enter(_ provider: String) -> Double? {
        state.withLock { state in
            let own = state.byProvider[provider] ?? 0
            guard own < max(1, workers - state.taken) else { return state.crowd.wait() }
            state.byProvider[provider] = own + 1
            state.taken += 1
            state.crowd.letIn()
            return nil
        }
    }

    private func leave(_ provider: String) {
        state.withLock { state in
            state.taken -= 1
            let own = (state.byProvider[provider] ?? 1) - 1
            state.byProvider[provider] = own > 0 ? own : nil
        }
    }
}

/// Those who found no place since the last one that did.
struct Crowd: Sendable {
    private var count = 0

    /// How long one more of them is to wait, in seconds: the more there are, the less often each comes, as places may be free after minutes only.
    mutating func wait() -> Double {
        count += 1
        return min(10, 0.2 + Double(count) / 100)
    }

    mutating func letIn() { count = 0 }
}
