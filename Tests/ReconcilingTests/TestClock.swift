import Primitives
import Reconciling
import Synchronization

/// A clock that stands still until it is told to go on.
final class TestClock: Sendable {
    private struct Ring {
        let instant: TimeSource.Instant
        let number: Int
        let call: @Sendable () -> Void
    }

    private struct State {
        var now = ContinuousClock.now
        var rings: [Ring] = []
        var next = 0
        var watchers: [(set: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var now: TimeSource.Instant { state.withLock { $0.now } }

    /// Rings that are set and have not come.
    var pending: Int { state.withLock { $0.rings.count } }

    var source: TimeSource {
        TimeSource(
            now: { self.now },
            ring: { instant, call in
                let (number, woken) = self.state.withLock { state in
                    state.next += 1
                    state.rings.append(Ring(instant: instant, number: state.next, call: call))
                    let woken = state.watchers.filter { $0.set <= state.next }
                    state.watchers.removeAll { $0.set <= state.next }
                    return (state.next, woken)
                }
                for watcher in woken { watcher.continuation.resume() }
                return { self.state.withLock { state in state.rings.removeAll { $0.number == number } } }
            })
    }

    /// Waits until so many rings were set in all.
    func set(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.next < count { state.watchers.append((count, continuation)) }
                return state.next >= count
            }
            if isThere { continuation.resume() }
        }
    }

    func advance(_ seconds: Double) {
        let end = state.withLock { $0.now.advanced(by: .seconds(seconds)) }
        while true {
            let call: (@Sendable () -> Void)? = state.withLock { state in
                guard let first = state.rings.min(by: { ($0.instant, $0.number) < ($1.instant, $1.number) }), first.instant <= end else {
                    state.now = end
                    return nil
                }
                state.now = max(state.now, first.instant)
                state.rings.removeAll { $0.number == first.number }
                return first.call
            }
            guard let call else { return }
            call()
        }
    }
}
