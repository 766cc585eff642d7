import Primitives
import Synchronization

/// Asks a program on behalf of many browsers: who asks what somebody else is asking already waits for that answer, and an answer is good for a
/// moment more. Ten browsers with the same board cost one question for each panel.
final class QuestionDesk: Sendable {
    struct Limits: Sendable {
        /// Questions that the program works at.
        var inFlight = 20
        /// Questions that wait for their turn; the next is refused.
        var waiting = 1000
        /// How long an answer is good.
        var keepSeconds = 1.0
        /// Of all answers that are kept, with their questions.
        var keptBytes = 64 << 20
        /// For an answer, its waiting among it.
        var timeoutSeconds = 30.0
    }

    typealias Outcome = Result<UpstreamAnswer, UpstreamProblem>

    private struct Kept {
        let answer: UpstreamAnswer
        let until: ContinuousClock.Instant
        /// With the question, which may be the longer of the two.
        let bytes: Int
    }

    private struct State {
        /// Those that somebody may join.
        var running: [Upstream.Question: Task<Outcome, Never>] = [:]
        /// All that are being asked or wait, those among them that nobody may join any more.
        var working = 0
        var kept: [Upstream.Question: Kept] = [:]
        /// What is kept, the oldest first.
        var order: [Upstream.Question] = []
        /// How many at the beginning of `order` are no more.
        var gone = 0
        var keptBytes = 0
        /// How often all that was known was given up.
        var generation = 0
    }

    let program: Upstream.Program
    private let limits: Limits
    private let ask: @Sendable (Upstream.Question, Deadline) async -> Outcome
    private let turn: AsyncSemaphore
    private let tally: ViewerTally
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    /// - Parameter ask: asks the program, by a deadline.
    init(
        _ program: Upstream.Program, limits: Limits, tally: ViewerTally, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        ask: @escaping @Sendable (Upstream.Question, Deadline) async -> Outcome
    ) {
        self.program = program
        self.limits = limits
        self.tally = tally
        self.now = now
        self.ask = ask
        turn = AsyncSemaphore(limit: limits.inFlight)
    }

    var timeoutSeconds: Double { limits.timeoutSeconds }
    var inFlight: Int { state.withLock { $0.working } }
    var keptBytes: Int { state.withLock { $0.keptBytes } }

    /// The answer to a question that only reads.
    func answer(_ question: Upstream.Question) async -> Outcome {
        let (outcome, task): (ViewerTally.Outcome, Task<Outcome, Never>) = state.withLock { state in
            forgetOld(&state)
            if let kept = state.kept[question] { return (.kept, Task.detached { .success(kept.answer) }) }
            if let running = state.running[question] { return (.joined, running) }
            guard state.working < limits.inFlight + limits.waiting else {
                return (.refused, Task.detached { .failure(Self.busy(self.program)) })
            }
            let generation = state.generation
            let task = Task.detached { await self.work(question, generation) }
            state.running[question] = task
            state.working += 1
            return (.asked, task)
        }
        tally.note(program, outcome)
        return await task.value
    }

    /// Answers of before are good for nobody any more: something was changed.
    func forget() {
        state.withLock { state in
            state.generation += 1
            (state.running, state.kept, state.keptBytes) = ([:], [:], 0)
            (state.order, state.gone) = ([], 0)
        }
    }

    private func work(_ question: Upstream.Question, _ generation: Int) async -> Outcome {
        let deadline = Deadline.after(seconds: limits.timeoutSeconds)
        let outcome = await turn.withPermit(by: deadline) { await ask(question, deadline) } ?? .failure(Self.busy(program))
        state.withLock { state in
            state.working -= 1
            guard state.generation == generation else { return }
            state.running[question] = nil
            // An answer that says what is wrong with the question is as good for the next who asks it.
            guard case .success(let answer) = outcome, answer.status < 500 else { return }
            forgetOld(&state)
            let bytes = answer.body.count + question.form.utf8.count + question.path.utf8.count
            guard state.keptBytes + bytes <= limits.keptBytes else { return }
            state.order.append(question)
            state.kept[question] = Kept(answer: answer, until: now().advanced(by: .seconds(limits.keepSeconds)), bytes: bytes)
            state.keptBytes += bytes
        }
        return outcome
    }

    /// All are kept for the same time, so the oldest go first.
    private func forgetOld(_ state: inout State) {
        let now = now()
        while state.gone < state.order.count {
            let question = state.order[state.gone]
            if let kept = state.kept[question], kept.until > now { break }
            state.keptBytes -= state.kept.removeValue(forKey: question)?.bytes ?? 0
            state.gone += 1
        }
        // Moved up rarely, so that each costs the same however many there are.
        guard state.gone > 16, state.gone >= state.order.count / 2 else { return }
        state.order.removeFirst(state.gone)
        state.gone = 0
    }

    private static func busy(_ program: Upstream.Program) -> UpstreamProblem {
        UpstreamProblem(status: 503, words: "Too many questions wait for \(program.title); ask again in a moment.", reason: "busy")
    }
}
