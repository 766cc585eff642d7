import Primitives
import Synchronization

@testable import ProviderTasks

/// Holds up whoever comes until it is opened; who is cancelled gets through.
final class Gate: Sendable {
    private struct State {
        var count = 0
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let latch = Latch()

    func open() { latch.open() }

    func pass() async {
        let woken = state.withLock { state in
            state.count += 1
            let woken = state.watchers.filter { $0.count <= state.count }
            state.watchers.removeAll { $0.count <= state.count }
            return woken
        }
        for one in woken { one.continuation.resume() }
        _ = await latch.wait(by: .after(seconds: 60))
    }

    /// Waits until so many have come in all.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.count < count { state.watchers.append((count, continuation)) }
                return state.count >= count
            }
            if isThere { continuation.resume() }
        }
    }
}
