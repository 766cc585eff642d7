import JSON
import Primitives
import Web

/// SGLang: 0.5.23 or, as old, 0.4.6; started with --enable-metrics.
struct SGLangDialect: LLMDialect {
    let age: LLMVersion

    private static let firstToken = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400]
    private static let duration = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400, 600, 1200, 1800, 2400]
    private static let token = [
        0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8,
    ]
    private static let oldDuration = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400, 800]
    private static let queue = [
        0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 300, 400, 500, 600,
        700, 800, 900,
        1000, 1200, 1400, 1600, 1800, 2000, 2500, 3000,
    ]

    private static let tokens: [Double] = [
        100, 300, 500, 700, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 12_500, 15_000, 17_500, 20_000, 22_500,
        25_000, 27_500, 30_000, 35_000, 40_000, 60_000, 80_000, 100_000, 200_000, 300_000, 400_000, 600_000, 800_000, 1_000_000, 1_100_000,
    ]

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] {
        switch measure {
        case .timeToFirstToken: Self.firstToken
        case .interTokenLatency, .timePerOutputToken: Self.token
        case .duration: age == .old ? Self.oldDuration : Self.duration
        case .queue: Self.queue
        // Before, it had them only where that was asked for.
        case .promptTokens, .generationTokens: age == .old ? [] : Self.tokens
        default: []
        }
    }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        guard status != 404 || message != "Not Found" else { return .object(status: 404) { $0.member("detail", message) } }
        return HTTPServerResponse(status: status, json: OpenAIForm.error(status, message, isBare: true))
    }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        switch request.path {
        case "/metrics": return .exposition(metrics(of: server), for: request)
        case "/ready" where age == .new: return HTTPServerResponse(status: 200)
        case "/health", "/health_generate":
            // When nobody asks it anything it makes a token to see whether one comes; otherwise it sees others come. It takes a second in any case.
            guard let desk = server.desks.first else { return HTTPServerResponse(status: 503) }
            try? await Task.sleep(for: .seconds(1))
            let engine = desk.view()
            if request.path == "/health", engine.runningCount > 0 { return HTTPServerResponse(status: engine.isStalled ? 503 : 200) }
            return await Generator(desk: desk).probe(request) ? HTTPServerResponse(status: 200) : HTTPServerResponse(status: 503)
        case "/v1/models":
            return server.models(owner: "sglang") { model, json in
                json.member("root", model.name)
                json.member("max_model_len", model.contextTokens)
            }
        case "/model_info" where age == .new, "/get_model_info":
            guard let desk = server.desks.first else { return nil }
            return .object { json in
                json.member("model_path", desk.model.name)
                json.member("tokenizer_path", desk.model.name)
                json.member("is_generation", true)
            }
        case "/server_info" where age == .new, "/get_server_info":
            guard let desk = server.desks.first else { return nil }
            return .object { json in
                json.member("model_path", desk.model.name)
                json.member("served_model_name", desk.model.name)
                json.member("version", server.plan.version)
                json.member("enable_metrics", true)
                json.member("max_total_num_tokens", desk.shape.cacheTokens)
                json.member("max_running_requests", desk.shape.slots)
                json.member("context_length", desk.model.contextTokens)
                json.member("tp_size", 1)
                json.member("dp_size", 1)
            }
        case "/v1/loads" where age == .new: return loads(server)
        case "/v1/chat/completions", "/v1/completions":
            let isChat = request.path == "/v1/chat/completions"
            return await server.generate(request) { server.openAI($0, $1, isChat: isChat, hasBareErrors: true) }
        default: return nil
        }
    }

    private func loads(_ server: LLMServer) -> HTTPServerResponse {
        .object { json in
            json.member("version", server.plan.version)
            json.key("loads")
            json.array { json in
                for desk in server.desks {
                    let engine = desk.view()
                    json.object { json in
                        json.member("dp_rank", 0)
                        json.member("num_running_reqs", engine.runningCount)
                        json.member("num_waiting_reqs", engine.waitingCount)
                        json.member("num_used_tokens", Int(engine.cacheTokens))
                        json.member("max_total_num_tokens", desk.shape.cacheTokens)
                        json.member("token_usage", engine.cacheUse)
                        json.member("max_running_requests", desk.shape.slots)
                    }
                }
            }
        }
    }

    private func metrics(of server: LLMServer) -> NativeExposition {
        var text = NativeExposition(.python, createdAt: server.startedAt)
        let isNew = age == .new
        for desk in server.desks {
            let engine = desk.view()
            let book = engine.book
            let own: NativeExposition.Labels = [("model_name", desk.model.name), ("engine_type", "unified")]
            text.common = own
            if isNew { text.common += [("tp_rank", "0"), ("pp_rank", "0"), ("moe_ep_rank", "0")] }
            text.gauge("sglang:num_running_reqs", "Requests in the batch.", Double(engine.runningCount))
            text.gauge("sglang:num_used_tokens", "Tokens in the cache.", engine.cacheTokens.rounded())
            text.gauge("sglang:token_usage", "Part of the cache in use; 1 is all.", engine.cacheUse)
            let rate = engine.isStalled || engine.decodingCount == 0 ? 0 : Double(engine.decodingCount) / engine.latency
            text.gauge("sglang:gen_throughput", "Tokens of answers a second.", rate)
            text.gauge("sglang:num_queue_reqs", "Requests in the queue.", Double(engine.waitingCount))
            text.gauge(
                "sglang:cache_hit_rate", "Part of the last batch's prompts that was in the cache.",
                book.cachedTokens / max(1, book.promptTokens))
            if isNew {
                text.gauge("sglang:max_total_num_tokens", "Tokens that the cache has room for.", Double(desk.shape.cacheTokens))
                text.gauge("sglang:kv_used_tokens", "Tokens in the cache that are in use.", engine.cacheTokens.rounded())
                text.gauge(
                    "sglang:kv_available_tokens", "Tokens for which there is room.",
                    (Double(desk.shape.cacheTokens) - engine.cacheTokens).rounded())
                text.gauge("sglang:kv_evictable_tokens", "Tokens in the cache that may go.", 0)
                text.gauge(
                    "sglang:num_retracted_reqs", "Requests that lost their place and wait for another.", Double(engine.retractedCount))
                text.gauge("sglang:utilization", "Said to be the part of the places in use; it is always 0.", 0)
                text.gauge("sglang:weight_memory_usage_gb", "Memory of the weights.", Double(desk.model.bytes) / 1_073_741_824)
                text.gauge(
                    "sglang:kv_cache_memory_usage_gb", "Memory of the cache.", Double(desk.shape.cacheTokens) * 131_072 / 1_073_741_824)
                text.counter("sglang:num_retracted_requests_total", "Requests that lost their place.", book.preemptions)
            }
            text.common = own
            writeCounters(book, into: &text)
        }
        text.common = []
        if isNew { writeHTTP(server, into: &text) }
        return text
    }

    /// What the part of it counts that talks to clients. Whoever wants a stream is counted apart, which all of the story's clients do.
    private func writeCounters(_ book: EngineBook, into text: inout NativeExposition) {
        let streaming: NativeExposition.Labels = age == .new ? [("is_streaming", "true")] : []
        text.counter("sglang:prompt_tokens_total", "Tokens of prompts.", book.promptTokens, streaming)
        text.counter("sglang:generation_tokens_total", "Tokens of answers.", book.generationTokens, streaming)
        text.counter("sglang:num_requests_total", "Requests that have ended.", book.ended, streaming)
        text.histogram("sglang:time_to_first_token_seconds", "Time to the first token.", book[.timeToFirstToken], streaming)
        text.histogram("sglang:inter_token_latency_seconds", "Time between two tokens.", book[.interTokenLatency])
        text.histogram("sglang:e2e_request_latency_seconds", "Time of a request.", book[.duration], streaming)
        guard age == .new else {
            return text.counter("sglang:cached_tokens_total", "Tokens of prompts that were in the cache.", book.cachedTokens)
        }
        text.counter("sglang:num_aborted_requests_total", "Requests that were given up.", book.count(of: .abort) + book.count(of: .error))
        text.counters(
            "sglang:cached_tokens_total", "Tokens of prompts that were in the cache.",
            [([("cache_source", "device")], book.cachedTokens), ([("cache_source", "host")], 0)])
        text.histogram(
            "sglang:request_time_per_output_token_seconds", "Mean time between two tokens of a request.", book[.timePerOutputToken],
            streaming)
        text.histogram("sglang:queue_time_seconds", "Time in the queue.", book[.queue])
        text.histogram("sglang:prompt_tokens_histogram", "Tokens of a prompt.", book[.promptTokens])
        text.histogram("sglang:generation_tokens_histogram", "Tokens of an answer.", book[.generationTokens])
    }

    private func writeHTTP(_ server: LLMServer, into text: inout NativeExposition) {
        let (failed, ended) = server.desks.reduce((0, 0)) { sum, desk in
            let book = desk.view().book
            return (sum.0 + book.count(of: .error) + book.rejections, sum.1 + book.ended + book.rejections)
        }
        let path = "/v1/chat/completions"
        text.counters("sglang:http_requests_total", "Requests of HTTP.", [([("endpoint", path), ("method", "POST")], ended)])
        text.counters(
            "sglang:http_responses_total", "Answers of HTTP.",
            [
                ([("endpoint", path), ("status_code", "200"), ("method", "POST")], ended - failed),
                ([("endpoint", path), ("status_code", "500"), ("method", "POST")], failed),
            ])
        text.gauge(
            "sglang:http_requests_active", "Requests of HTTP that are not answered yet.",
            server.desks.reduce(0) {
                let engine = $1.view()
                return $0 + Double(engine.runningCount + engine.waitingCount)
            }, [("endpoint", path), ("method", "POST")])
    }
}
