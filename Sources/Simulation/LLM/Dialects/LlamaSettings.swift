import JSON

/// How a llama-server generates when nobody asks for something else, as it tells of itself and of each slot.
enum LlamaSettings {
    private enum Value {
        case number(Double)
        case flag(Bool)
        case text(String)
        case texts([String])
    }

    private static let all: [(name: String, value: Value)] = [
        ("seed", .number(4_294_967_295)), ("temperature", .number(0.8)), ("dynatemp_range", .number(0)),
        ("dynatemp_exponent", .number(1)), ("top_k", .number(40)), ("top_p", .number(0.95)), ("min_p", .number(0.05)),
        ("top_n_sigma", .number(-1)), ("xtc_probability", .number(0)), ("xtc_threshold", .number(0.1)), ("typical_p", .number(1)),
        ("repeat_last_n", .number(64)), ("repeat_penalty", .number(1)), ("presence_penalty", .number(0)),
        ("frequency_penalty", .number(0)), ("dry_multiplier", .number(0)), ("dry_base", .number(1.75)),
        ("dry_allowed_length", .number(2)), ("dry_penalty_last_n", .number(64)), ("mirostat", .number(0)), ("mirostat_tau", .number(5)),
        ("mirostat_eta", .number(0.1)), ("adaptive_target", .number(-1)), ("adaptive_decay", .number(0.9)), ("n_keep", .number(0)),
        ("n_discard", .number(0)), ("ignore_eos", .flag(false)), ("stream", .flag(false)), ("n_probs", .number(0)),
        ("min_keep", .number(0)), ("chat_format", .text("Content-only")), ("reasoning_format", .text("none")),
        ("reasoning_in_content", .flag(false)), ("generation_prompt", .text("")),
        ("samplers", .texts(["penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"])),
        ("speculative.types", .text("none")), ("timings_per_token", .flag(false)), ("post_sampling_probs", .flag(false)),
        ("backend_sampling", .flag(false)), ("lora", .texts([])),
    ]

    /// - Parameter limit: tokens that may come; -1 for as many as there is room for.
    static func write(into json: inout JSONWriter, limit: Int) {
        json.object { json in
            json.member("max_tokens", limit)
            json.member("n_predict", limit)
            for (name, value) in all {
                json.key(text: name)
                switch value {
                case .number(let number): json.number(number)
                case .flag(let flag): json.bool(flag)
                case .text(let text): json.string(text)
                case .texts(let texts):
                    json.array { json in
                        for text in texts { json.string(text) }
                    }
                }
            }
        }
    }
}
