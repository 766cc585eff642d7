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
    struct Deployment {
        let id: String
        let provider: String
        let base: String
        let model: ServedModel
        let desk: EngineDesk
    }

    func deployments(_ server: LLMServer) -> [Deployment] {
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
}
