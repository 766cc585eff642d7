import JSON
import Metrics
import Web

/// llama.cpp's llama-server: counters by its exposition, where it was started with `--metrics`; slots, model and state by `/slots`, `/props`,
/// `/v1/models` and `/health`, which it answers in any case.
enum LlamaCpp: ServerKind {
    static let name = "llamacpp"
    static let title = "llama.cpp"
    static let standardPort = 8080
    static let images = ["ggml-org/llama.cpp", "ggerganov/llama.cpp"]
    static let signs = [
        Sign("/metrics") { isExposition(of: "llamacpp:", $0.body) },
        Sign(ModelList.path) { ModelList.isOwned(by: name, $0.body) || $0.headers["Server"] == "llama.cpp" },
        Sign("/props") { hasMember("total_slots", $0.body) && hasMember("default_generation_settings", $0.body) },
    ]
    static let index = NameIndex(table)
    static let asked = ["/metrics", "/health", "/slots", "/props", "/v1/models"]
    static let told = [
        Told(.requestsRunning, "/slots: is_processing", isDerived: true), Told(.slots, "/slots: is_processing"),
        Told(.cacheUsage, "/slots: n_prompt_tokens, n_ctx", isDerived: true),
        Told(.cacheCapacity, "/slots: n_ctx", isDerived: true), Told(.modelLoaded, "\(ModelList.path): id"),
        Told(.modelContext, "/props: n_ctx"), Told(.modelSize, "\(ModelList.path): meta.size"),
        Told(.modelInfo, "\(ModelList.path): meta.n_params"), Told(.sleeping, "/props: is_sleeping"),
    ]
    static let remarks = [
        "Its exposition is there only with `--metrics`; without it `native_metrics_up` is 0, and slots, model and state are told all the same.",
        "Its gauges of throughput are means since the last scrape by whomever, so two scrapers disturb each other; they are not used, counters are.",
        "Its header `Process-Start-Time-Unix` holds no time of day in some releases (b11434 has time since the machine's start), so it is not used.",
        "Usage of the cache is that of all slots, by what their present requests hold. A router (`--models-dir`) is asked for each model that is loaded, and loads none.",
    ]
    private static let routedModels = 16
    /// A longer name is no model's, and no path that somebody should be sent.
    private static let nameBytes = 256

    static func ask(_ questions: Questions, into picture: inout ServerPicture) async {
        await questions.readiness("/health", into: &picture)
        var loaded: [String] = []
        await questions.json(ModelList.path) { root in
            ModelList.forEach(root) { entry in
                // A router says of each model whether it is loaded.
                let status = entry.value["status"]?["value"]?.text ?? "loaded"
                let isLoaded = status == "loaded" || status == "sleeping"
                if isLoaded { loaded.append(entry.id) }
                take(entry, isLoaded: isLoaded, &picture)
            }
        }
        if loaded.count == 1 { picture.onlyModel = loaded[0] }
        if await isRouter(questions) {
            for model in loaded.filter({ $0.utf8.count <= nameBytes }).prefix(routedModels) {
                await askRouted(model, questions, into: &picture)
            }
        } else {
            await questions.exposition("/metrics", self, into: &picture)
            if let model = loaded.first { picture.onlyModel = model }
            await askSlots(questions, "", into: &picture)
            await askProperties(questions, "", model: loaded.first, into: &picture)
        }
    }

    private static func isRouter(_ questions: Questions) async -> Bool {
        if case .told(let response) = await questions.get("/metrics", limitBytes: Questions.expositionBytes) {
            return response.status == 400
        }
        return false
    }

    private static func askRouted(_ model: String, _ questions: Questions, into picture: inout ServerPicture) async {
        let query = "?model=\(escaped(model))&autoload=false"
        var part = ServerPicture(models: ModelNames(limit: 1))
        await questions.exposition("/metrics" + query, scope: model, self, into: &part)
        await askSlots(questions, query, into: &part)
        picture.take(part, ofModel: model)
    }

    private static func take(_ entry: ModelList.Entry, isLoaded: Bool, _ picture: inout ServerPicture) {
        picture.add(.modelLoaded, model: entry.id, isLoaded)
        let meta = entry.value["meta"]
        picture.add(.modelSize, model: entry.id, meta?["size"]?.number)
        picture.add(.modelContext, model: entry.id, (meta?["n_ctx"] ?? meta?["n_ctx_train"])?.number)
        let parameters = meta?["n_params"]?.number.map(shortCount) ?? ""
        picture.add(.modelInfo, model: entry.id, labels: ["", parameters, "", ""], 1)
    }

    private static func askSlots(_ questions: Questions, _ query: String, into picture: inout ServerPicture) async {
        var (busy, count, room) = (0, 0, 0.0)
        var held: Double? = 0
        let isTold = await questions.json("/slots" + query) { root in
            root.forEachElement { slot in
                count += 1
                let context = slot["n_ctx"]?.number ?? 0
                room += max(0, context)
                guard slot["is_processing"]?.flag == true else { return }
                busy += 1
                // Those of the answer are among them. Older releases do not tell.
                let tokens = slot["n_prompt_tokens"]?.number.map { min(max(0, $0), max(0, context)) }
                held = tokens.flatMap { tokens in held.map { $0 + tokens } }
            }
        }
        guard isTold, count > 0 else { return }
        picture.add(.slots, labels: ["busy"], Double(busy))
        picture.add(.slots, labels: ["idle"], Double(count - busy))
        if !picture.hasAny(.requestsRunning) { picture.add(.requestsRunning, Double(busy)) }
        guard room > 0 else { return }
        picture.add(.cacheCapacity, room)
        if let held, !picture.hasAny(.cacheUsage) { picture.add(.cacheUsage, held / room) }
    }

    private static func askProperties(_ questions: Questions, _ query: String, model: String?, into picture: inout ServerPicture) async {
        await questions.json("/props" + query) { root in
            picture.version = root["build_info"]?.text ?? ""
            picture.add(.sleeping, root["is_sleeping"]?.flag)
            // Of each slot, which is what a request may have.
            if let model { picture.add(.modelContext, model: model, root["default_generation_settings"]?["n_ctx"]?.number) }
        }
    }

    /// `8.0B` of 8,030,261,248.
    static func shortCount(_ count: Double) -> String {
        guard count >= 0, count < 1e18 else { return "" }
        for (unit, size) in [("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)] where count >= size {
            return "\((count / size * 10).rounded() / 10)\(unit)"
        }
        return "\(Int(count))"
    }

    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Without labels.
    static let table = NativeTable(
        families: [
            NativeFamily(.gauge, "llamacpp:requests_processing", .requestsRunning),
            NativeFamily(.gauge, "llamacpp:requests_deferred", .requestsWaiting),
            // Without those that came out of the cache, which others count among the prompt's.
            NativeFamily(.counter, "llamacpp:prompt_tokens_total", .promptTokens, isMade: true),
            NativeFamily(.counter, "llamacpp:prompt_tokens_cached_total", .promptTokens, isMade: true),
            NativeFamily(.counter, "llamacpp:tokens_predicted_total", .generationTokens),
            NativeFamily(.counter, "llamacpp:prompt_tokens_cached_total", .cachedPromptTokens),
            NativeFamily(.counter, "llamacpp:prompt_tokens_cached_total", .prefixCacheHits, isMade: true),
            NativeFamily(.counter, "llamacpp:prompt_tokens_cached_total", .prefixCacheQueries, isMade: true),
            NativeFamily(.counter, "llamacpp:prompt_tokens_total", .prefixCacheQueries, isMade: true),
            NativeFamily(.counter, "llamacpp:spec_decode_num_draft_tokens_total", .draftedTokens),
            NativeFamily(.counter, "llamacpp:spec_decode_num_accepted_tokens_total", .acceptedTokens),
            NativeFamily(.gauge, "llamacpp:kv_cache_usage_ratio", .cacheUsage),
        ],
        ignored: [
            NativeTable.Ignored("llamacpp:prompt_tokens_seconds", "a mean since the last scrape by whomever"),
            .init("llamacpp:predicted_tokens_seconds", "a mean since the last scrape by whomever"),
            .init("llamacpp:prompt_seconds_total", "time without a count of requests"),
            .init("llamacpp:tokens_predicted_seconds_total", "time without a count of requests"),
            .init("llamacpp:n_decode_total", "steps of the model"),
            .init("llamacpp:n_tokens_max", "a high-water mark, whatever its type says"),
            .init("llamacpp:n_busy_slots_per_decode", "a mean since the start"), .init("llamacpp:kv_cache_tokens", "the usage tells it"),
            .init("llamacpp:spec_decode_num_drafts_total", "the counters of tokens tell it"),
            .init("llamacpp:spec_decode_num_accepted_tokens_per_pos_total", "one series for each position"),
        ])
}
