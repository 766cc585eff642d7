import Synchronization

/// Where tasks wait until it is opened. A cancelled task goes through at once.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
        var arrivals = 0
        /// Those who wait for so many arrivals.
        var watchers: [(arrivals: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Waits for `open`.
    package func pass() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let (goes, watchers) = state.withLock { state in
                    state.arrivals += 1
                    let watchers = state.watchers.filter { $0.arrivals <= state.arrivals }
                    state.watchers.removeAll { $0.arrivals <= state.arrivals }
                    if state.isOpen || Task.isCancelled { return (true, watchers) }
                    state.waiters[id] = continuation
                    return (false, watchers)
                }
                for watcher in watchers { watcher.continuation.resume() }
                if goes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// Waits until tasks have come to the gate `count` times in all.
    package func arrivals(_ count: Int) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isThere = state.withLock { state in
                if state.arrivals >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
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
}
