import Synchronization

/// What is counted of lines on their way, for as long as the process lives.
package final class LogsTally: Sendable {
    enum Source: String, Sendable, CaseIterable {
        case journal, containers
    }

    struct Contents: Sendable {
        struct Reading: Sendable {
            var lines = 0
            var bytes = 0
            var isUp: Bool?
            var problem: String?
            var restarts = 0
        }

        var read: [Source: Reading] = [:]
        var cut = 0
        /// Lines that were left out on purpose, by why.
        var skipped: [String: Int] = [:]
        var storedLines = 0
        var storedBytes = 0
        var pushes: [String: Int] = [:]
        var dropped: [String: Int] = [:]
        var stateFailures = 0
        var stateProblem: String?
        var lastSuccess: Double?
        /// When the oldest line of the batch was written that is on its way.
        var sending: Int64?
        /// Why nothing is stored at the moment.
        var obstacle: String?
        /// Pushes in a row of which Loki has taken no line, and why not the last.
        var refusedInARow = 0
        var refusal = ""
    }

    private let state = Mutex(Contents())

    package init() {}

    var contents: Contents { state.withLock { $0 } }

    func note(read source: Source, lines: Int, bytes: Int, cut: Int) {
        state.withLock { state in
            state.read[source, default: .init()].lines += lines
            state.read[source, default: .init()].bytes += bytes
            state.cut += cut
        }
    }
    func note(_ source: Source, isUp: Bool, problem: String? = nil) {
        state.withLock { state in
            state.read[source, default: .init()].isUp = isUp
            state.read[source, default: .init()].problem = problem
        }
    }
    func note(restartOf source: Source) { state.withLock { $0.read[source, default: .init()].restarts += 1 } }
    func note(skipped count: Int, for reason: String) { state.withLock { $0.skipped[reason, default: 0] += count } }
    func note(dropped count: Int, for reason: String) { state.withLock { $0.dropped[reason, default: 0] += count } }
    func note(sending time: Int64?) { state.withLock { $0.sending = time } }
    func note(_ outcome: PushOutcome) { state.withLock { $0.pushes[outcome.word, default: 0] += 1 } }
    func note(obstacle words: String) { state.withLock { $0.obstacle = words } }
    func note(stored lines: Int, bytes: Int, at now: Double) {
        state.withLock { state in
            state.storedLines += lines
            state.storedBytes += bytes
            state.lastSuccess = now
            state.obstacle = nil
            state.refusedInARow = 0
        }
    }
    /// Loki answers, and takes nothing.
    func note(refusedWhole reason: String) {
        state.withLock { state in
            state.refusedInARow += 1
            state.refusal = reason
            state.obstacle = nil
        }
    }
    func note(stateProblem problem: String?) {
        state.withLock { state in
            if problem != nil { state.stateFailures += 1 }
            state.stateProblem = problem
        }
    }
}
