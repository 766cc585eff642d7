import Synchronization

/// What happened, in order; who waits for it is woken.
final class Log: Sendable {
    private struct State {
        var lines: [String] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }

    func add(_ line: String) {
        let woken = state.withLock { state in
            state.lines.append(line)
            let woken = state.watchers.filter { $0.count <= state.lines.count }
            state.watchers.removeAll { $0.count <= state.lines.count }
            return woken
        }
        for one in woken { one.continuation.resume() }
    }

    /// The first so many lines, when there are as many.
    func first(_ count: Int) async -> [String] {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.lines.count < count { state.watchers.append((count, continuation)) }
                return state.lines.count >= count
            }
            if isThere { continuation.resume() }
        }
        return Array(lines.prefix(count))
    }
}
