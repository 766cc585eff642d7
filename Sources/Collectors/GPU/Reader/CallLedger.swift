import Primitives
import Synchronization

/// How often each call has returned each code, and which calls have not returned yet. Shared by all threads of the helper.
final class CallLedger: Sendable {
    private struct Key: Hashable {
        let call: String
        let code: Int32
    }

    private struct State {
        var counts: [Key: Int] = [:]
        var changed: Set<Key> = []
        /// By the number of who makes it.
        var pending: [Int: Pending] = [:]
        var nextCaller = 0
    }

    /// A call under way.
    struct Pending: Sendable {
        var uuid: String?
        var call: String
        var since: ContinuousClock.Instant
    }

    private let state = Mutex(State())

    /// A number for who makes calls.
    func newCaller() -> Int {
        state.withLock { state in
            state.nextCaller += 1
            return state.nextCaller
        }
    }

    func begin(_ call: String, caller: Int, uuid: String?) {
        state.withLock { $0.pending[caller] = Pending(uuid: uuid, call: call, since: .now) }
    }

    func end(_ call: String, _ code: ReturnCode, caller: Int) {
        let key = Key(call: call, code: code.rawValue)
        state.withLock { state in
            state.pending[caller] = nil
            state.counts[key, default: 0] += 1
            state.changed.insert(key)
        }
    }

    /// What has changed since this was asked last.
    func takeChanges() -> [ReaderLine.CallCount] {
        state.withLock { state in
            defer { state.changed = [] }
            return state.changed.map { ReaderLine.CallCount(call: $0.call, code: $0.code, count: state.counts[$0] ?? 0) }
                .sorted { ($0.call, $0.code) < ($1.call, $1.code) }
        }
    }

    /// Calls that have been under way for longer than that, the oldest first.
    func pending(longerThan seconds: Double, now: ContinuousClock.Instant = .now) -> [ReaderLine.StuckCall] {
        state.withLock { state in
            state.pending.values.map { ReaderLine.StuckCall(uuid: $0.uuid, call: $0.call, seconds: (now - $0.since).seconds) }
                .filter { $0.seconds > seconds }.sorted { $0.seconds > $1.seconds }
        }
    }

    /// How often each call has returned each code, for tests and benchmarks.
    var counts: [String: Int] {
        state.withLock { state in
            Dictionary(state.counts.map { ("\($0.key.call) \($0.key.code)", $0.value) }) { first, _ in first }
        }
    }
}
