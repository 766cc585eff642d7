import Primitives
import Synchronization

/// Something that happens once, and that any number of tasks wait for.
final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var next = 0
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    /// False when the deadline comes first or the task is cancelled.
    func wait(by deadline: Deadline) async -> Bool {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await waitInLine(by: deadline) {
            self.state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: false)
        } enter: { continuation in
            state.withLock { state in
                if state.isOpen { return true }
                if Task.isCancelled || deadline.hasPassed { return false }
                state.waiters[number] = continuation
                return nil
            }
        }
    }
}
