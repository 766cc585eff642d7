import JSON
import Primitives
import Web

/// Ollama: 0.14 or, as old, 0.3. It has no metrics.
struct OllamaDialect: LLMDialect {
    let age: LLMVersion

    /// What a model stays in memory when nobody uses it.
    private static let keepSeconds = 300.0
    /// Of a disk, when a model is brought into memory.
    private static let loadBytesPerSecond = 1.5e9

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] { [] }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        if status == 404, message == "Not Found" { return HTTPServerResponse(status: 404, text: "404 page not found") }
        return HTTPServerResponse(status: status, json: OllamaForm.error(message))
    }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        switch request.path {
        case "/": return HTTPServerResponse(text: "Ollama is running")
        case "/api/version": return .object { $0.member("version", server.plan.version) }
        case "/api/ps": return running(server)
        case "/api/tags": return list(server)
        case "/api/show": return shown(request, server)
        case "/v1/models": return server.models(owner: "library")
        case "/v1/chat/completions", "/v1/completions":
            let isChat = request.path == "/v1/chat/completions"
            await load(request, server)
            return await server.generate(request) { server.openAI($0, $1, isChat: isChat) }
        case "/api/chat", "/api/generate": return await generate(request, server)
        default: return nil
        }
    }

    private func generate(_ request: HTTPServerRequest, _ server: LLMServer) async -> HTTPServerResponse {
        let isChat = request.path == "/api/chat"
        let seconds = await load(request, server)
        let form: @Sendable (EngineDesk) -> OllamaForm = {
            OllamaForm(isChat: isChat, model: $0.model.name, clock: server.clock, loadSeconds: seconds)
        }
        if request.method == "POST", !request.isFromAnotherSite, let order = try? GenerationOrder(request.body), order.isEmpty,
            let desk = server.desk(of: order.model)
        {
            if order.unloads { server.note(desk.model.name, isLeft: true) }
            return HTTPServerResponse(json: form(desk).nothing(isUnloaded: order.unloads))
        }
        return await server.generate(request, streamsByDefault: true) { desk, _ in form(desk) }
    }

    /// Brings the model into memory that a request names. Returns how long that took.
    @discardableResult
    private func load(_ request: HTTPServerRequest, _ server: LLMServer) async -> Double {
        guard request.method == "POST", !request.isFromAnotherSite, let order = try? GenerationOrder(request.body), !order.unloads,
            let desk = server.desk(of: order.model)
        else { return 0 }
        let isThere = server.residence(of: desk, keepSeconds: Self.keepSeconds) != nil
        let seconds = isThere ? 0 : Double(desk.model.bytes) / Self.loadBytesPerSecond
        if seconds > 0 { try? await Task.sleep(for: .seconds(seconds)) }
        server.note(desk.model.name)
        return seconds
    }

    // MARK: Models

    private func running(_ server: LLMServer) -> HTTPServerResponse {
        .object { json in
            json.key("models")
            json.array { json in
                for (model, desk) in server.served {
                    guard let until = server.residence(of: desk, keepSeconds: Self.keepSeconds) else { continue }
                    // Weights, and the cache of its requests.
                    let size = model.bytes + desk.shape.cacheTokens * 32_768
                    json.object { json in
                        about(model, &json)
                        json.member("size", size)
                        json.member("size_vram", server.isSpilled ? size * 6 / 10 : size)
                        json.member("expires_at", timestampText(until))
                        if age == .new { json.member("context_length", model.contextTokens) }
                    }
                }
            }
        }
    }

    private func list(_ server: LLMServer) -> HTTPServerResponse {
        .object { json in
            json.key("models")
            json.array { json in
                for (model, desk) in server.served {
                    json.object { json in
                        about(model, &json)
                        json.member("size", model.bytes)
                        json.member("modified_at", timestampText(desk.epoch - 86_400 * 9))
                        if age == .new {
                            json.key("capabilities")
                            json.array { $0.string("completion") }
                        }
                    }
                }
            }
        }
    }

    private func shown(_ request: HTTPServerRequest, _ server: LLMServer) -> HTTPServerResponse {
        guard request.method == "POST" else { return refusal(405, "method not allowed") }
        var name: String?
        try? JSONDocument(parsing: request.body).withRoot { name = ($0["model"] ?? $0["name"])?.text }
        guard let name, let desk = server.desk(of: name) else {
            return refusal(404, "model '\(HostileText.oneLine(name ?? "", limit: 80))' not found")
        }
        let model = desk.model
        return .object { json in
            json.member("modelfile", "FROM \(model.name)\n")
            json.member("template", "{{ .Prompt }}")
            json.key("details")
            json.object { details(model, &$0) }
            json.key("model_info")
            json.object { json in
                json.member("general.architecture", model.family)
                json.member("general.parameter_count", Int(model.billions * 1e9))
                json.key(text: "\(model.family).context_length")
                json.integer(model.contextTokens * 4)
            }
            if age == .new {
                json.key("capabilities")
                json.array { $0.string("completion") }
            }
        }
    }

    private func about(_ model: ServedModel, _ json: inout JSONWriter) {
        var generator = SeededGenerator(seed: model.name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }, "digest")
        json.member("name", model.name)
        json.member("model", model.name)
        json.member("digest", generator.hexadecimal(digits: 64))
        json.key("details")
        json.object { details(model, &$0) }
    }

    private func details(_ model: ServedModel, _ json: inout JSONWriter) {
        json.member("parent_model", "")
        json.member("format", "gguf")
        json.member("family", model.family)
        json.key("families")
        json.array { $0.string(model.family) }
        json.member("parameter_size", model.sizeText)
        json.member("quantization_level", model.quantization)
    }
}
