import JSON
import Primitives
import Web

/// The LiteLLM proxy: 1.109 or, as old, 1.60; with its callback for Prometheus. Whatever comes to the servers behind it comes through it.
struct LiteLLMDialect: LLMDialect {
    let age: LLMVersion

    private static let latency = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 420, 600]
    private static let oldLatency: [Double] =
        [0.005, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.5] + (2...20).map { Double($0) / 2 } + [15, 20, 25, 30, 60, 120, 180, 240, 300]
    /// Those of Python's client, as it has none of its own for it.
    private static let perToken = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

    /// Who asks, and how much of everything is theirs. It tells names and keys of people, which nobody should keep.
    private static let callers: [(user: String, team: String, key: String, part: Double)] = [
        ("ci@lab.example", "build", "a3f1", 0.5), ("chat@lab.example", "portal", "77c0", 0.3), ("None", "None", "0d4e", 0.2),
    ]

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] { edges(of: measure) }

    /// The same for every model.
    func edges(of measure: EngineBook.Measure) -> [Double] {
        switch measure {
        case .timeToFirstToken, .duration, .queue, .inference: age == .old ? Self.oldLatency : Self.latency
        case .timePerOutputToken: Self.perToken
        default: []
        }
    }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        if status == 404, message == "Not Found" { return .object(status: 404) { $0.member("detail", message) } }
        return HTTPServerResponse(status: status, json: OpenAIForm.error(status, message))
    }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        switch request.path {
        case "/metrics", "/metrics/": return .exposition(metrics(of: server), for: request)
        case "/health/liveliness", "/health/liveness": return HTTPServerResponse(json: Array("\"I'm alive!\"".utf8))
        case "/health/readiness":
            return .object { json in
                json.member("status", "healthy")
                json.member("db", "Not connected")
                json.member("litellm_version", server.plan.version)
            }
        case "/health": return await health(request, server)
        case "/v1/models", "/models": return server.models(owner: "openai")
        case "/model/info", "/v1/model/info": return catalogue(server)
        case "/v1/chat/completions", "/chat/completions", "/v1/completions", "/completions":
            let isChat = request.path.hasSuffix("/chat/completions")
            return await server.generate(request) { server.openAI($0, $1, isChat: isChat) }
        default: return nil
        }
    }

    /// Asks every model for a token, which is what makes it dear.
    private func health(_ request: HTTPServerRequest, _ server: LLMServer) async -> HTTPServerResponse {
        var well: [String] = []
        var ill: [String] = []
        for (model, desk) in server.served {
            if await Generator(desk: desk).probe(request) { well.append(model.name) } else { ill.append(model.name) }
        }
        func write(_ names: [String], _ json: inout JSONWriter) {
            json.array { json in
                for name in names { json.object { $0.member("model", name) } }
            }
        }
        return .object { json in
            json.key("healthy_endpoints")
            write(well, &json)
            json.key("unhealthy_endpoints")
            write(ill, &json)
            json.member("healthy_count", well.count)
            json.member("unhealthy_count", ill.count)
        }
    }

    /// A model behind it, as metrics and the catalogue name it.
    private struct Deployment {
        let id: String
        let provider: String
        let base: String
        let model: ServedModel
        let desk: EngineDesk
    }

    private func deployments(_ server: LLMServer) -> [Deployment] {
        let behind = server.backends.flatMap { backend in backend.desks.map { (backend.plan, $0) } }
        let all = behind.isEmpty ? server.desks.map { (server.plan, $0) } : behind
        return all.enumerated().map { position, place in
            let (plan, desk) = place
            var generator = SeededGenerator(seed: UInt64(plan.index), "deployment", position)
            let provider =
                switch plan.kind {
                case .vllm: "hosted_vllm"
                case .ollama: "ollama_chat"
                default: "openai"
                }
            return Deployment(
                id: generator.hexadecimal(digits: 64), provider: provider, base: "http://\(plan.name):8000/v1", model: desk.model,
                desk: desk)
        }
    }

    private func catalogue(_ server: LLMServer) -> HTTPServerResponse {
        .object { json in
            json.key("data")
            json.array { json in
                for deployment in deployments(server) {
                    json.object { json in
                        json.member("model_name", deployment.model.name)
                        json.key("litellm_params")
                        json.object { json in
                            json.member("model", "\(deployment.provider)/\(deployment.model.name)")
                            json.member("api_base", deployment.base)
                        }
                        json.key("model_info")
                        json.object { json in
                            json.member("id", deployment.id)
                            json.member("db_model", false)
                            json.member("mode", "chat")
                            json.member("max_tokens", deployment.model.contextTokens)
                            json.member("litellm_provider", deployment.provider)
                        }
                    }
                }
            }
        }
    }

    // MARK: /metrics

    private func metrics(of server: LLMServer) -> NativeExposition {
        var text = NativeExposition(.python, createdAt: server.startedAt)
        let all = deployments(server).map { deployment in
            let engine = deployment.desk.view()
            return (deployment: deployment, engine: engine, book: engine.proxyBook ?? engine.book)
        }
        let tokens = age == .new ? "_metric_total" : "_total"
        func shares(_ count: (EngineBook) -> Double, _ more: NativeExposition.Labels = []) -> [(
            labels: NativeExposition.Labels, value: Double
        )] {
            all.flatMap { place in Self.shares(of: count(place.book), Self.labels(of: place.deployment.model) + more) }
        }
        let route = [(name: "route", value: "/v1/chat/completions")]
        let failed: (EngineBook) -> Double = { $0.count(of: .error) + $0.rejections }
        text.counters(
            "litellm_proxy_total_requests_metric_total", "Requests to the proxy.",
            // Whoever gave up had an answer that had begun well.
            shares({ $0.succeeded + $0.count(of: .abort) }, route + [("status_code", "200")])
                + shares(failed, route + [("status_code", "500")]))
        text.counters(
            "litellm_proxy_failed_requests_metric_total", "Requests to the proxy that failed.",
            shares(failed, [("exception_status", "500"), ("exception_class", "InternalServerError")]))
        text.counters("litellm_input_tokens\(tokens)", "Tokens of prompts.", shares(\.promptTokens))
        text.counters("litellm_output_tokens\(tokens)", "Tokens of answers.", shares(\.generationTokens))
        text.counters("litellm_total_tokens\(tokens)", "Tokens of both.", shares { $0.promptTokens + $0.generationTokens })
        text.counters(
            "litellm_spend_metric_total", "What it cost.",
            all.flatMap { Self.shares(ofMoney: $0.book, Self.labels(of: $0.deployment.model)) })
        if age == .new {
            text.counters("litellm_input_cached_tokens_metric_total", "Tokens of prompts that were in a cache.", shares(\.cachedTokens))
        }
        func place(_ deployment: Deployment) -> NativeExposition.Labels {
            [
                ("litellm_model_name", "\(deployment.provider)/\(deployment.model.name)"), ("model_id", deployment.id),
                ("api_base", deployment.base),
                ("api_provider", deployment.provider),
            ]
        }
        text.gauges(
            "litellm_deployment_state", "0 is well, 1 partly, 2 out of order.",
            all.map { (place($0.deployment), Self.state(of: $0.engine)) })
        text.counters(
            "litellm_deployment_total_requests_total", "Requests to a deployment.",
            all.map { (place($0.deployment) + [("requested_model", $0.deployment.model.name)], $0.book.ended) })
        text.counters(
            "litellm_deployment_success_responses_total", "Answers of a deployment.",
            all.map {
                (place($0.deployment) + [("requested_model", $0.deployment.model.name)], $0.book.succeeded + $0.book.count(of: .abort))
            })
        text.counters(
            "litellm_deployment_failure_responses_total", "Failures of a deployment.",
            all.map {
                (
                    place($0.deployment) + [
                        ("requested_model", $0.deployment.model.name), ("exception_status", "500"),
                        ("exception_class", "InternalServerError"),
                    ], failed($0.book)
                )
            })
        text.counters(
            "litellm_deployment_cooled_down_total", "Times that a deployment was left out.",
            all.map { (place($0.deployment) + [("exception_status", "500")], 0) })
        if age == .new {
            let waiting = all.reduce(0) { $0 + Double($1.engine.waitingCount) }
            text.gauge("litellm_admission_queued_requests", "Requests that wait.", waiting)
            text.gauge(
                "litellm_admission_admitted_requests", "Requests that were let in.", all.reduce(0) { $0 + Double($1.engine.runningCount) })
            text.gauge(
                "litellm_in_flight_requests", "Requests that are not answered yet.",
                all.reduce(0) { $0 + Double($1.engine.runningCount + $1.engine.waitingCount) })
        }
        writeTimes(all.map { ($0.deployment.model, $0.book) }, into: &text)
        return text
    }

    private func writeTimes(_ books: [(model: ServedModel, book: EngineBook)], into text: inout NativeExposition) {
        func times(_ measure: EngineBook.Measure) -> [(labels: NativeExposition.Labels, distribution: Distribution)] {
            books.map { model, book in (Self.caller(0) + Self.labels(of: model), book[measure]) }
        }
        text.histograms("litellm_request_total_latency_metric", "Time of a request.", times(.duration))
        text.histograms("litellm_llm_api_latency_metric", "Time of a request behind the proxy.", times(.duration))
        text.histograms("litellm_llm_api_time_to_first_token_metric", "Time to the first token of a stream.", times(.timeToFirstToken))
        text.histograms("litellm_deployment_latency_per_output_token", "Time of a token.", times(.timePerOutputToken))
        if age == .new { text.histograms("litellm_request_queue_time_seconds", "Time in the queue.", times(.queue)) }
    }

    private static func state(of engine: QueueEngine) -> Double { engine.isStalled ? 2 : engine.isFailing ? 1 : 0 }

    private static func labels(of model: ServedModel) -> NativeExposition.Labels {
        [("model", model.name), ("requested_model", model.name)]
    }

    private static func caller(_ position: Int) -> NativeExposition.Labels {
        let caller = callers[position]
        return [
            ("end_user", "None"), ("user", caller.user), ("user_email", caller.user), ("team", caller.team), ("team_alias", caller.team),
            ("hashed_api_key", String(repeating: caller.key, count: 16)), ("api_key_alias", "key-\(caller.team)"),
        ]
    }

    /// A counter as those who asked have it; together they have all of it.
    private static func shares(of count: Double, _ labels: NativeExposition.Labels) -> [(labels: NativeExposition.Labels, value: Double)] {
        var rest = count
        return callers.indices.map { position in
            let own = position == callers.count - 1 ? rest : (count * callers[position].part).rounded(.down)
            rest -= own
            return (caller(position) + labels, own)
        }
    }

    private static func shares(ofMoney book: EngineBook, _ labels: NativeExposition.Labels) -> [(
        labels: NativeExposition.Labels, value: Double
    )] {
        let dollars = book.promptTokens * 0.15e-6 + book.generationTokens * 0.6e-6
        return callers.indices.map { (caller($0) + labels, dollars * callers[$0].part) }
    }
}
