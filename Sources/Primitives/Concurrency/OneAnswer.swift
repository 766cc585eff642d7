import Synchronization

/// A value that a thread gives once, and a task waits for without holding a thread.
package final class OneAnswer<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiter: CheckedContinuation<Value, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// The first value counts.
    package func give(_ value: Value) {
        let waiter: CheckedContinuation<Value, Never>? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: value)
    }

    /// To be waited for once.
    package var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let value: Value? = state.withLock { state in
                    if state.value == nil { state.waiter = continuation }
                    return state.value
                }
                if let value { continuation.resume(returning: value) }
            }
        }
    }

    /// To be waited for once; gives `late` itself when the deadline comes first or the task is cancelled.
    package func value(by deadline: Deadline, late: Value) async -> Value {
        let alarm = Alarm(at: deadline) { [self] in give(late) }
        defer { alarm.stop() }
        return await withTaskCancellationHandler {
            await value
        } onCancel: {
            give(late)
        }
    }
}
