import Primitives
import Synchronization

/// The wish that everything ends, which wakes who sleeps.
final class Halt: Sendable {
    private struct State {
        var isRaised = false
        var next = 0
        var sleepers: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    private let state = Mutex(State())

    var isRaised: Bool { state.withLock { $0.isRaised } }

    func raise() {
        let sleepers = state.withLock { state in
            defer { (state.isRaised, state.sleepers) = (true, [:]) }
            return state.sleepers
        }
        for sleeper in sleepers.values { sleeper.resume(returning: false) }
    }

    /// False when it was raised before the time was over.
    func sleep(seconds: Double) async -> Bool {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let deadline = Deadline.after(seconds: seconds)
        return await waitInLine(by: deadline) { [self] in
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: number) }
            sleeper?.resume(returning: true)
        } enter: { continuation in
            state.withLock { state in
                if state.isRaised { return false }
                if Task.isCancelled || deadline.hasPassed { return true }
                state.sleepers[number] = continuation
                return nil
            }
        }
    }
}
