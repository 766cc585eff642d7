import Synchronization
import Web

/// What the viewer counts of itself, for as long as the process lives.
final class ViewerTally: Sendable {
    /// What became of a question.
    enum Outcome: String, Sendable, CaseIterable {
        /// The program was asked.
        case asked
        /// Somebody had asked the same just before and waited.
        case joined
        /// The answer was a moment old.
        case kept
        /// Too many questions were waiting.
        case refused
    }

    /// What a request was about.
    enum Part: String, Sendable, CaseIterable {
        case page, me, runbook, boards, frame, csv, prometheus, alertmanager, loki, unknown
    }

    /// What was done to a silence.
    enum Silencing: String, Sendable, CaseIterable {
        case created, expired
    }

    /// Why a board was not worked on to its end.
    enum GivingUp: String, Sendable, CaseIterable {
        /// Too many waited, or it waited for too long.
        case busy
        /// It took longer than it may.
        case time
        /// Whoever asked had gone.
        case gone
    }

    struct Contents: Sendable {
        var answers: [Part: [Int: Int]] = [:]
        var questions: [Upstream.Program: [Outcome: Int]] = [:]
        var upstream: [Upstream.Program: [String: Int]] = [:]
        var silences: [Silencing: Int] = [:]
        var givenUp: [GivingUp: Int] = [:]
    }

    private let state = Mutex(Contents())

    var contents: Contents { state.withLock { $0 } }

    func note(_ part: Part, status: Int) { state.withLock { $0.answers[part, default: [:]][status, default: 0] += 1 } }
    func note(_ program: Upstream.Program, _ outcome: Outcome) {
        state.withLock { $0.questions[program, default: [:]][outcome, default: 0] += 1 }
    }
    /// - Parameter code: the status of the answer, or why there was none.
    func note(_ program: Upstream.Program, _ code: String) {
        state.withLock { $0.upstream[program, default: [:]][code, default: 0] += 1 }
    }
    func note(_ silencing: Silencing) { state.withLock { $0.silences[silencing, default: 0] += 1 } }
    func note(_ reason: GivingUp) { state.withLock { $0.givenUp[reason, default: 0] += 1 } }

    /// Takes over what was counted before a reload.
    func follow(_ other: ViewerTally) {
        let contents = other.contents
        state.withLock { $0 = contents }
    }
}
