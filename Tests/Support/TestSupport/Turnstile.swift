import Synchronization

/// Holds everybody who comes until it is opened, and counts them by key.
package final class Turnstile: Sendable {
    private struct State {
        var isOpen = false
        var inside: [String: Int] = [:]
        var most: [String: Int] = [:]
        var total = 0
        var held: [CheckedContinuation<Void, Never>] = []
        var watchers: [(total: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// The most that were inside at the same time, by key.
    package var most: [String: Int] { state.withLock { $0.most } }

    /// How many came in all.
    package var total: Int { state.withLock { $0.total } }

    package func pass(_ key: String = "") async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let woken = state.withLock { state in
                state.total += 1
                state.inside[key, default: 0] += 1
                state.most[key] = max(state.most[key] ?? 0, state.inside[key] ?? 0)
                var woken = state.watchers.filter { $0.total <= state.total }.map(\.continuation)
                state.watchers.removeAll { $0.total <= state.total }
                if state.isOpen { woken.append(continuation) } else { state.held.append(continuation) }
                return woken
            }
            for one in woken { one.resume() }
        }
        state.withLock { $0.inside[key, default: 0] -= 1 }
    }

    /// Waits until so many have come in all.
    package func arrivals(_ total: Int) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isThere = state.withLock { state in
                if state.total < total { state.watchers.append((total, continuation)) }
                return state.total >= total
            }
            if isThere { continuation.resume() }
        }
    }

    package func open() {
        let held = state.withLock { state in
            defer { state.held = [] }
            state.isOpen = true
            return state.held
        }
        for one in held { one.resume() }
    }
}
