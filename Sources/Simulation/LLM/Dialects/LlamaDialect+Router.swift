import JSON
import Primitives
import Web

// A llama-server without a model of its own: it starts one for each model that is asked for, and hands requests on.

extension LlamaDialect {
    /// Of a disk, when a model is brought into memory.
    private static let loadBytesPerSecond = 3e9

    func routed(_ request: HTTPServerRequest, _ server: LLMServer) async -> HTTPServerResponse? {
        switch request.path {
        case "/health", "/v1/health": return .object { $0.member("status", "ok") }
        case "/v1/models", "/models": return list(server)
        case "/props" where request.parameter("model") == nil: return routerProperties(server)
        case "/models/load", "/models/unload":
            guard request.method == "POST" else { return nil }
            if let refusal = request.refusalOfOtherSites { return refusal }
            guard let desk = named((try? GenerationOrder(request.body))?.model, server) else { return refusal(400, "model not found") }
            server.note(desk.model.name, isLeft: request.path == "/models/unload")
            return .object { $0.member("success", true) }
        default: break
        }
        let isPost = request.method == "POST"
        let name = isPost ? (try? GenerationOrder(request.body))?.model : request.parameter("model")
        guard let name, !name.isEmpty else { return refusal(400, "model name is missing from the request") }
        guard let desk = named(name, server) else { return refusal(400, "model '\(HostileText.oneLine(name, limit: 80))' not found") }
        if !isLoaded(desk, server) {
            guard request.parameter("autoload") != "false" else { return refusal(400, "model is not loaded") }
            if let refusal = request.refusalOfOtherSites { return refusal }
            try? await Task.sleep(for: .seconds(Double(desk.model.bytes) / Self.loadBytesPerSecond))
            server.note(desk.model.name)
        }
        return await answer(request, desk, server)
    }

    private func named(_ name: String?, _ server: LLMServer) -> EngineDesk? { server.desks.first { $0.model.name == name } }

    /// All but the last are there from the start; that one comes when somebody asks it, with what its story has counted.
    private func isLoaded(_ desk: EngineDesk, _ server: LLMServer) -> Bool {
        server.isInMemory(desk.model.name, atFirst: desk.model.name != server.desks.last?.model.name)
    }

    private func list(_ server: LLMServer) -> HTTPServerResponse {
        .object { json in
            json.key("data")
            json.array { json in
                for desk in server.desks {
                    let (name, isLoaded) = (desk.model.name, isLoaded(desk, server))
                    json.object { json in
                        json.member("id", name)
                        writeKind(desk.model, aliases: [], &json)
                        json.member("object", "model")
                        json.member("owned_by", "llamacpp")
                        json.member("created", Int(server.clock.unixSeconds))
                        json.key("status")
                        json.object { json in
                            json.member("value", isLoaded ? "loaded" : "unloaded")
                            json.texts("args", ["llama-server", "--metrics", "--alias", name, "--model", "/models/\(name).gguf"])
                            json.member("preset", "[\(name)]\nmetrics = 1\nmodel = /models/\(name).gguf\n")
                        }
                        json.member("source", "models_dir")
                        json.member("can_remove", false)
                        if isLoaded { writeMeta(desk.model, &json) }
                    }
                }
            }
            json.member("object", "list")
        }
    }

    private func routerProperties(_ server: LLMServer) -> HTTPServerResponse {
        .object { json in
            json.member("role", "router")
            json.member("max_instances", 4)
            json.member("models_autoload", true)
            json.member("model_alias", "llama-server")
            json.member("model_path", "none")
            json.key("default_generation_settings")
            json.object { json in
                json.key("params")
                json.null()
                json.member("n_ctx", 0)
            }
            json.key("ui_settings")
            json.object { _ in }
            json.member("build_info", build(of: server))
            json.member("cors_proxy_enabled", false)
        }
    }
}
