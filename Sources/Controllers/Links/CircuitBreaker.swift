import Primitives

/// Keeps calls from a provider that does not answer, and lets a few through from time to time to see whether it does again.
///
/// Only what says that nobody answers counts: a provider that says no works.
struct CircuitBreaker: Sendable {
    struct Settings: Sendable {
        /// So many failures in a row open it.
        var failures = 10
        /// For how long it opens at first; twice as long each time that a trial fails.
        var openSeconds = 5.0
        var longestSeconds = 60.0
        /// Calls that are let through at a time when that time is over; all must go well to close it.
        var trials = 3
    }

    /// As `virtrigaud_circuit_breaker_state` has it.
    enum Position: Int, Sendable {
        case closed = 0
        case halfOpen = 1
        case open = 2
    }

    private enum State {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant, seconds: Double)
        /// - begun: trials that are out; - done: trials that went well.
        case halfOpen(begun: Int, done: Int, seconds: Double)
    }

    private let settings: Settings
    private var state = State.closed(failures: 0)
    /// Failures that counted, since the start.
    private(set) var failures = 0

    init(_ settings: Settings = Settings()) { self.settings = settings }

    func position(_ now: ContinuousClock.Instant) -> Position {
        switch state {
        case .closed: .closed
        case .open(let until, _): now < until ? .open : .halfOpen
        case .halfOpen: .halfOpen
        }
    }

    /// How long a call must wait; nil when it may go. One that may go must be told of by `note` or `forget`.
    mutating func admit(_ now: ContinuousClock.Instant) -> Double? {
        switch state {
        case .closed: return nil
        case .open(let until, let seconds):
            guard now >= until else { return (until - now).seconds }
            state = .halfOpen(begun: 1, done: 0, seconds: seconds)
            return nil
        case .halfOpen(let begun, let done, let seconds):
            // The trials that are out will say.
            guard begun < settings.trials else { return 1 }
            state = .halfOpen(begun: begun + 1, done: done, seconds: seconds)
            return nil
        }
    }

    /// How a call ended.
    mutating func note(isAnswered: Bool, _ now: ContinuousClock.Instant) {
        if !isAnswered { failures += 1 }
        switch (state, isAnswered) {
        case (.closed, true): state = .closed(failures: 0)
        case (.closed(let failures), false):
            if failures + 1 < settings.failures {
                state = .closed(failures: failures + 1)
            } else {
                state = .open(until: now.advanced(by: .seconds(settings.openSeconds)), seconds: settings.openSeconds)
            }
        case (.halfOpen(let begun, let done, let seconds), true):
            state =
                done + 1 < settings.trials ? .halfOpen(begun: max(0, begun - 1), done: done + 1, seconds: seconds) : .closed(failures: 0)
        case (.halfOpen(_, _, let seconds), false):
            let longer = min(settings.longestSeconds, seconds * 2)
            state = .open(until: now.advanced(by: .seconds(longer)), seconds: longer)
        // A call that went past it, or that was out when it opened: somebody is there, and trials may begin at once.
        case (.open(_, let seconds), true): state = .halfOpen(begun: 0, done: 1, seconds: seconds)
        case (.open, false): break
        }
    }

    /// A call that was let through was not made, or says nothing of the provider.
    mutating func forget() {
        if case .halfOpen(let begun, let done, let seconds) = state {
            state = .halfOpen(begun: max(0, begun - 1), done: done, seconds: seconds)
        }
    }

    /// Somebody else has seen that nobody answers.
    mutating func open(_ now: ContinuousClock.Instant) {
        if case .closed = state { state = .open(until: now.advanced(by: .seconds(settings.openSeconds)), seconds: settings.openSeconds) }
    }
}
