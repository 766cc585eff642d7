import Primitives
import Synchronization

/// What a thread was sent for, as the one who waits for it sees it: where it is, and whether it has come back.
final class Errand<Value: Sendable>: Sendable {
    enum End: Sendable {
        case answered(Value)
        /// It hangs in this call.
        case givenUp(CallStep)
        /// Whoever waited was cancelled; the thread is at work still.
        case cancelled
    }

    private struct State {
        var step: CallStep
        var since: ContinuousClock.Instant
        var value: Value?
        /// Nobody waits for it any more.
        var isLeft = false
        var isExpired = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ step: CallStep) { state = Mutex(State(step: step, since: .now)) }

    /// When the call began that it is in.
    var since: ContinuousClock.Instant { state.withLock { $0.since } }

    // MARK: on the thread

    /// The next call begins.
    ///
    /// - Returns: whether anybody waits for it still.
    @discardableResult
    func step(_ call: String, _ domains: [String] = []) -> Bool {
        state.withLock { state in
            (state.step, state.since, state.isExpired) = (CallStep(call: call, domains: domains), .now, false)
            return !state.isLeft
        }
    }

    /// It is back.
    ///
    /// - Parameter settle: called before whoever waits can learn of it.
    func end(_ value: Value, settle: () -> Void) {
        let waiter = state.withLock { state in
            settle()
            state.value = value
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    // MARK: who waits

    /// Waits for its end, but no longer than so long for each call. Whoever is cancelled waits no more.
    ///
    /// - Parameters:
    ///   - giveUp: called when the errand is given up, before its thread can learn of it.
    ///   - leave: the same, when whoever waits was cancelled.
    func end(patienceSeconds: Double, giveUp: @Sendable () -> Void, leave: @Sendable () -> Void) async -> End {
        while true {
            let deadline = Deadline(since.advanced(by: .seconds(patienceSeconds)))
            await waitInLine(by: deadline) { [self] in
                wake()
            } enter: { continuation in
                state.withLock { state in
                    if state.value != nil || state.isExpired || deadline.hasPassed || Task.isCancelled { return () }
                    state.waiter = continuation
                    return nil
                }
            }
            let isCancelled = Task.isCancelled
            let end: End? = state.withLock { state in
                if let value = state.value { return .answered(value) }
                if state.isExpired || (ContinuousClock.now - state.since).seconds >= patienceSeconds {
                    state.isLeft = true
                    giveUp()
                    return .givenUp(state.step)
                }
                guard isCancelled else { return nil }
                state.isLeft = true
                leave()
                return .cancelled
            }
            if let end { return end }
        }
    }

    /// Is waited for no longer if it is at such a call, as if its time had passed.
    func expire(at isSuch: (CallStep) -> Bool) {
        let isExpired = state.withLock { state in
            if isSuch(state.step) { state.isExpired = true }
            return state.isExpired
        }
        if isExpired { wake() }
    }

    private func wake() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}

/// A call of libvirt, and the domains that it is about.
struct CallStep: Sendable, Equatable {
    let call: String
    var domains: [String] = []
}
