import Primitives
import Synchronization

/// A login under way. Many calls may wait for it, each as long as it has time.
final class PendingLogin: Sendable {
    typealias Outcome = Result<ProxmoxTicket, ProxmoxError>

    private struct State {
        var outcome: Outcome?
        var waiting: [Int: CheckedContinuation<Outcome?, Never>] = [:]
        var next = 0
    }

    /// That of the call that began it.
    let deadline: Deadline
    private let state = Mutex(State())

    init(deadline: Deadline) { self.deadline = deadline }

    func finish(_ outcome: Outcome) {
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            state.outcome = outcome
            return state.waiting.values
        }
        for one in waiting { one.resume(returning: outcome) }
    }

    /// What the login gave; nil when the deadline comes first, or the caller is cancelled.
    func outcome(by deadline: Deadline) async -> Outcome? {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await waitInLine(by: deadline) {
            self.giveUp(number)
        } enter: { continuation in
            state.withLock { state -> Outcome?? in
                if let outcome = state.outcome { return .some(outcome) }
                // Whoever would wake this one may have been here before it.
                if Task.isCancelled || deadline.hasPassed { return .some(nil) }
                state.waiting[number] = continuation
                return nil
            }
        }
    }

    private func giveUp(_ number: Int) { state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: nil) }
}
