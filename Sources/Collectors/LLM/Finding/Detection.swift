import Ownership
import Web

/// Finds out what a server is by answers that only its kind gives. Each path is asked once, the telling ones first.
enum Detection {
    enum Result {
        case found(any ServerKind.Type)
        /// Nothing that is known, and why.
        case nothing(PollProblem)
    }

    static func find(_ questions: Questions) async -> Result {
        var silence: PollProblem?
        for step in steps {
            switch await questions.get(step.path, limitBytes: step.path == "/metrics" ? Questions.expositionBytes : Questions.answerBytes) {
            case .failed(let problem):
                silence = silence ?? problem
                // Whoever cannot be reached says nothing to the next question either; who is slow has no time left for it, unless it was
                // the exposition that is slow.
                let isOver = problem.outcome == .timeout && step.path != "/metrics"
                if problem.outcome == .refused || problem.outcome == .tls || isOver { return .nothing(problem) }
            case .told(let response):
                for suspect in step.suspects where suspect.sign.isSeen(response) {
                    if await isConfirmed(suspect.sign, questions) { return .found(suspect.kind) }
                }
            }
        }
        let words = questions.explanation ?? "what answers is no server that is known; say its kind if it is one"
        return .nothing(silence ?? PollProblem(.status, words))
    }

    /// Whether one of the answers is there that a sign needs beside its own.
    private static func isConfirmed(_ sign: Sign, _ questions: Questions) async -> Bool {
        for other in sign.confirmations {
            if case .told(let response) = await questions.get(other.path), other.isSeen(response) { return true }
        }
        return sign.confirmations.isEmpty
    }

    /// A path, and who is known by its answer.
    private struct Step: Sendable {
        struct Suspect: Sendable {
            let kind: any ServerKind.Type
            let sign: Sign
        }

        let path: String
        var suspects: [Suspect]
    }

    /// The first signs of all kinds, then the second ones.
    private static let steps = makeSteps()

    private static func makeSteps() -> [Step] {
        var steps: [Step] = []
        let most = ServerKinds.all.map { $0.signs.count }.max() ?? 0
        for place in 0..<most {
            for kind in ServerKinds.all where place < kind.signs.count {
                let suspect = Step.Suspect(kind: kind, sign: kind.signs[place])
                if let known = steps.firstIndex(where: { $0.path == suspect.sign.path }) {
                    steps[known].suspects.append(suspect)
                } else {
                    steps.append(Step(path: suspect.sign.path, suspects: [suspect]))
                }
            }
        }
        return steps
    }
}
