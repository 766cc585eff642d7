import Primitives
import Testing
import Web

@testable import LLMCollector

/// Servers that answer as they are scripted.
@Suite("Rounds of questions") struct PollTests {
    static func poll(
        _ answers: [String: HTTPServerResponse], kind: String?, path: String = "", slow: String = "", timeoutSeconds: Double = 5,
        former: String? = nil, counts: [CounterMemory.Count] = [], _ change: (inout ServerTarget) -> Void = { _ in }
    ) async throws -> (result: ServerPoll.Result, asked: [String]) {
        let asked = AskedPaths()
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "the test", logger: .silent
        ) { request in
            asked.note("\(request.method) \(request.path)")
            if request.path == slow { try? await Task.sleep(for: .seconds(timeoutSeconds * 2)) }
            return answers["\(request.method) \(request.path)"] ?? answers[request.path] ?? answers["*"]
                ?? HTTPServerResponse(status: 404, text: "no\n")
        }
        let http = try HTTPClient()
        var target = ServerTarget(name: "s", address: ServerAddress(url: "http://\(server.address)\(path)"), kind: kind)
        change(&target)
        let poll = ServerPoll(http: http, timeoutSeconds: timeoutSeconds, modelLimit: 10)
        var entry = ServerBook.Entry(target)
        if let former {
            (entry.kind, entry.isSought, entry.picture) = (former, true, ServerPicture(models: ModelNames(limit: 1)))
            entry.picture?.version = "9"
            _ = entry.memory.take(counts, now: .now)
        }
        let result = await poll.run(entry.turn)
        http.close()
        await server.stop(withinSeconds: 1)
        return (result, asked.all)
    }

    private static func metrics(_ text: String) -> HTTPServerResponse {
        HTTPServerResponse(contentType: "text/plain; version=0.0.4", text: text)
    }

    private static func json(_ text: String) -> HTTPServerResponse { HTTPServerResponse(json: Array(text.utf8)) }

    /// What each kind answers, as little as tells it.
    static let dialects: [(kind: String, answers: [String: HTTPServerResponse])] = [
        (
            "vllm",
            [
                "/metrics": metrics("# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name=\"m\"} 1\n"),
                "/health": json(""),
            ]
        ),
        ("sglang", ["/v1/models": json("{\"data\":[{\"id\":\"m\",\"owned_by\":\"sglang\",\"max_model_len\":4096}]}"), "/ready": json("")]),
        ("sglang", ["/get_model_info": json("{\"model_path\":\"m\"}")]),
        ("tgi", ["/info": json("{\"model_id\":\"m\",\"version\":\"3.0.0\",\"max_total_tokens\":2048}")]),
        (
            "llamacpp",
            ["/v1/models": json("{\"data\":[{\"id\":\"m\",\"owned_by\":\"llamacpp\"}]}"), "/health": json("{\"status\":\"ok\"}")]
        ),
        ("ollama", ["/api/version": json("{\"version\":\"0.9\"}"), "/api/ps": json("{\"models\":[]}")]),
        ("triton", ["/v2": json("{\"name\":\"triton\",\"version\":\"2.40\",\"extensions\":[]}"), "/v2/health/ready": json("")]),
        ("litellm", ["/health/readiness": json("{\"status\":\"connected\",\"db\":\"connected\",\"litellm_version\":\"1.75.8\"}")]),
    ]

    @Test("Each kind is known by its answers, and nothing is asked that costs anything", arguments: dialects.indices)
    func detection(number: Int) async throws {
        let (kind, answers) = Self.dialects[number]
        let (result, asked) = try await Self.poll(answers, kind: nil)
        #expect(result.kind == kind && result.picture?.isUp == true, "\(String(describing: result.problem))")
        #expect(result.picture?.isReady == true)
        let dear = ["/health_generate", "/generate", "/v1/completions", "/v1/chat/completions", "/api/generate", "/api/chat", "/api/show"]
        #expect(asked.allSatisfy { line in !dear.contains { line.hasSuffix($0) } })
        if kind == "sglang" || kind == "litellm" || kind == "tgi" { #expect(!asked.contains("GET /health")) }
        // Nothing is asked twice.
        #expect(Set(asked).count == asked.count)
    }

    @Test("What is none of them stays unknown")
    func unknown() async throws {
        let (result, _) = try await Self.poll(["/": Self.json("{}"), "/metrics": Self.metrics("up 1\n")], kind: nil)
        #expect(result.kind == nil && result.picture == nil && result.problem?.outcome == .status)
    }

    @Test("Ollama: what is loaded, where and until when")
    func ollama() async throws {
        let model =
            "{\"name\":\"a:1b\",\"size\":100,\"size_vram\":60,\"context_length\":4096,\"expires_at\":\"2026-11-22T10:00:00.5+01:00\","
            + "\"details\":{\"family\":\"llama\",\"parameter_size\":\"1B\",\"quantization_level\":\"Q4_0\"}}"
        let (result, _) = try await Self.poll(
            [
                "/api/version": Self.json("{\"version\":\"0.9\"}"), "/api/ps": Self.json("{\"models\":[\(model)]}"),
                "/api/tags": Self.json(
                    "{\"models\":[{\"name\":\"a:1b\",\"size\":80},{\"name\":\"b\",\"size\":70,\"capabilities\":[\"embedding\"]}]}"),
            ], kind: "ollama")
        let picture = try #require(result.picture)
        func value(_ family: ServingFamily, _ model: String, _ labels: [String] = []) -> Double? {
            for (series, value) in picture.ordered where series.family == family && series.labels == labels {
                if case .number(let number) = value, series.model.map({ picture.models.names[$0] }) == model { return number }
            }
            return nil
        }
        #expect(value(.modelResident, "a:1b", ["vram"]) == 60 && value(.modelResident, "a:1b", ["ram"]) == 40)
        #expect(value(.modelResident, "a:1b", ["disk"]) == 80 && value(.modelExpires, "a:1b") == 1_795_338_000.5)
        #expect(value(.modelLoaded, "a:1b") == 1 && value(.modelLoaded, "b") == 0 && picture.loadedModels == 1)
        #expect(value(.modelInfo, "a:1b", ["llama", "1B", "Q4_0", ""]) == 1 && value(.modelInfo, "b", ["", "", "", "embedding"]) == 1)
        #expect(picture.hasNativeMetrics == nil && result.problem == nil)
    }

    @Test("llama.cpp without --metrics tells its slots, and its state while it loads")
    func llamaCpp() async throws {
        let slots =
            "[{\"n_ctx\":100,\"is_processing\":true,\"n_prompt_tokens\":30,\"next_token\":[{\"n_decoded\":20}]},{\"n_ctx\":100,\"is_processing\":false}]"
        let (result, _) = try await Self.poll(
            [
                "/metrics": HTTPServerResponse(status: 501, json: Array("{}".utf8)), "/slots": Self.json(slots),
                "/props": Self.json("{\"build_info\":\"b1\",\"is_sleeping\":false,\"default_generation_settings\":{\"n_ctx\":100}}"),
                "/v1/models": Self.json("{\"data\":[{\"id\":\"m\",\"meta\":{\"n_params\":8030261248,\"size\":77,\"n_ctx_train\":9}}]}"),
                "/health": HTTPServerResponse(status: 503, json: Array("{}".utf8)),
            ], kind: "llamacpp")
        let picture = try #require(result.picture)
        #expect(
            picture.hasNativeMetrics == false && picture.isReady == false && picture.isUp && result.problem == nil
                && picture.version == "b1")
        #expect(picture.total(.cacheUsage) == 0.15 && picture.total(.requestsRunning) == 1 && picture.total(.cacheCapacity) == 200)
        #expect(picture.ordered.contains { $0.series.labels == ["", "8.0B", "", ""] })
        #expect(picture.ordered.allSatisfy { $0.series.model != nil || !$0.series.family.shape.hasModel })
    }

    @Test("A redirect to elsewhere is not followed, but the same path with a slash is asked")
    func redirects() async throws {
        let away = HTTPServerResponse(status: 307, headers: HTTPHeaders([("Location", "http://192.0.2.1/metrics")]))
        let (result, _) = try await Self.poll(["/metrics": away, "/health/readiness": Self.json("{}")], kind: "litellm")
        #expect(result.problem?.outcome == .status && result.picture?.hasNativeMetrics == nil)
        let (other, _) = try await Self.poll(
            ["/metrics": away, "/metrics/": Self.metrics("litellm_in_flight_requests 3\n"), "/health/readiness": Self.json("{}")],
            kind: "litellm")
        #expect(other.problem == nil && other.picture?.total(.requestsRunning) == 3)
    }

    @Test("A server whose exposition is slow is up and ready, whether its kind is known or not")
    func slowExposition() async throws {
        // Of a kind that is added, its folder's own tests know what it answers.
        let kinds = Set(Self.dialects.map(\.kind))
        #expect(kinds.isSuperset(of: ["vllm", "sglang", "tgi", "llamacpp", "ollama", "triton", "litellm"]))
        try await withThrowingTaskGroup { group in
            for kind in kinds { group.addTask { try await Self.slowExposition(kind, given: kind) } }
            for kind in ["vllm", "llamacpp"] { group.addTask { try await Self.slowExposition(kind, given: nil) } }
            try await group.waitForAll()
        }
    }

    private static func slowExposition(_ kind: String, given: String?) async throws {
        var answers = try #require(dialects.last { $0.kind == kind }).answers
        for path in ["/health", "/ready"] { answers[path] = json("") }
        if kind == "vllm" { answers["/v1/models"] = json("{\"data\":[{\"id\":\"m\",\"owned_by\":\"vllm\"}]}") }
        let (result, _) = try await poll(answers, kind: given, slow: "/metrics", timeoutSeconds: 2) { target in
            if kind == "triton" { target.address.metricsURL = target.address.url }
        }
        #expect(result.kind == kind && result.picture?.isUp == true && result.picture?.isReady == true, "\(kind): \(result)")
        #expect(result.problem?.outcome == .timeout && result.picture?.lacksExposition == true, "\(kind)")
    }

    @Test("Not every web application that tells its version is an Ollama")
    func noOllama() async throws {
        let (result, _) = try await Self.poll(["/api/version": Self.json("{\"version\":\"0.6.5\"}")], kind: nil)
        #expect(result.kind == nil && result.picture == nil)
        for path in ["/api/ps", "/api/tags"] {
            let (found, _) = try await Self.poll(
                ["/api/version": Self.json("{\"version\":\"0.6.5\"}"), path: Self.json("{\"models\":[]}")], kind: nil)
            #expect(found.kind == "ollama")
        }
    }

    /// What answers, below which path, as which kind, and what is said of it.
    static let refusals: [(answers: [String: HTTPServerResponse], path: String, kind: String?, words: String)] = {
        let closed = HTTPServerResponse(status: 401, text: "no")
        let away = HTTPServerResponse(status: 301, headers: HTTPHeaders([("Location", "https://llm.example.org/x?token=s3cret")]))
        let metrics = Self.metrics("# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name=\"m\"} 1\n")
        return [
            (["*": closed], "", nil, "answers with status 401: it wants a token, which goes into bearer_token_file"),
            (["*": closed], "", "vllm", "answers with status 401: it wants a token, which goes into bearer_token_file"),
            (
                ["*": away], "", nil,
                "a redirect to https://llm.example.org/x, which is not followed: if that is the server, its url is that"
            ),
            (
                ["*": away], "", "tgi",
                "a redirect to https://llm.example.org/x, which is not followed: if that is the server, its url is that"
            ),
            (["/metrics": metrics], "/v1", nil, "the url is that in front of /v1"),
            (["/metrics": metrics], "/v1", "vllm", "the url is that in front of /v1"),
            (["/v1/models": json("{}")], "/metrics", nil, "the url is that in front of /metrics"),
            (["/": json("{}")], "/other", nil, "say its kind if it is one"),
        ]
    }()

    @Test("Who is not let in, is sent elsewhere or asks below the wrong path is told so", arguments: refusals.indices)
    func words(number: Int) async throws {
        let (answers, path, kind, words) = Self.refusals[number]
        let (result, _) = try await Self.poll(answers, kind: kind, path: path)
        let message = result.problem?.message ?? ""
        #expect(result.problem?.outcome == .status && message.contains(words) && !message.contains("s3cret"), "\(message)")
    }

    @Test("TLS where none is spoken is said to be that")
    func noTLS() async throws {
        let (result, _) = try await Self.poll([:], kind: "vllm") { target in
            target.address = ServerAddress(url: "https://" + target.address.authority)
        }
        #expect(
            result.problem?.outcome == .tls && result.problem?.message.hasSuffix("is its url http://?") == true,
            "\(String(describing: result.problem))")
    }

    @Test("What is missing and nobody noticed is a concern: metrics, the list of models, the model of the probe")
    func concerns() async throws {
        let (bare, _) = try await Self.poll(["/ready": Self.json("")], kind: "sglang")
        #expect(Set(bare.picture?.concerns.keys.map { $0 } ?? []) == [.metrics] && bare.problem == nil)
        let metrics = Self.metrics("# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name=\"m\"} 1\n")
        let (closed, _) = try await Self.poll(
            ["/metrics": metrics, "/health": Self.json(""), "/v1/models": HTTPServerResponse(status: 401, text: "no")], kind: "vllm")
        #expect(closed.problem == nil && closed.picture?.concerns[.access]?.contains("bearer_token_file") == true)
        let models = Self.json("{\"models\":[{\"name\":\"llama3.2:3b\"}]}")
        let ollama = ["/api/version": Self.json("{\"version\":\"0.9\"}"), "/api/ps": Self.json("{\"models\":[]}"), "/api/tags": models]
        for (wanted, isKnown) in [("llama3.2", false), ("llama3.2:3b", true)] {
            let (result, _) = try await Self.poll(ollama, kind: "ollama") { ($0.isProbed, $0.probedModel) = (true, wanted) }
            #expect((result.picture?.concerns[.probedModel] == nil) == isKnown)
        }
        // A URL for metrics where nothing is, is not a server without metrics.
        let (elsewhere, _) = try await Self.poll(["/health": Self.json("")], kind: "vllm") { $0.address.metricsURL = $0.address.url + "/x" }
        #expect(
            elsewhere.picture?.hasNativeMetrics == nil && elsewhere.problem?.message.contains("metrics_url answers with status 404") == true
        )
    }

    @Test("What another server was and counted at the same place is not this one's")
    func otherKind() async throws {
        let source = try #require(VLLM.index.sources.firstIndex { $0.row.ours == .promptTokens })
        let counts = [
            CounterMemory.Count(
                key: .init(series: 1, source: source), target: .init(source: source, model: "m", labels: []), value: .number(5))
        ]
        let counter = "# TYPE vllm:prompt_tokens_total counter\nvllm:prompt_tokens_total{model_name=\"m\"} 1\n"
        for (former, isSame) in [("sglang", false), ("vllm", true)] {
            let (result, _) = try await Self.poll(
                ["/metrics": Self.metrics(counter), "/health": Self.json("")], kind: nil, former: former, counts: counts)
            #expect(result.kind == "vllm" && result.picture?.version == (isSame ? "9" : ""))
            #expect(result.picture?.total(.promptTokens) == (isSame ? 6 : 1))
        }
    }
}
