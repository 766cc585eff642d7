import Primitives
import Synchronization
import Web

/// What one request may cost: a number of seconds of a core, and nothing once nobody waits for the answer any more.
final class Effort: Sendable {
    /// Why work was given up.
    enum End: Sendable, Equatable {
        /// It took longer than it may.
        case time
        /// Whoever asked has gone.
        case gone
    }

    private struct State {
        var secondsLeft: Double
        /// When the piece of work that is being done must be done.
        var deadline: Deadline?
        /// When it was last looked whether somebody is still there.
        var lookedAt: ContinuousClock.Instant?
        var end: End?
    }

    let guest: FairLine.Guest
    private let isAbandoned: @Sendable () -> Bool
    private let state: Mutex<State>

    init(_ request: HTTPServerRequest, seconds: Double) {
        guest = FairLine.Guest(request)
        isAbandoned = request.isAbandoned
        state = Mutex(State(secondsLeft: seconds))
    }

    var end: End? { state.withLock { $0.end } }

    /// Whether to stop. It is asked often, and looks at the connection twenty times a second at most.
    var isOver: Bool {
        state.withLock { state in
            if state.end != nil { return true }
            let now = ContinuousClock.now
            if let deadline = state.deadline, now >= deadline.instant { state.end = .time }
            if state.end == nil, state.lookedAt.map({ (now - $0).seconds > 0.05 }) ?? true {
                state.lookedAt = now
                if isAbandoned() { state.end = .gone }
            }
            return state.end != nil
        }
    }

    /// Does a piece of the work, which counts.
    func spend<Value>(_ work: () -> Value) -> Value {
        let begin = ContinuousClock.now
        state.withLock { state in
            state.deadline = .after(seconds: state.secondsLeft)
            if state.secondsLeft <= 0 { state.end = state.end ?? .time }
        }
        defer {
            state.withLock { state in
                state.deadline = nil
                state.secondsLeft -= (ContinuousClock.now - begin).seconds
            }
        }
        return work()
    }
}
