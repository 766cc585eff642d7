import JSON
import Metrics
import Web

/// Text Generation Inference: its exposition names no model, `/info` does. `/health` may run a batch of its own, so it is not asked.
enum TGI: ServerKind {
    static let name = "tgi"
    static let title = "TGI"
    static let standardPort = 80
    static let images = ["huggingface/text-generation-inference"]
    static let signs = [
        Sign("/metrics") { isExposition(of: "tgi_", $0.body) },
        Sign("/info") { hasMember("model_id", $0.body) && hasMember("max_total_tokens", $0.body) },
    ]
    static let index = NameIndex(table)
    static let asked = ["/metrics", "/info"]
    static let told = [
        Told(.modelLoaded, "/info: model_id"), Told(.modelContext, "/info: max_total_tokens"),
        Told(.modelInfo, "/info: model_id, model_dtype"),
    ]
    static let remarks = [
        "Its exposition names no model; `/info` tells which one it is.",
        "Tokens are counted by the sums of its histograms. `/health` may run a batch by itself, so that it answers `/info` is what ready means.",
        "It tells no time to first token and no usage of the cache.",
    ]

    static func ask(_ questions: Questions, into picture: inout ServerPicture) async {
        let isTold = await questions.demandedJSON("/info", into: &picture) { root, picture in
            picture.version = root["version"]?.text ?? ""
            guard let model = root["model_id"]?.text, !model.isEmpty else { return }
            picture.onlyModel = model
            picture.add(.modelLoaded, model: model, true)
            picture.add(.modelContext, model: model, (root["max_total_tokens"] ?? root["max_input_tokens"])?.number)
            picture.add(.modelInfo, model: model, labels: ["", "", root["model_dtype"]?.text ?? "", ""], 1)
        }
        await questions.exposition("/metrics", self, into: &picture)
        if isTold { picture.isReady = true } else if picture.isUp { picture.isReady = false }
    }

    private static let outcomes = [
        "overloaded": "rejected", "dropped": "abort", "validation": "client_error", "template": "client_error",
    ]

    /// Names as its router declares them; counters have no suffix.
    static let table = NativeTable(
        families: [
            NativeFamily(.gauge, "tgi_queue_size", .requestsWaiting),
            NativeFamily(.gauge, "tgi_batch_current_size", .requestsRunning, isMade: true),
            NativeFamily(.counter, "tgi_request_success", .requests, labels: [.fixed("success"), .fixed("success")]),
            NativeFamily(
                .counter, "tgi_request_failure", .requests,
                labels: [.translated("err", outcomes, otherwise: "error"), .of("err")]),
            NativeFamily(.gauge, "tgi_batch_max_total_tokens", .cacheCapacity, isMade: true),
            NativeFamily(.histogram, "tgi_request_input_length", .requestPromptTokens),
            NativeFamily(.histogram, "tgi_request_generated_tokens", .requestGenerationTokens),
            NativeFamily(.histogram, "tgi_request_input_length", .promptTokens, taking: .sum),
            NativeFamily(.histogram, "tgi_request_generated_tokens", .generationTokens, taking: .sum),
            NativeFamily(.histogram, "tgi_request_duration", .requestDuration),
            NativeFamily(.histogram, "tgi_request_queue_duration", .queueDuration),
            NativeFamily(.histogram, "tgi_request_mean_time_per_token_duration", .timePerOutputToken),
        ],
        ignored: [
            NativeTable.Ignored("tgi_request_count", "the successes and failures tell it"),
            .init("tgi_request_validation_duration", "a small part of the duration"),
            .init("tgi_request_inference_duration", "what the duration has beyond the queue"),
            .init("tgi_request_max_new_tokens", "what was asked for, not what came"),
            .init("tgi_request_skipped_tokens", "of speculation"), .init("tgi_batch_*", "of batches, one of them with 1,024 buckets"),
        ], mergedLabels: ["method"])
}
