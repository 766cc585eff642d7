import Primitives
import Synchronization

/// One collector at work, and all scrapers that wait for it.
final class ScrapeRun: Sendable {
    private struct State {
        var finishedAfterSeconds: Double?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    /// The collector's place in the coordinator's list.
    let collector: Int
    /// When its sink is closed: the deadline of the scraper that came first.
    let deadline: Deadline
    let sink: SampleSink
    let started = ContinuousClock.now
    private let state = Mutex(State())

    init(collector: Int, deadline: Deadline, limits: SampleSink.Limits) {
        sink = SampleSink(limits)
        self.collector = collector
        self.deadline = deadline
    }

    /// nil while the collector is at work, and for good when it has returned after its deadline only.
    var finishedInTimeAfterSeconds: Double? { state.withLock { $0.finishedAfterSeconds }.flatMap { $0 < seconds ? $0 : nil } }

    /// Whether the collector ran out of time, and would have more of it in a run for this deadline. One that goes on for longer than that
    /// would take is not waited for: it hangs.
    func wouldGainFrom(_ other: Deadline) -> Bool {
        let hasReturned = state.withLock { $0.finishedAfterSeconds != nil }
        guard other.remainingSeconds > seconds, hasReturned || deadline.hasPassed else { return false }
        guard hasReturned || (ContinuousClock.now - started).seconds < other.remainingSeconds else { return false }
        return finishedInTimeAfterSeconds == nil || sink.contents.problems.contains { $0.reason == .deadline }
    }

    /// From start to deadline.
    private var seconds: Double { (deadline.instant - started).seconds }

    func finish() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            state.finishedAfterSeconds = (ContinuousClock.now - started).seconds
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the collector has finished, or its own or the scraper's deadline has come, whichever is first.
    func wait(until other: Deadline) async { await waitForReturn(until: min(deadline, other)) }

    /// Returns when the collector has finished, however late, or at the deadline.
    func waitForReturn(until end: Deadline) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let alarm = Alarm(at: end) { [self] in
            let late = state.withLock { $0.waiters.removeValue(forKey: id) }
            late?.resume()
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.finishedAfterSeconds == nil, !end.hasPassed else { return true }
                state.waiters[id] = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        alarm.stop()
    }
}
