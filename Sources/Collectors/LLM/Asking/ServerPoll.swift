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
            turn.target.address, round: turn.round, former: turn.former, deadline: .after(seconds: timeoutSeconds)
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
        var picture = ServerPicture(models: turn.former?.models.next(limit: modelLimit) ?? ModelNames(limit: modelLimit))
        await kind.ask(questions, into: &picture)
        picture.settle()
        if !picture.isUp, picture.problem == nil {
            picture.problem = PollProblem(.status, "no question is answered as \(kind.title) answers it")
        }
        // What is not what it was taken for is looked at anew.
        let isStillIt = turn.target.kind != nil || picture.isUp || [.timeout, .refused].contains(picture.problem?.outcome)
        return Result(kind: isStillIt ? kind.name : nil, picture: picture, problem: picture.problem, durationSeconds: 0)
    }
}
