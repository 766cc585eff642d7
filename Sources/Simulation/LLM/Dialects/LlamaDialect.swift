import JSON
import Primitives
import Web

/// llama.cpp's llama-server: b11434 or, as old, b4500; started with --metrics.
struct LlamaDialect: LLMDialect {
    let age: LLMVersion

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] { [] }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        let text = status == 404 ? "File Not Found" : message
        return Self.signed(HTTPServerResponse(status: status, json: Self.error(status, text)))
    }

    static func error(_ status: Int, _ message: String) -> [UInt8] {
        let type =
            switch status {
            case 400: "invalid_request_error"
            case 404: "not_found_error"
            case 501: "not_supported_error"
            case 503: "unavailable_error"
            default: "server_error"
            }
        var json = JSONWriter()
        json.object { json in
            json.key("error")
            json.object { json in
                json.member("code", status)
                json.member("message", message)
                json.member("type", type)
            }
        }
        return json.bytes
    }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        guard let desk = server.desks.first else { return nil }
        // With several models it is a router, which starts a server for each.
        let answer = server.desks.count > 1 ? await routed(request, server) : await answer(request, desk, server)
        return answer.map(Self.signed)
    }

    /// With what goes with every answer of its, once.
    private static func signed(_ response: HTTPServerResponse) -> HTTPServerResponse {
        guard response.headers["Server"] == nil else { return response }
        var response = response
        let fields = response.headers.fields.map { name, value in
            (name, name == "Content-Type" && value == "application/json" ? "application/json; charset=utf-8" : value)
        }
        response.headers = HTTPHeaders(fields + [("Server", "llama.cpp")])
        return response
    }

    /// What the server of one model answers.
    func answer(_ request: HTTPServerRequest, _ desk: EngineDesk, _ server: LLMServer) async -> HTTPServerResponse? {
        switch request.path {
        case "/metrics":
            let headers = [("Process-Start-Time-Unix", Self.startText(of: server)), ("Content-Type", "text/plain; version=0.0.4")]
            return HTTPServerResponse(status: 200, headers: HTTPHeaders(headers), body: .bytes(metrics(of: desk, server).bytes))
        case "/health", "/v1/health": return .object { $0.member("status", "ok") }
        case "/slots": return slots(request, desk)
        case "/props": return properties(desk, server)
        case "/v1/models", "/models": return models(desk, server)
        case "/v1/chat/completions", "/v1/completions", "/chat/completions":
            guard request.method == "POST" else { return nil }
            let isChat = request.path.hasSuffix("/chat/completions")
            let build = build(of: server)
            // Whatever model is named, it is the one that there is.
            return await server.generate(request, by: desk) { server.openAI($0, $1, isChat: isChat, llamaBuild: build) }
        case "/completion", "/completions":
            guard request.method == "POST" else { return nil }
            return await server.generate(request, by: desk) { desk, _ in LlamaForm(model: desk.model.name) }
        default: return nil
        }
    }

    /// Not the time of day, whatever the header is called, but microseconds since the machine was started.
    private static func startText(of server: LLMServer) -> String {
        "\(Int((server.startedAt.truncatingRemainder(dividingBy: 2_592_000) * 1e6).rounded()))"
    }

    func build(of server: LLMServer) -> String { "\(server.plan.version)-5c1d2e3f" }

    private func slots(_ request: HTTPServerRequest, _ desk: EngineDesk) -> HTTPServerResponse {
        let engine = desk.view()
        if request.parameter("fail_on_no_slot") != nil, engine.runningCount >= desk.shape.slots { return refusal(503, "no slot available") }
        var json = JSONWriter()
        json.array { json in
            for slot in 0..<desk.shape.slots {
                let own = engine.running.first { $0.slot == slot }
                let tokens = own.map { engine.tokens(of: $0) } ?? 0
                json.object { json in
                    json.member("id", slot)
                    json.member("n_ctx", desk.model.contextTokens)
                    json.member("speculative", false)
                    json.member("is_processing", own != nil)
                    guard let own else { return }
                    json.member("id_task", own.number)
                    if age == .new {
                        json.member("n_prompt_tokens", own.prompt + tokens)
                        json.member("n_prompt_tokens_processed", own.isDecoding ? own.prompt - own.cached : 0)
                        json.member("n_prompt_tokens_cache", own.cached)
                        json.key("params")
                        LlamaSettings.write(into: &json, limit: own.limit)
                    }
                    json.key("next_token")
                    func next(_ json: inout JSONWriter) {
                        json.member("has_next_token", true)
                        json.member("has_new_line", false)
                        json.member("n_remain", own.limit - tokens)
                        json.member("n_decoded", tokens)
                    }
                    if age == .new { json.array { $0.object { next(&$0) } } } else { json.object { next(&$0) } }
                }
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }

    func metrics(of desk: EngineDesk, _ server: LLMServer) -> NativeExposition {
        let engine = desk.view()
        let book = engine.book
        var text = NativeExposition(.sixDigits)
        text.counter("llamacpp:prompt_tokens_total", "Tokens of prompts that were read.", book.promptTokens - book.cachedTokens)
        if age == .new {
            text.counter("llamacpp:prompt_tokens_cached_total", "Tokens of prompts that were there already.", book.cachedTokens)
        }
        text.counter("llamacpp:prompt_seconds_total", "Seconds of reading prompts.", book.prefillSeconds)
        text.counter("llamacpp:tokens_predicted_total", "Tokens of answers.", book.generationTokens)
        text.counter("llamacpp:tokens_predicted_seconds_total", "Seconds of making them.", book.decodeSeconds)
        text.counter("llamacpp:n_decode_total", "Steps of the engine.", book.steps.rounded(.down))
        if age == .new {
            text.counter("llamacpp:n_tokens_max", "The most tokens that a request had.", Double(book.longestTokens))
            text.counter("llamacpp:spec_decode_num_draft_tokens_total", "Tokens of drafts.", 0)
            text.counter("llamacpp:spec_decode_num_accepted_tokens_total", "Tokens of drafts that were taken.", 0)
            text.counter("llamacpp:spec_decode_num_drafts_total", "Drafts.", 0)
        }
        // Of what has come since somebody looked last: two who look disturb each other.
        let window = server.window(of: book)
        text.gauge("llamacpp:prompt_tokens_seconds", "Tokens of prompts a second, since the last look.", window.prompt)
        text.gauge("llamacpp:predicted_tokens_seconds", "Tokens of answers a second, since the last look.", window.predicted)
        if age == .old {
            text.gauge("llamacpp:kv_cache_usage_ratio", "Part of the cache in use; 1 is all.", engine.cacheUse)
            text.gauge("llamacpp:kv_cache_tokens", "Tokens in the cache.", engine.cacheTokens.rounded())
        }
        text.gauge("llamacpp:requests_processing", "Requests in slots.", Double(engine.runningCount))
        text.gauge("llamacpp:requests_deferred", "Requests in the queue.", Double(engine.waitingCount))
        text.gauge(
            "llamacpp:n_busy_slots_per_decode", "Slots in use at a step, the mean since the start.",
            book.steps > 0 ? book.laterTokens / book.steps : 0)
        return text
    }
}
