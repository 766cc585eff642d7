import JSON
import Primitives
import Synchronization
import Web

/// One simulated server: its engines, its dialect, and what is wrong with it because a test wants it.
final class LLMServer: Sendable {
    /// A request as a server counts it.
    struct Count: Hashable, Sendable {
        let path: String
        let method: String
        let status: Int
    }

    let plan: LLMPlan.Server
    let dialect: any LLMDialect
    /// One for each model, in the order of the plan.
    let desks: [EngineDesk]
    /// Of a proxy: who is behind it.
    let backends: [LLMServer]
    let clock: WallClock
    let faults: LLMFaults
    private let counts = Mutex<[Count: Int]>([:])
    /// llama.cpp: what was counted when somebody looked last.
    private let lastLook = Mutex((promptTokens: 0.0, promptSeconds: 0.0, tokens: 0.0, seconds: 0.0))
    /// Ollama: when a client used a model last, or let it go; unix time.
    private let uses = Mutex<[String: (used: Double, left: Double)]>([:])
    /// Paths that a client makes up do not grow the table for ever.
    private static let countLimit = 200

    init(
        _ plan: LLMPlan.Server, dialect: any LLMDialect, desks: [EngineDesk], backends: [LLMServer] = [], clock: WallClock,
        faults: LLMFaults
    ) {
        self.plan = plan
        self.dialect = dialect
        self.desks = desks
        self.backends = backends
        self.clock = clock
        self.faults = faults
    }

    /// Whether its models are not all in the cards' memory.
    var isSpilled: Bool { faults.has(.spilled, plan.name) != nil }
    /// Of the card that it says it has.
    var cardUUID: String { plan.cardUUID }

    /// All that a client may name, with what answers for it.
    var served: [(model: ServedModel, desk: EngineDesk)] {
        (desks + backends.flatMap(\.desks)).map { ($0.model, $0) }
    }

    /// Unix time of the start of the first engine.
    var startedAt: Double {
        guard let desk = served.first?.desk else { return clock.unixSeconds }
        return desk.epoch + desk.view().start
    }

    /// What it has answered, without what engines count themselves.
    var answered: [Count: Int] { counts.withLock { $0 } }

    /// The desk of a model; of none that is named, the first.
    func desk(of model: String?) -> EngineDesk? {
        guard let model, !model.isEmpty else { return served.first?.desk }
        return served.first { $0.model.name == model }?.desk
    }

    /// Carries a client's order to its engine.
    ///
    /// - Parameter own: who answers whatever model is named.
    /// - Parameter isStream: where the path says it, and not the body.
    func generate(
        _ request: HTTPServerRequest, by own: EngineDesk? = nil, streamsByDefault: Bool = false, isStream: Bool? = nil,
        _ form: @Sendable (EngineDesk, GenerationOrder) -> any AnswerForm
    ) async -> HTTPServerResponse {
        guard request.method == "POST" else { return dialect.refusal(405, "Method Not Allowed") }
        if let refusal = request.refusalOfOtherSites { return refusal }
        var order: GenerationOrder
        do { order = try GenerationOrder(request.body, streamsByDefault: streamsByDefault) } catch {
            return dialect.refusal(400, error.message)
        }
        if let isStream { order.isStream = isStream }
        guard let desk = own ?? desk(of: order.model) else {
            return dialect.refusal(404, "The model `\(HostileText.oneLine(order.model ?? "", limit: 80))` does not exist.")
        }
        return await Generator(desk: desk).answer(request, order, form(desk, order))
    }

    /// Tokens a second since somebody looked last. A look begins the next stretch.
    func window(of book: EngineBook) -> (prompt: Double, predicted: Double) {
        lastLook.withLock { last in
            let now = (
                promptTokens: book.promptTokens - book.cachedTokens, promptSeconds: book.prefillSeconds, tokens: book.generationTokens,
                seconds: book.decodeSeconds
            )
            defer { last = now }
            func rate(_ count: Double, _ seconds: Double) -> Double { seconds > 0 && count > 0 ? count / seconds : 0 }
            return (
                rate(now.promptTokens - last.promptTokens, now.promptSeconds - last.promptSeconds),
                rate(now.tokens - last.tokens, now.seconds - last.seconds)
            )
        }
    }

    /// A client uses a model, or with `isLeft` lets it go.
    func note(_ model: String, isLeft: Bool = false) {
        let now = clock.unixSeconds
        uses.withLock { uses in
            var use = uses[model] ?? (used: -.infinity, left: -.infinity)
            if isLeft { use.left = now } else { use.used = now }
            uses[model] = use
        }
    }

    /// Whether a model is where it stays until a client lets it go.
    ///
    /// - Parameter atFirst: whether it is there before a client has done anything with it.
    func isInMemory(_ model: String, atFirst: Bool) -> Bool { uses.withLock { $0[model] }.map { $0.used > $0.left } ?? atFirst }

    /// Until when a model stays in memory when nobody uses it any more, in unix time; nil when it is not there.
    func residence(of desk: EngineDesk, keepSeconds: Double) -> Double? {
        let now = clock.unixSeconds
        let engine = desk.view()
        let use = uses.withLock { $0[desk.model.name] } ?? (used: -.infinity, left: -.infinity)
        let story = engine.runningCount > 0 ? now : desk.epoch + engine.lastActivity
        let last = max(story, use.used)
        guard last > use.left || engine.runningCount > 0, last + keepSeconds > now else { return nil }
        return last + keepSeconds
    }

    /// What it says; a path that it has not is 404.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        if let wrong = await answerOfFaults(request) { return wrong }
        let response = await dialect.answer(request, of: self) ?? dialect.refusal(404, "Not Found")
        counts.withLock { counts in
            let path = response.status == 404 ? "none" : request.path
            let count = Count(path: path, method: request.method, status: response.status)
            if counts[count] != nil || counts.count < Self.countLimit { counts[count, default: 0] += 1 }
        }
        return response
    }

    /// What it says at a port of its own for metrics.
    func metricsAnswer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        if let wrong = await answerOfFaults(request) { return wrong }
        return TritonDialect(age: plan.age).metricsAnswer(request, of: self)
    }

    /// What it says instead because a test wants it; nil when nothing is wrong, or it only took longer.
    private func answerOfFaults(_ request: HTTPServerRequest) async -> HTTPServerResponse? {
        let (name, path) = (plan.name, request.path)
        if let fault = faults.has(.slow, name, at: path) { try? await Task.sleep(for: .seconds(fault.seconds)) }
        if faults.has(.refuse, name) != nil { return .dropped }
        if faults.has(.loading, name, at: path) != nil { return dialect.refusal(503, "Loading model") }
        if faults.has(.metricsDisabled, name, at: path) != nil {
            return plan.kind == .llamacpp
                ? dialect.refusal(501, "This server does not support metrics endpoint. Start it with `--metrics`")
                : dialect.refusal(404, "Not Found")
        }
        if faults.has(.endless, name, at: path) != nil {
            let line = Array("# no end is in sight of this line of a body\n".utf8)
            let piece = [UInt8]([[UInt8]](repeating: line, count: 64).joined())
            return HTTPServerResponse(
                status: 200, headers: HTTPHeaders([("Content-Type", "text/plain; version=0.0.4; charset=utf-8")]),
                body: .pieces(BodyPieces(repeatElement(piece, count: .max))))
        }
        if faults.has(.garbage, name, at: path) != nil {
            return HTTPServerResponse(contentType: "text/html", text: "<html><body><h1>It works!</h1></body></html>\n")
        }
        return nil
    }

    /// A form of OpenAI's API for an order.
    func openAI(_ desk: EngineDesk, _ order: GenerationOrder, isChat: Bool, llamaBuild: String? = nil, hasBareErrors: Bool = false)
        -> OpenAIForm
    {
        var generator = SeededGenerator(seed: order.seed, "id", Int(clock.unixSeconds))
        return OpenAIForm(
            isChat: isChat, model: desk.model.name, id: (isChat ? "chatcmpl-" : "cmpl-") + generator.hexadecimal(digits: 32),
            created: Int(clock.unixSeconds), includesUsage: order.includesUsage, llamaBuild: llamaBuild, hasBareErrors: hasBareErrors)
    }

    /// `/v1/models` with members of its own for each.
    func models(
        owner: String, _ more: (ServedModel, inout JSONWriter) -> Void = { _, _ in }, before: (inout JSONWriter) -> Void = { _ in }
    ) -> HTTPServerResponse {
        let created = Int(startedAt)
        return .object { json in
            before(&json)
            json.member("object", "list")
            json.key("data")
            json.array { json in
                for (model, _) in served {
                    json.object { json in
                        json.member("id", model.name)
                        json.member("object", "model")
                        json.member("created", created)
                        json.member("owned_by", owner)
                        more(model, &json)
                    }
                }
            }
        }
    }
}
