import Boards
import JSON
import Primitives
import Web

/// What stands below `/api/boards`, and `/export.csv`: boards resolved, tables finished, numbers to take along.
struct BoardPages: Sendable {
    let catalogue: BoardCatalogue
    let prometheus: QuestionDesk
    let questions: PrometheusQuestions
    let scrapeSeconds: Double
    let hasLoki: Bool
    let clock: WallClock
    /// Whatever costs more than a moment is done there.
    let workshop: Workshop
    let heldAnswers: HeldAnswers
    /// Of one request at a time, so that a board with hundreds of queries does not keep those of others waiting.
    private static let questionsAtOnce = 10

    func answer(_ request: HTTPServerRequest, _ part: ViewerTally.Part) async throws(Refusal) -> HTTPServerResponse {
        if request.path == "/api/boards" { return ViewerSite.json(200, list(), request) }
        let effort = Effort(request, seconds: workshop.limits.workSeconds)
        return try await workshop.serve(effort) {
            do throws(Refusal) {
                return .success(part == .csv ? try await csv(request, effort) : try await resolved(request, effort))
            } catch {
                return .failure(error)
            }
        }
    }

    private func resolved(_ request: HTTPServerRequest, _ effort: Effort) async throws(Refusal) -> HTTPServerResponse {
        let names = request.path.dropFirst("/api/boards/".count).split(separator: "/", omittingEmptySubsequences: false)
        switch names.count {
        case 1:
            let (board, query, chain) = try await chain(of: String(names[0]), request, effort)
            return try await workshop.run(effort) {
                var writer = JSONWriter(reservingBytes: 64 << 10)
                BoardView(board: board, query: query, variables: chain).write(into: &writer)
                return ViewerSite.json(200, writer.bytes, request)
            }
        case 4 where names[1] == "panels" && names[3] == "frame":
            let panel = try await panel(String(names[2]), of: String(names[0]), request, effort)
            let (share, answers) = await answers(for: panel, effort)
            defer { withExtendedLifetime(share) {} }
            return try await workshop.run(effort) {
                var writer = JSONWriter(reservingBytes: 64 << 10)
                panel.frame(from: answers.map { Self.read($0, $1) }).write(into: &writer)
                return ViewerSite.json(200, writer.bytes, request)
            }
        default: throw Refusal(404, "There is nothing at this path.")
        }
    }

    private func list() -> [UInt8] {
        var writer = JSONWriter(reservingBytes: 8 << 10)
        writer.array { writer in
            for entry in catalogue.entries {
                writer.object { writer in
                    writer.member("uid", entry.uid)
                    writer.member("title", entry.title)
                    writer.key("tags")
                    writer.array { writer in for tag in entry.tags { writer.string(tag) } }
                    writer.key("problem")
                    if let problem = entry.problem { writer.string(problem) } else { writer.null() }
                }
            }
        }
        return writer.bytes
    }

    /// `GET /export.csv?board=UID&panel=KEY&…`
    private func csv(_ request: HTTPServerRequest, _ effort: Effort) async throws(Refusal) -> HTTPServerResponse {
        guard let uid = request.parameter("board"), let key = request.parameter("panel") else {
            throw Refusal(400, "The parameters board and panel are needed.")
        }
        let panel = try await panel(key, of: uid, request, effort)
        guard !panel.asked.isEmpty else { throw Refusal(404, "This panel has no numbers: it asks Prometheus for nothing.") }
        let (share, answers) = await answers(for: panel, effort)
        defer { withExtendedLifetime(share) {} }
        let frame = try await workshop.run(effort) { panel.frame(from: answers.map { Self.read($0, $1) }) }
        if let problem = frame.problems.first, frame.length == 0 { throw Refusal(502, problem.message) }
        var response = HTTPServerResponse(status: 200, body: .pieces(BodyPieces(frame.csv, heldBytes: frame.heldBytes)))
        response.headers.add("Content-Type", "text/csv; charset=utf-8; header=present")
        response.headers.add("Content-Disposition", "attachment; filename=\"\(Self.fileName(panel.fileName))\"")
        response.headers.add("Cache-Control", "no-store")
        return response
    }

    /// Letters, digits and a few signs that mean nothing in a header or a path; others become a hyphen. It ends in `.csv`.
    static func fileName(_ text: String) -> String {
        let plain = text.utf8.prefix(120).map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): byte
            default: UInt8(ascii: "-")
            }
        }
        let stem = String(decoding: plain.drop { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: " ") }, as: UTF8.self)
        return stem.hasSuffix(".csv") ? stem : (stem.isEmpty ? "panel" : stem) + ".csv"
    }

    // MARK: resolving

    /// The board, what is asked of it, and its variables with their values.
    private func chain(of uid: String, _ request: HTTPServerRequest, _ effort: Effort) async throws(Refusal) -> (
        Board, BoardQuery, VariableChain
    ) {
        guard let entry = catalogue.entry(uid) else { throw Refusal(404, "There is no board with this uid.") }
        guard let board = entry.board else { throw Refusal(422, "\(entry.problem ?? "it holds nothing").") }
        let query = try query(board, request, effort)
        var (chain, asks) = try await workshop.run(effort) {
            let chain = VariableChain(board: board, query: query)
            return (chain, chain.asks)
        }
        let deadline = Deadline.after(seconds: prometheus.timeoutSeconds)
        // A board of a stranger's making may ask for ever.
        for _ in 0...board.variables.count where !asks.isEmpty {
            let found =
                deadline.hasPassed
                ? asks.map { ($0.name, VariableAnswer.failed(Self.noTime)) }
                : try await answers(to: asks, query, effort)
            (chain, asks) = try await workshop.run(effort) { [chain] in
                var chain = chain
                for (name, answer) in found { chain.answer(name, answer) }
                return (chain, chain.asks)
            }
        }
        return (board, query, chain)
    }

    private func query(_ board: Board, _ request: HTTPServerRequest, _ effort: Effort) throws(Refusal) -> BoardQuery {
        let width = request.parameter("width").flatMap { Int($0) } ?? 1280
        // Seconds that the page's zone is east of UTC.
        let offset = request.parameter("offset").flatMap { Int($0) } ?? 0
        let now = Int((clock.unixSeconds * 1000).rounded(.down))
        let made = BoardQuery(
            from: request.parameter("from") ?? board.from, to: request.parameter("to") ?? board.to, nowMilliseconds: now,
            width: width.clamped(to: 200...8000), offsetSeconds: offset.clamped(to: -50_400...50_400))
        guard var query = made else { throw Refusal(400, "from and to: expected times such as now-6h and now, from before to.") }
        guard Double(query.to - query.from) / 1000 <= questions.maxRangeSeconds else {
            throw Refusal(
                400, "This is a longer time than dashboards.max_range allows, which is \(Int(questions.maxRangeSeconds / 86_400)) days.")
        }
        query.scrapeIntervalSeconds = scrapeSeconds
        query.limits.isGivenUp = { effort.isOver }
        for (name, value) in request.query where name.hasPrefix("var-") {
            query.chosen[String(name.dropFirst("var-".count)), default: []].append(value)
        }
        if hasLoki { query.dataSources.append(DataSource(type: "loki", name: "Loki", uid: "loki")) }
        return query
    }

    private func answers(to asks: [VariableAsk], _ query: BoardQuery, _ effort: Effort) async throws(Refusal) -> [(String, VariableAnswer)]
    {
        let deadline = Deadline.after(seconds: prometheus.timeoutSeconds)
        let results = await Self.inTurns(asks) { ask -> Result<(String, VariableAnswer), Refusal> in
            guard !deadline.hasPassed else { return .success((ask.name, .failed(Self.noTime))) }
            do throws(Refusal) {
                return .success((ask.name, try await answer(to: ask.question, query, effort)))
            } catch {
                return .failure(error)
            }
        }
        var answers: [(String, VariableAnswer)] = []
        for result in results { answers.append(try result.get()) }
        return answers
    }

    private func answer(to question: VariableQuestion, _ query: BoardQuery, _ effort: Effort) async throws(Refusal) -> VariableAnswer {
        let asked: Upstream.Question
        do throws(Refusal) {
            asked = try self.asked(question, query)
        } catch {
            return .failed(error.words)
        }
        switch await prometheus.answer(asked) {
        case .failure(let problem): return .failed(problem.words)
        case .success(let answer):
            return try await workshop.run(effort) {
                guard let document = try? JSONDocument(parsing: answer.body) else {
                    return VariableAnswer.failed("Prometheus' answer is no JSON")
                }
                return document.withRoot { VariableAnswer.reading(question, $0) }
            }
        }
    }

    private func asked(_ question: VariableQuestion, _ query: BoardQuery) throws(Refusal) -> Upstream.Question {
        let span = [("start", String(query.startSeconds)), ("end", String(query.endSeconds))].map { (name: $0, value: $1) }
        func matching(_ selector: String?) -> [(name: String, value: String)] {
            (selector.map { [(name: "match[]", value: $0)] } ?? []) + span
        }
        switch question {
        case .labelValues(let selector, let label):
            guard PrometheusQuestions.isLabel(label) else { throw Refusal(400, "label_values asks for a label that none can be.") }
            return try questions.selection(matching(selector), "/api/v1/label/\(label)/values")
        case .labelNames(let selector): return try questions.selection(matching(selector), "/api/v1/labels")
        case .metricNames: return try questions.selection(span, "/api/v1/label/__name__/values")
        case .queryResult(let expression): return questions.instant(expression, at: Double(query.to) / 1000)
        case .series(let selector): return try questions.question("/api/v1/series", matching(selector))
        }
    }

    private static let noTime = "No time was left to ask for its values."

    /// What becomes of each, in their order, a few at a time.
    private static func inTurns<Item: Sendable, Value: Sendable>(
        _ items: [Item], _ work: @escaping @Sendable (Item) async -> Value
    ) async -> [Value] {
        await withTaskGroup(of: (Int, Value).self) { group in
            var values: [(Int, Value)] = []
            for (index, item) in items.enumerated() {
                if index >= questionsAtOnce, let value = await group.next() { values.append(value) }
                group.addTask { (index, await work(item)) }
            }
            for await value in group { values.append(value) }
            return values.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    // MARK: tables

    private func panel(
        _ key: String, of uid: String, _ request: HTTPServerRequest, _ effort: Effort
    ) async throws(Refusal) -> PanelView {
        let (board, query, chain) = try await chain(of: uid, request, effort)
        let panel = try await workshop.run(effort) { BoardView(board: board, query: query, variables: chain, only: key).panel(key) }
        guard let panel else { throw Refusal(404, "The board has no panel with this key.") }
        return panel
    }

    /// The answers to a panel's queries, and what they are held by until the table is made.
    private func answers(for panel: PanelView, _ effort: Effort) async -> (HeldAnswers.Share, [(TargetView, QuestionDesk.Outcome)]) {
        let share = HeldAnswers.Share(heldAnswers)
        let deadline = Deadline.after(seconds: prometheus.timeoutSeconds)
        let answers = await Self.inTurns(panel.asked) { target -> (TargetView, QuestionDesk.Outcome) in
            func failure(_ status: Int, _ words: String) -> (TargetView, QuestionDesk.Outcome) {
                (target, .failure(UpstreamProblem(status: status, words: words, reason: "refused")))
            }
            guard !effort.isOver, !deadline.hasPassed else { return failure(504, "No time was left to ask this.") }
            let outcome = await ask(target)
            guard case .success(let answer) = outcome, !share.take(answer.body.count) else { return (target, outcome) }
            return failure(502, "The answers to the panel's queries are too large together; ask for less time or fewer series.")
        }
        return (share, answers)
    }

    private func ask(_ target: TargetView) async -> QuestionDesk.Outcome {
        do throws(Refusal) {
            let question =
                target.isInstant
                ? questions.instant(target.expression, at: target.end)
                : try questions.range(target.expression, from: target.start, to: target.end, step: target.step)
            return await prometheus.answer(question)
        } catch {
            return .failure(UpstreamProblem(status: error.status, words: error.words, reason: "refused"))
        }
    }

    private static func read(_ target: TargetView, _ outcome: QuestionDesk.Outcome) -> TargetAnswer {
        switch outcome {
        case .failure(let problem): return TargetAnswer(ref: target.ref, failure: problem.words)
        case .success(let answer):
            guard let document = try? JSONDocument(parsing: answer.body) else {
                return TargetAnswer(ref: target.ref, failure: "Prometheus' answer is no JSON")
            }
            return document.withRoot { TargetAnswer(ref: target.ref, answer: $0) }
        }
    }
}
