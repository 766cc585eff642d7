import JSON
import LLMProbe
import Metrics
import Ownership
import Web

/// Ollama has no metrics: `/api/ps` says what is loaded and where, `/api/tags` what there is. Neither loads a model or keeps one loaded.
enum Ollama: ServerKind {
    static let name = "ollama"
    static let title = "Ollama"
    static let standardPort = 11434
    static let dialect: ProbeDialect? = .ollama
    static let images = ["ollama/ollama"]
    static let signs = [
        Sign("/metrics") { isExposition(of: "ollama_", $0.body) },
        // Many a web application tells its version there.
        Sign("/api/version", confirmedBy: [Sign("/api/ps", hasModels), Sign("/api/tags", hasModels)]) { hasMember("version", $0.body) },
    ]
    static let index = NameIndex(table)
    static let asked = ["/api/version", "/api/ps", "/api/tags"]
    static let told = [
        Told(.modelLoaded, "/api/ps, /api/tags: name"), Told(.modelInfo, "/api/tags: details, capabilities"),
        Told(.modelSize, "/api/tags: size"), Told(.modelResident, "/api/ps: size_vram, size; /api/tags: size"),
        Told(.modelExpires, "/api/ps: expires_at"), Told(.modelContext, "/api/ps: context_length"),
        Told(.cacheCapacity, "/api/ps: context_length", isDerived: true),
    ]
    static let remarks = [
        "It has no metrics of its own: what is loaded, where and until when is told, requests and tokens are not. "
            + "Names that changes to it propose are read where they appear.",
        "`model_resident_bytes{location=\"ram\"}` is what did not fit into the card.",
    ]
    private static let hasModels: @Sendable (HTTPResponse) -> Bool = { hasMember("models", $0.body) }
    /// Where there has been no exposition, it is looked for so rarely.
    private static let note = "metrics"

    static func ask(_ questions: Questions, into picture: inout ServerPicture) async {
        await questions.demandedJSON("/api/version", into: &picture) { root, picture in
            picture.version = root["version"]?.text ?? ""
            picture.isReady = true
        }
        guard picture.problem == nil else { return }
        if questions.isRareRound || questions.former?.hasNativeMetrics == true {
            await questions.exposition("/metrics", self, into: &picture)
            // That it has none is as it should be.
            if picture.hasNativeMetrics == false { picture.hasNativeMetrics = nil }
        }
        var loaded: Set<String> = []
        await questions.demandedJSON("/api/ps", into: &picture) { root, picture in
            forEach(root) { model, name in
                loaded.insert(name)
                picture.add(.modelLoaded, model: name, true)
                takeLoaded(model, name, &picture)
                takeDetails(model, name, &picture)
            }
        }
        await questions.json("/api/tags") { root in
            forEach(root) { model, name in
                picture.add(.modelSize, model: name, model["size"]?.number)
                picture.add(.modelResident, model: name, labels: ["disk"], model["size"]?.number)
                guard !loaded.contains(name) else { return }
                picture.add(.modelLoaded, model: name, false)
                takeDetails(model, name, &picture)
            }
        }
    }

    private static func forEach(_ root: JSONValue, _ body: (_ model: JSONValue, _ name: String) -> Void) {
        var count = 0
        root["models"]?.forEachElement { model in
            guard count < ModelList.limit, let name = (model["name"] ?? model["model"])?.text, !name.isEmpty else { return }
            count += 1
            body(model, name)
        }
    }

    private static func takeLoaded(_ model: JSONValue, _ name: String, _ picture: inout ServerPicture) {
        if let size = model["size"]?.number, let onCard = model["size_vram"]?.number, size >= 0, onCard >= 0 {
            picture.add(.modelResident, model: name, labels: ["vram"], min(onCard, size))
            picture.add(.modelResident, model: name, labels: ["ram"], max(0, size - onCard))
        }
        picture.add(.modelContext, model: name, model["context_length"]?.number)
        picture.add(.cacheCapacity, model: name, model["context_length"]?.number)
        picture.add(.modelExpires, model: name, model["expires_at"]?.text.flatMap(EngineContainer.moment))
    }

    private static func takeDetails(_ model: JSONValue, _ name: String, _ picture: inout ServerPicture) {
        var type = ""
        model["capabilities"]?.forEachElement { capability in
            switch capability.text {
            case "embedding": type = "embedding"
            case "completion" where type.isEmpty: type = "llm"
            default: break
            }
        }
        func detail(_ value: JSONValue?) -> String { value?.text ?? "" }
        let details = model["details"]
        picture.add(
            .modelInfo, model: name,
            labels: [detail(details?["family"]), detail(details?["parameter_size"]), detail(details?["quantization_level"]), type], 1)
    }

    /// As open changes to it propose them; no release has any.
    static let table = NativeTable(
        families: [
            NativeFamily(.gauge, "ollama_requests_queued", .requestsWaiting, since: "proposed"),
            NativeFamily(.counter, "http_requests_total", .httpResponses, labels: [.statusClass("status")], since: "proposed"),
        ], ignored: [NativeTable.Ignored("ollama_models_loaded", "/api/ps tells it")], modelLabels: ["model"],
        mergedLabels: ["path", "method", "handler"])
}
