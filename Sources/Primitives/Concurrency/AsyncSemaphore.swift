import Synchronization

/// Lets at most `limit` callers through at a time; the others wait in line without holding a thread.
///
/// Waiters are served in order. A waiter is not taken out of the line when its task is cancelled: whoever holds a place is bound
/// by a deadline of its own, so the line always moves.
package final class AsyncSemaphore: Sendable {
    private struct State {
        var free: Int
        var line: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    package init(limit: Int) { state = Mutex(State(free: max(1, limit))) }

    package func withPermit<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        await acquire()
        defer { release() }
        return try await body()
    }

    private func acquire() async {
        await withCheckedContinuation { continuation in
            let passes = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.line.append(continuation)
                return false
            }
            if passes { continuation.resume() }
        }
    }

    private func release() {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard state.line.isEmpty else { return state.line.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
