import JSON
import Metrics
import Web

/// vLLM: everything by its exposition, the rest by `/health`, `/version` and `/v1/models`, all of which it answers without any work.
enum VLLM: ServerKind {
    static let name = "vllm"
    static let title = "vLLM"
    static let standardPort = 8000
    static let images = ["vllm/vllm-openai", "vllm/vllm-openai-rocm", "vllm/vllm-tpu"]
    static let signs = [
        Sign("/metrics") { isExposition(of: "vllm:", $0.body) },
        Sign(ModelList.path) { ModelList.isOwned(by: name, $0.body) },
    ]
    static let index = NameIndex(table)
    static let asked = ["/metrics", "/health", "/version", "/v1/models"]
    static let told = [
        Told(.modelLoaded, "\(ModelList.path): id"), Told(.modelContext, "\(ModelList.path): max_model_len"),
        Told(.modelInfo, "\(ModelList.path): id"),
    ]
    static let remarks = [
        "Data-parallel engines (label `engine`) are summed; `kv_cache_usage_ratio` is that of the fullest.",
        "With `--disable-log-stats` it serves its own process metrics only, and `native_metrics_up` is 0.",
    ]

    static func ask(_ questions: Questions, into picture: inout ServerPicture) async {
        await questions.readiness("/health", into: &picture)
        await questions.exposition("/metrics", self, into: &picture)
        // Without statistics the exposition is there and says nothing of requests.
        if picture.hasNativeMetrics == true, !picture.hasAny(.requestsRunning), !picture.hasAny(.generationTokens) {
            picture.hasNativeMetrics = false
        }
        picture.version = questions.former?.version ?? ""
        if picture.version.isEmpty || questions.isRareRound {
            await questions.json("/version") { picture.version = $0["version"]?.text ?? picture.version }
        }
        await questions.json(ModelList.path) { root in
            ModelList.forEach(root) { entry in
                picture.add(.modelLoaded, model: entry.id, true)
                picture.add(.modelContext, model: entry.id, entry.value["max_model_len"]?.number)
                picture.add(.modelInfo, model: entry.id, labels: ["", "", "", ""], 1)
            }
        }
    }
}
