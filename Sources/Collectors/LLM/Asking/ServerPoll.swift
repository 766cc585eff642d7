import Ownership
import Primitives
import Web

/// One round of questions to a server: what it is where that is not known, then what its kind is asked.
struct ServerPoll: Sendable {
    struct Result: Sendable {
        var kind: String?
        /// nil where nothing is known of what answers.
        var picture: ServerPicture?
        var problem: PollProblem?
        var durationSeconds: Double
    }

    let http: HTTPClient
    let timeoutSeconds: Double
    let modelLimit: Int

    func run(_ turn: ServerBook.Turn) async -> Result {
        let begin = ContinuousClock.now
        let questions = Questions(
            turn.target.address, round: turn.round, former: turn.former, memory: turn.memory, timeoutSeconds: timeoutSeconds
        ) { [http] request in
            do throws(HTTPClientError) { return .success(try await http.send(request)) } catch { return .failure(error) }
        }
        var result = await run(turn, questions)
        result.durationSeconds = (ContinuousClock.now - begin).seconds
        return result
    }

    private func run(_ turn: ServerBook.Turn, _ questions: Questions) async -> Result {
        var kind = turn.kind.flatMap { ServerKinds.kind(named: $0) }
        if kind == nil {
            switch await Detection.find(questions) {
            case .found(let found): kind = found
            case .nothing(let problem): return Result(problem: problem, durationSeconds: 0)
            }
        }
        guard let kind else { return Result(durationSeconds: 0) }
        // What another server has counted there is not this one's.
        if let formerKind = turn.formerKind, formerKind != kind.name { questions.forget() }
        // Names are remembered all the same: a server that says to be another kind each time has no new ones for it.
        var picture = ServerPicture(models: turn.models?.next(limit: modelLimit) ?? ModelNames(limit: modelLimit))
        await kind.ask(questions, into: &picture)
        picture.settle()
        picture.lacksAnswers = picture.lacksAnswers || questions.lacksAnswers
        picture.losses.count("models", picture.models.overLimit)
        if !picture.isUp, picture.problem == nil {
            let why = questions.explanation.map { ": \($0)" } ?? ""
            picture.problem = PollProblem(.status, "no question is answered as \(kind.title) answers it\(why)")
        }
        note(questions, turn.target, &picture)
        // What is not what it was taken for is looked at anew.
        let isStillIt = turn.target.kind != nil || picture.isUp || [.timeout, .refused].contains(picture.problem?.outcome)
        return Result(kind: isStillIt ? kind.name : nil, picture: picture, problem: picture.problem, durationSeconds: 0)
    }

    /// What somebody should hear of, although it is no failure.
    private func note(_ questions: Questions, _ target: ServerTarget, _ picture: inout ServerPicture) {
        guard picture.isUp else { return }
        if picture.hasNativeMetrics == false {
            picture.concerns[.metrics] = "it answers and has no metrics, as if it was started without"
        }
        if let closed = questions.refusals.first(where: { $0.isClosed && $0.path != "/metrics" }), picture.problem == nil {
            picture.concerns[.access] = "\(closed.path) \(closed.words(hasToken: target.address.authorization != nil))"
        }
        if target.isProbed, let model = target.probedModel, picture.hasAny(.modelLoaded), !picture.listed.contains(model) {
            let some = picture.listed.sorted().prefix(5).joined(separator: ", ")
            picture.concerns[.probedModel] =
                "the model \(shortLine(model, limit: 128)) is not known there, so it is not asked; there is \(some)"
        }
    }
}
