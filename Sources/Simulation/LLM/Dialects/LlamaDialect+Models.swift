import JSON
import Primitives
import Web

// What a llama-server tells of its model.

extension LlamaDialect {
    func properties(_ desk: EngineDesk, _ server: LLMServer) -> HTTPServerResponse {
        let model = desk.model
        return .object { json in
            json.key("default_generation_settings")
            json.object { json in
                json.key("params")
                LlamaSettings.write(into: &json, limit: -1)
                json.member("n_ctx", model.contextTokens)
            }
            json.member("total_slots", desk.shape.slots)
            json.member("model_path", "/models/\(model.name).gguf")
            json.member("chat_template", "{{ messages }}")
            json.member("build_info", build(of: server))
            guard age == .new else { return }
            json.member("model_alias", model.name)
            json.member("model_ftype", "\(model.quantization.prefix(4)) - Medium")
            json.key("modalities")
            json.object { json in
                for sense in ["vision", "video", "audio"] { json.flag(sense, false) }
            }
            json.member("media_marker", "<__media__>")
            json.member("endpoint_slots", true)
            json.member("endpoint_props", false)
            json.member("endpoint_metrics", true)
            json.member("ui", true)
            json.key("ui_settings")
            json.object { _ in }
            json.key("chat_template_caps")
            json.object { json in
                for (name, isThere) in Self.templateCapabilities { json.flag("supports_\(name)", isThere) }
            }
            json.member("bos_token", "<s>")
            json.member("eos_token", "</s>")
            json.member("is_sleeping", false)
            json.member("cors_proxy_enabled", false)
        }
    }

    private static let templateCapabilities = [
        ("object_arguments", false), ("parallel_tool_calls", false), ("preserve_reasoning", false), ("reasoning_effort", false),
        ("string_content", true), ("system_role", true), ("tool_calls", false), ("tools", false), ("typed_content", false),
    ]

    func models(_ desk: EngineDesk, _ server: LLMServer) -> HTTPServerResponse {
        .object { json in
            if age == .new { likeOllama(desk.model, &json) }
            json.member("object", "list")
            json.key("data")
            json.array { json in
                json.object { json in
                    json.member("id", desk.model.name)
                    json.member("object", "model")
                    // When it is asked.
                    json.member("created", Int(server.clock.unixSeconds))
                    json.member("owned_by", "llamacpp")
                    if age == .new { writeKind(desk.model, aliases: [desk.model.name], &json) }
                    writeMeta(desk.model, &json)
                }
            }
        }
    }

    func writeKind(_ model: ServedModel, aliases: [String], _ json: inout JSONWriter) {
        json.texts("aliases", aliases)
        json.texts("tags", [])
        json.key("architecture")
        json.object { json in
            json.texts("input_modalities", ["text"])
            json.texts("output_modalities", ["text"])
        }
    }

    func writeMeta(_ model: ServedModel, _ json: inout JSONWriter) {
        json.key("meta")
        json.object { json in
            json.member("vocab_type", 2)
            json.member("n_vocab", 128_256)
            json.member("n_ctx_train", model.contextTokens * 4)
            json.member("n_embd", 4_096)
            json.member("n_params", Int(model.billions * 1e9))
            json.member("size", model.bytes)
            guard age == .new else { return }
            json.member("n_ctx", model.contextTokens)
            json.member("ftype", "\(model.quantization.prefix(4)) - Medium")
        }
    }

    /// The list that Ollama's clients look for, too. It tells nothing but the name.
    private func likeOllama(_ model: ServedModel, _ json: inout JSONWriter) {
        json.key("models")
        json.array { json in
            json.object { json in
                json.member("name", model.name)
                json.member("model", model.name)
                for empty in ["modified_at", "size", "digest", "description", "parameters"] { json.text(empty, "") }
                json.member("type", "model")
                json.texts("tags", [""])
                json.texts("capabilities", ["completion"])
                json.key("details")
                json.object { json in
                    json.member("format", "gguf")
                    for empty in ["parent_model", "family", "parameter_size", "quantization_level"] { json.text(empty, "") }
                    json.texts("families", [""])
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func flag(_ name: String, _ value: Bool) {
        key(text: name)
        bool(value)
    }

    fileprivate mutating func text(_ name: String, _ value: String) {
        key(text: name)
        string(value)
    }

    mutating func texts(_ name: StaticString, _ values: [String]) {
        key(name)
        array { json in
            for value in values { json.string(value) }
        }
    }
}
