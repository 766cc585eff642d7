import Synchronization

/// Lets at most `limit` callers through at a time; the others wait in line, in order and without holding a thread, each no longer than
/// it has time for.
package final class AsyncSemaphore: Sendable {
    private struct Waiter {
        let number: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var free: Int
        var line: [Waiter] = []
        var next = 0
    }

    private let state: Mutex<State>

    package init(limit: Int) { state = Mutex(State(free: max(1, limit))) }

    /// Runs the body once there is a place; nil when the deadline comes first or the task is cancelled.
    package func withPermit<Value>(by deadline: Deadline, _ body: () async throws -> Value) async rethrows -> Value? {
        guard await acquire(by: deadline) else { return nil }
        defer { release() }
        return try await body()
    }

    private func acquire(by deadline: Deadline) async -> Bool {
        let number: Int? = state.withLock { state in
            if state.free > 0 {
                state.free -= 1
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let number else { return true }
        return await waitInLine(by: deadline) {
            self.giveUp(number)
        } enter: { continuation in
            state.withLock { state in
                // Since it was asked for a number, a place may have come free, or time may have run out.
                if Task.isCancelled || deadline.hasPassed { return false }
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.line.append(Waiter(number: number, continuation: continuation))
                return nil
            }
        }
    }

    private func giveUp(_ number: Int) {
        let waiter: Waiter? = state.withLock { state in
            state.line.firstIndex { $0.number == number }.map { state.line.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
    }

    private func release() {
        let next: Waiter? = state.withLock { state in
            guard state.line.isEmpty else { return state.line.removeFirst() }
            state.free += 1
            return nil
        }
        next?.continuation.resume(returning: true)
    }
}
