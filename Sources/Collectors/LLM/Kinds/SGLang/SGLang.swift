import JSON
import Metrics
import Web

/// SGLang: everything by its exposition, where it was started with `--enable-metrics`. Its `/health` generates a token, so `/ready` is asked,
/// and of a release that has none whether it tells what its model is.
enum SGLang: ServerKind {
    static let name = "sglang"
    static let title = "SGLang"
    static let standardPort = 30000
    static let images = ["lmsysorg/sglang"]
    static let signs = [
        Sign("/metrics") { isExposition(of: "sglang:", $0.body) },
        Sign(ModelList.path) { ModelList.isOwned(by: name, $0.body) },
        Sign("/model_info") { hasMember("model_path", $0.body) },
        Sign("/get_model_info") { hasMember("model_path", $0.body) },
    ]
    static let index = NameIndex(table)
    static let asked = ["/metrics", "/ready", "/model_info", "/server_info", "/v1/models"]
    static let told = [
        Told(.modelLoaded, "\(ModelList.path): id"), Told(.modelContext, "\(ModelList.path): max_model_len"),
        Told(.modelInfo, "\(ModelList.path): id"),
    ]
    static let remarks = [
        "It has metrics only with `--enable-metrics`; without them `native_metrics_up` is 0.",
        "`/health` and `/health_generate` generate a token, so they are never asked: `/ready` tells, and before it was there `/model_info`.",
        "Ranks and the labels `is_streaming` and `cache_source` are summed; `sglang:cache_hit_rate` is that of the last batch, and not used.",
    ]

    static func ask(_ questions: Questions, into picture: inout ServerPicture) async {
        await questions.readiness("/ready", into: &picture)
        if picture.isReady == nil, picture.problem == nil {
            // Releases without it, the newer ones first; /get_model_info writes a line into the log of those that have both.
            for path in ["/model_info", "/get_model_info"] where picture.isReady == nil { await questions.readiness(path, into: &picture) }
        }
        await questions.exposition("/metrics", self, into: &picture)
        picture.version = questions.former?.version ?? ""
        if picture.version.isEmpty && questions.round < 3 || questions.isRareRound {
            let isTold = await questions.json("/server_info") { picture.version = $0["version"]?.text ?? picture.version }
            if !isTold { await questions.json("/get_server_info") { picture.version = $0["version"]?.text ?? picture.version } }
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
