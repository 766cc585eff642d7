import JSON
import Primitives
import Web

/// vLLM: 0.33 or, as old, 0.6.
struct VLLMDialect: LLMDialect {
    let age: LLMVersion

    private static let firstToken = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
    ]
    private static let token = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]
    private static let request = [
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
    ]
    private static let step = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384.0]
    private static let oldStep = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8096.0]

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] {
        let isOld = age == .old
        return switch measure {
        case .timeToFirstToken: isOld ? Array(Self.firstToken.prefix(16)) : Self.firstToken
        case .interTokenLatency, .timePerOutputToken: isOld ? Array(Self.token.prefix(13)) : Self.token
        case .duration, .queue, .inference, .prefill, .decode: isOld ? Array(Self.request.prefix(15)) : Self.request
        case .promptTokens, .generationTokens, .tokenLimit: Edges.steps(to: Double(model.contextTokens))
        case .stepTokens: isOld ? Self.oldStep : Self.step
        }
    }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        guard status != 404 || message != "Not Found" else { return .object(status: 404) { $0.member("detail", message) } }
        return HTTPServerResponse(status: status, json: OpenAIForm.error(status, message, isBare: age == .old))
    }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        switch request.path {
        case "/metrics": return .exposition(metrics(of: server), for: request)
        case "/health", "/ping": return HTTPServerResponse(status: 200)
        case "/version": return .object { $0.member("version", server.plan.version) }
        case "/v1/models":
            return server.models(owner: "vllm") { model, json in
                json.member("root", model.name)
                json.key("parent")
                json.null()
                json.member("max_model_len", model.contextTokens)
            }
        case "/load" where age == .new:
            let engine = server.desks.first?.view()
            return .object { $0.member("server_load", (engine?.runningCount ?? 0) + (engine?.waitingCount ?? 0)) }
        case "/v1/chat/completions", "/v1/completions":
            let isChat = request.path == "/v1/chat/completions"
            return await server.generate(request) { server.openAI($0, $1, isChat: isChat, hasBareErrors: age == .old) }
        default: return nil
        }
    }

    // MARK: /metrics

    func metrics(of server: LLMServer) -> NativeExposition {
        var text = NativeExposition(age == .old ? .pythonWithoutCreated : .python, createdAt: server.startedAt)
        writeProcess(server, into: &text)
        for desk in server.desks {
            let engine = desk.view()
            text.common = [("model_name", desk.model.name)] + (age == .new ? [("engine", "0")] : [])
            writeState(engine, desk.model, into: &text)
            writeCounters(engine.book, into: &text)
            writeHistograms(engine.book, into: &text)
        }
        text.common = []
        if age == .new { writeRejections(server, into: &text) }
        writeHTTP(server, into: &text)
        return text
    }

    private func writeProcess(_ server: LLMServer, into text: inout NativeExposition) {
        text.gauge(
            "python_info", "The Python that runs this.", 1,
            [("implementation", "CPython"), ("major", "3"), ("minor", "12"), ("version", "3.12.11")])
        text.gauge("process_start_time_seconds", "Unix time of the start.", server.startedAt)
        text.gauge("process_resident_memory_bytes", "Memory in use.", 3.1e9)
        text.gauge("process_open_fds", "Open files.", 71)
        text.gauge("process_max_fds", "Open files at most.", 1_048_576)
    }

    private func writeState(_ engine: QueueEngine, _ model: ServedModel, into text: inout NativeExposition) {
        text.gauge("vllm:num_requests_running", "Requests in the batch.", Double(engine.runningCount))
        text.gauge("vllm:num_requests_waiting", "Requests in the queue.", Double(engine.waitingCount))
        let new = age == .new
        if new {
            text.gauges(
                "vllm:num_requests_waiting_by_reason", "Requests in the queue, by what they wait for.",
                [([("reason", "capacity")], Double(engine.waitingCount)), ([("reason", "deferred")], 0)])
            text.gauges(
                "vllm:engine_sleep_state", "What of the engine sleeps.",
                [([("sleep_state", "awake")], 1), ([("sleep_state", "weights_offloaded")], 0), ([("sleep_state", "discard_all")], 0)])
            text.gauge("vllm:kv_cache_usage_perc", "Part of the cache in use; 1 is all.", engine.cacheUse)
        } else {
            text.gauge("vllm:num_requests_swapped", "Requests swapped to memory of the host.", 0)
            text.gauge("vllm:gpu_cache_usage_perc", "Part of the cache in use; 1 is all.", engine.cacheUse)
            text.gauge("vllm:cpu_cache_usage_perc", "Part of the cache on the host in use; 1 is all.", 0)
            text.gauge(
                "vllm:gpu_prefix_cache_hit_rate", "Part of the prompts that was in the cache.",
                engine.book.cachedTokens / max(1, engine.book.promptTokens))
            text.gauge("vllm:cpu_prefix_cache_hit_rate", "The same on the host.", -1)
        }
        let blocks = engine.shape.cacheTokens / 16
        text.gauge(
            "vllm:cache_config_info", "How the cache was set up.", 1,
            [
                ("block_size", "16"), ("num_gpu_blocks", String(blocks)), ("cache_dtype", "auto"), ("gpu_memory_utilization", "0.9"),
                ("enable_prefix_caching", "True"),
            ])
    }

    private func writeCounters(_ book: EngineBook, into text: inout NativeExposition) {
        if age == .new {
            text.counter("vllm:prefix_cache_queries_total", "Tokens that were looked for in the cache.", book.promptTokens)
            text.counter("vllm:prefix_cache_hits_total", "Tokens that were there.", book.cachedTokens)
            text.counters(
                "vllm:prompt_tokens_by_source_total", "Tokens of prompts, by where they came from.",
                [
                    ([("source", "local_compute")], book.promptTokens - book.cachedTokens),
                    ([("source", "local_cache_hit")], book.cachedTokens),
                    ([("source", "external_kv_transfer")], 0),
                ])
            text.counter("vllm:prompt_tokens_cached_total", "Tokens of prompts that were in the cache.", book.cachedTokens)
        }
        text.counter("vllm:num_preemptions_total", "Requests that lost their place.", book.preemptions)
        text.counter("vllm:prompt_tokens_total", "Tokens of prompts.", book.promptTokens)
        text.counter("vllm:generation_tokens_total", "Tokens of answers.", book.generationTokens)
        if age == .old { text.counter("vllm:tokens_total", "Tokens of both.", book.promptTokens + book.generationTokens) }
        var reasons: [(NativeExposition.Labels, Double)] = [
            ([("finished_reason", "stop")], book.count(of: .stop)), ([("finished_reason", "length")], book.count(of: .length)),
            // What failed was given up, until there was a word for it.
            ([("finished_reason", "abort")], book.count(of: .abort) + (age == .old ? book.count(of: .error) : 0)),
        ]
        if age == .new {
            reasons += [([("finished_reason", "error")], book.count(of: .error)), ([("finished_reason", "repetition")], 0)]
        }
        text.counters("vllm:request_success_total", "Requests that have ended.", reasons)
    }

    /// Without the engine, which had no part in it.
    private func writeRejections(_ server: LLMServer, into text: inout NativeExposition) {
        text.counters(
            "vllm:admission_rejections_total", "Requests that the queue did not take.",
            server.desks.flatMap { desk in
                [("max_num_queued_reqs", desk.view().book.rejections), ("max_num_queued_tokens", 0)].map {
                    ([("model_name", desk.model.name), ("reason", $0.0)], $0.1)
                }
            })
    }

    private func writeHistograms(_ book: EngineBook, into text: inout NativeExposition) {
        let isOld = age == .old
        text.histogram("vllm:iteration_tokens_total", "Tokens of a step of the engine.", book[.stepTokens])
        text.histogram("vllm:time_to_first_token_seconds", "Time to the first token.", book[.timeToFirstToken])
        text.histogram(
            isOld ? "vllm:time_per_output_token_seconds" : "vllm:inter_token_latency_seconds", "Time between two tokens.",
            book[.interTokenLatency])
        if isOld {
            text.histogram("vllm:time_in_queue_requests", "Seconds in the queue, under an older name.", book[.queue])
        } else {
            text.histogram(
                "vllm:request_time_per_output_token_seconds", "Mean time between two tokens of a request.", book[.timePerOutputToken])
        }
        text.histogram("vllm:e2e_request_latency_seconds", "Time of a request.", book[.duration])
        text.histogram("vllm:request_queue_time_seconds", "Time in the queue.", book[.queue])
        text.histogram("vllm:request_inference_time_seconds", "Time in the batch.", book[.inference])
        text.histogram("vllm:request_prefill_time_seconds", "Time until the first token, in the batch.", book[.prefill])
        text.histogram("vllm:request_decode_time_seconds", "Time after the first token.", book[.decode])
        text.histogram("vllm:request_prompt_tokens", "Tokens of a prompt.", book[.promptTokens])
        text.histogram("vllm:request_generation_tokens", "Tokens of an answer.", book[.generationTokens])
        text.histogram("vllm:request_params_max_tokens", "Tokens that a request asked for at most.", book[.tokenLimit])
    }

    /// The only place where errors of HTTP show.
    private func writeHTTP(_ server: LLMServer, into text: inout NativeExposition) {
        var requests: [String: Double] = [:]
        func add(_ path: String, _ method: String, _ status: String, _ count: Double) {
            requests["\(path) \(method) \(status)", default: 0] += count
        }
        // Those that are asked all the time are left out by it.
        let silent: Set<String> = ["/metrics", "/health", "/load", "/ping", "/version"]
        let generating = ["/v1/chat/completions", "/v1/completions"]
        // What went to an engine is in its book.
        for (count, number) in server.answered
        where !silent.contains(count.path) && (!generating.contains(count.path) || (400..<500).contains(count.status)) {
            add(count.path, count.method, "\(count.status / 100)xx", Double(number))
        }
        for desk in server.desks {
            let book = desk.view().book
            add(generating[0], "POST", "2xx", book.ended - book.count(of: .error))
            add(generating[0], "POST", "5xx", book.count(of: .error) + book.rejections)
        }
        text.counters(
            "http_requests_total", "Requests by method, status and handler.",
            requests.sorted { $0.key < $1.key }.map { key, value in
                let words = key.split(separator: " ").map(String.init)
                return ([("handler", words[0]), ("method", words.count > 1 ? words[1] : ""), ("status", words.last ?? "")], value)
            })
    }
}
