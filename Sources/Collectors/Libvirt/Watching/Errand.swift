import Primitives
import Synchronization

/// What a thread was sent for, as the one who waits for it sees it: where it is, and whether it has come back.
final class Errand<Value: Sendable>: Sendable {
    enum End: Sendable {
        case answered(Value)
        /// It hangs in this call, or nobody wants to wait any more.
        case givenUp(CallStep)
    }

    private struct State {
        var step: CallStep
        var since: ContinuousClock.Instant
        var value: Value?
        var isGivenUp = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ step: CallStep) { state = Mutex(State(step: step, since: .now)) }

    // MARK: on the thread

    /// The next call begins.
    func step(_ call: String, _ domains: [String] = [], isFirst: Bool = false) {
        state.withLock { state in
            state.step = CallStep(call: call, domains: domains, isFirst: isFirst)
            state.since = .now
        }
    }

    /// It is back.
    ///
    /// - Parameter settle: called before whoever waits can learn of it, with whether it had been given up.
    func end(_ value: Value, settle: (_ isGivenUp: Bool) -> Void) {
        let waiter = state.withLock { state in
            settle(state.isGivenUp)
            state.value = value
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    // MARK: who waits

    /// Waits for its end, but no longer than so long for each call. Whoever is cancelled waits no more.
    ///
    /// - Parameter giveUp: called when the errand is given up, before its thread can learn of it.
    func end(patienceSeconds: Double, giveUp: @Sendable () -> Void) async -> End {
        while true {
            let deadline = Deadline(state.withLock { $0.since }.advanced(by: .seconds(patienceSeconds)))
            await waitInLine(by: deadline) { [self] in
                leave()
            } enter: { continuation in
                state.withLock { state in
                    if state.value != nil || deadline.hasPassed || Task.isCancelled { return () }
                    state.waiter = continuation
                    return nil
                }
            }
            let isCancelled = Task.isCancelled
            let end: End? = state.withLock { state in
                if let value = state.value { return .answered(value) }
                guard isCancelled || (ContinuousClock.now - state.since).seconds >= patienceSeconds else { return nil }
                state.isGivenUp = true
                giveUp()
                return .givenUp(state.step)
            }
            if let end { return end }
        }
    }

    private func leave() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
