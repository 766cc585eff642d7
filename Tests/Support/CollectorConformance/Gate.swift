import Synchronization

/// Where tasks wait until it is opened. A cancelled task goes through at once.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
        var arrivals = 0
        /// Those who wait for so many arrivals.
        var watchers: [Int: (arrivals: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Waits for `open`.
    package func pass() async {
        let id = nextNumber()
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let (goes, watchers) = state.withLock { state in
                    state.arrivals += 1
                    let watchers = state.watchers.filter { $0.value.arrivals <= state.arrivals }
                    for id in watchers.keys { state.watchers[id] = nil }
                    if state.isOpen || Task.isCancelled { return (true, watchers) }
                    state.waiters[id] = continuation
                    return (false, watchers)
                }
                for watcher in watchers.values { watcher.continuation.resume() }
                if goes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// Waits until tasks have come to the gate `count` times in all; a cancelled task does not wait.
    package func arrivals(_ count: Int) async {
        let id = nextNumber()
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isOver = state.withLock { state in
                    if state.arrivals >= count || Task.isCancelled { return true }
                    state.watchers[id] = (count, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.watchers.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    /// Lets everybody through, now and later.
    package func open() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            state.isOpen = true
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    private func nextNumber() -> Int {
        state.withLock { state in
            state.next += 1
            return state.next
        }
    }
}
