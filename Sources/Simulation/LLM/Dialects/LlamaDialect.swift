import JSON
import Primitives
import Web

/// llama.cpp's llama-server: b11434 or, as old, b4500; started with --metrics.
struct LlamaDialect: LLMDialect {
    let age: LLMVersion

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] { [] }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        let type =
            switch status {
            case 400: "invalid_request_error"
            case 404: "not_found_error"
            case 501: "not_supported_error"
            case 503: "unavailable_error"
            default: "server_error"
            }
        return .object(status: status) { json in
            json.key("error")
            json.object { json in
                json.member("code", status)
                json.member("message", status == 404 ? "File Not Found" : message)
                json.member("type", type)
            }
        }
    }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        guard let desk = server.desks.first else { return nil }
        switch request.path {
        case "/metrics":
            var response = HTTPServerResponse.exposition(metrics(of: desk, server), for: request)
            response.headers.add("Process-Start-Time-Unix", "\(Int(server.startedAt))")
            return response
        case "/health", "/v1/health": return .object { $0.member("status", "ok") }
        case "/slots": return slots(request, desk)
        case "/props":
            return .object { json in
                json.key("default_generation_settings")
                json.object { $0.member("n_ctx", desk.model.contextTokens) }
                if age == .new {
                    json.member("endpoint_slots", true)
                    json.member("endpoint_metrics", true)
                }
                json.member("total_slots", desk.shape.slots)
                json.member("model_path", "/models/\(desk.model.name).gguf")
                if age == .new { json.member("is_sleeping", false) }
                json.member("build_info", "\(server.plan.version)-5c1d2e3f")
            }
        case "/v1/models", "/models":
            return server.models(owner: "llamacpp") { model, json in
                json.key("meta")
                json.object { json in
                    json.member("n_vocab", 128_256)
                    json.member("n_ctx_train", model.contextTokens * 4)
                    json.member("n_embd", 4_096)
                    json.member("n_params", Int(model.billions * 1e9))
                    json.member("size", model.bytes)
                }
            } before: {
                likeOllama(desk.model, &$0)
            }
        case "/v1/chat/completions", "/v1/completions", "/chat/completions":
            let isChat = request.path.hasSuffix("/chat/completions")
            // Whatever model is named, it is the one that there is.
            return await server.generate(request, anyModel: true) { server.openAI($0, $1, isChat: isChat, hasTimings: true) }
        case "/completion", "/completions":
            return await server.generate(request, anyModel: true) { desk, _ in LlamaForm(model: desk.model.name) }
        default: return nil
        }
    }

    /// The list that Ollama's clients look for, too.
    private func likeOllama(_ model: ServedModel, _ json: inout JSONWriter) {
        guard age == .new else { return }
        json.key("models")
        json.array { json in
            json.object { json in
                json.member("name", model.name)
                json.member("model", model.name)
                json.key("details")
                json.object { json in
                    json.member("format", "gguf")
                    json.member("family", "")
                }
            }
        }
    }

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
                    }
                    json.key("next_token")
                    func next(_ json: inout JSONWriter) {
                        json.member("has_next_token", true)
                        json.member("n_remain", own.limit - tokens)
                        json.member("n_decoded", tokens)
                    }
                    if age == .new { json.array { $0.object { next(&$0) } } } else { json.object { next(&$0) } }
                }
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }

    private func metrics(of desk: EngineDesk, _ server: LLMServer) -> NativeExposition {
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
            text.counter("llamacpp:spec_decode_num_drafts_total", "Drafts.", 0)
            text.counter("llamacpp:spec_decode_num_draft_tokens_total", "Tokens of drafts.", 0)
            text.counter("llamacpp:spec_decode_num_accepted_tokens_total", "Tokens of drafts that were taken.", 0)
        }
        text.gauge(
            "llamacpp:n_busy_slots_per_decode", "Slots in use at a step, the mean since the start.",
            book.steps > 0 ? book.laterTokens / book.steps : 0)
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
        return text
    }
}
