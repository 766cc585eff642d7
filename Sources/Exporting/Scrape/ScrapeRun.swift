import Primitives
import Synchronization

/// One run of the collectors, and all scrapers that wait for it.
final class ScrapeRun: Sendable {
    /// One collector's share of the run.
    struct Share: Sendable {
        /// The collector's place in the coordinator's list.
        let collector: Int
        let sink: SampleSink
        var finishedAfterSeconds: Double?
        var isQuarantined = false
    }

    private struct State {
        var shares: [Share]
        var unfinished: Int
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    let started = ContinuousClock.now
    private let state: Mutex<State>

    /// - Parameter shares: one for each collector that takes part; quarantined ones count as finished.
    init(_ shares: [Share]) {
        state = Mutex(State(shares: shares, unfinished: shares.count { !$0.isQuarantined }))
    }

    var shares: [Share] { state.withLock { $0.shares } }

    func finish(collector: Int) {
        let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
            guard let index = state.shares.firstIndex(where: { $0.collector == collector }) else { return [] }
            state.shares[index].finishedAfterSeconds = (ContinuousClock.now - started).seconds
            state.unfinished -= 1
            guard state.unfinished == 0 else { return [] }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when all collectors have finished or the deadline has come, whichever is first.
    func wait(until deadline: Deadline) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let alarm = Task.detached { [self] in
            try? await Task.sleep(until: deadline.instant, clock: .continuous)
            let late = state.withLock { $0.waiters.removeValue(forKey: id) }
            late?.resume()
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.unfinished > 0, !deadline.hasPassed else { return true }
                state.waiters[id] = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        alarm.cancel()
    }
}
