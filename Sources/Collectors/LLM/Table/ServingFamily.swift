import Metrics

/// The families of ours that what a server tells of itself goes to. The collector has a few more, of its own questions.
enum ServingFamily: Int, Sendable, CaseIterable {
    case requestsRunning, requestsWaiting, requestsWaitingByReason, requests, httpResponses
    case promptTokens, generationTokens, cachedPromptTokens
    case timeToFirstToken, interTokenLatency, timePerOutputToken, requestDuration, queueDuration, prefillDuration, decodeDuration
    case requestSeconds, queueSeconds, prefillSeconds, decodeSeconds
    case requestPromptTokens, requestGenerationTokens
    case cacheUsage, cacheCapacity, prefixCacheQueries, prefixCacheHits, preemptions
    case slots, draftedTokens, acceptedTokens
    case modelInfo, modelLoaded, modelContext, modelSize, modelResident, modelExpires, deploymentState, sleeping
    case startTime

    /// How values of several engines or ranks of a server become one.
    enum Merging: Sendable { case sum, largest }

    /// What a family is, as the catalogue declares it.
    struct Shape: Sendable {
        /// Behind `llm_monitor_llm_`.
        let name: String
        var kind = MetricDescriptor.Kind.gauge
        /// Beside server and engine, and model where there is one.
        var labels: [String] = []
        var hasModel = true
        var merging = Merging.sum
        let help: String
    }

    static let prefix = "llm_monitor_llm_"

    var name: String { Self.prefix + shape.name }

    var shape: Shape { Self.shapes[rawValue] }

    private static let shapes = allCases.map(\.declared)

    private var declared: Shape {
        switch self {
        case .requestsRunning: Shape(name: "requests_running", help: "Requests that are being worked on.")
        case .requestsWaiting: Shape(name: "requests_waiting", help: "Requests that wait for their turn.")
        case .requestsWaitingByReason:
            Shape(name: "requests_waiting_by_reason", labels: ["reason"], help: "Requests that wait for their turn, by what they wait for.")
        case .requests:
            Shape(
                name: "requests_total", kind: .counter, labels: ["outcome", "reason"],
                help:
                    "Requests that came to an end: success, abort, error, rejected or client_error (what was wrong with the request), with the server's own word for it."
            )
        case .httpResponses:
            Shape(
                name: "http_responses_total", kind: .counter, labels: ["status"], hasModel: false,
                help: "HTTP answers by class of status, without those to the questions of monitoring.")
        case .promptTokens: Shape(name: "prompt_tokens_total", kind: .counter, help: "Tokens of prompts that were worked on.")
        case .generationTokens: Shape(name: "generation_tokens_total", kind: .counter, help: "Tokens that were generated.")
        case .cachedPromptTokens:
            Shape(name: "cached_prompt_tokens_total", kind: .counter, help: "Tokens of prompts that a cache had already.")
        case .timeToFirstToken: Self.seconds("time_to_first_token", "Time from a request to its first token.")
        case .interTokenLatency: Self.seconds("inter_token_latency", "Time between two tokens of a request.")
        case .timePerOutputToken: Self.seconds("time_per_output_token", "Mean time for a token of a whole request.")
        case .requestDuration: Self.seconds("request_duration", "Time from a request to the end of its answer.")
        case .queueDuration: Self.seconds("queue_duration", "Time that a request waited for its turn.")
        case .prefillDuration: Self.seconds("prefill_duration", "Time in which a request's prompt was worked on.")
        case .decodeDuration: Self.seconds("decode_duration", "Time in which a request's tokens were generated.")
        case .requestSeconds: Self.sum("request", "Seconds that requests took")
        case .queueSeconds: Self.sum("queue", "Seconds that requests waited for their turn")
        case .prefillSeconds: Self.sum("prefill", "Seconds in which prompts were worked on")
        case .decodeSeconds: Self.sum("decode", "Seconds in which tokens were generated")
        case .requestPromptTokens: Shape(name: "request_prompt_tokens", kind: .histogram, help: "Tokens of a request's prompt.")
        case .requestGenerationTokens:
            Shape(name: "request_generation_tokens", kind: .histogram, help: "Tokens that were generated for a request.")
        default: declaredOfMemory
        }
    }

    private var declaredOfMemory: Shape {
        switch self {
        case .cacheUsage:
            Shape(
                name: "kv_cache_usage_ratio", merging: .largest, help: "How full the KV cache is; of several engines the fullest.")
        case .cacheCapacity: Shape(name: "kv_cache_capacity_tokens", help: "Tokens that the KV cache has room for.")
        case .prefixCacheQueries:
            Shape(name: "prefix_cache_queries_tokens_total", kind: .counter, help: "Tokens that were looked for in the prefix cache.")
        case .prefixCacheHits:
            Shape(name: "prefix_cache_hits_tokens_total", kind: .counter, help: "Tokens that the prefix cache had.")
        case .preemptions:
            Shape(name: "preemptions_total", kind: .counter, help: "Times that a request lost its place in the KV cache to another.")
        case .slots: Shape(name: "slots", labels: ["state"], help: "Places for requests, busy and idle.")
        case .draftedTokens:
            Shape(name: "spec_decode_drafted_tokens_total", kind: .counter, help: "Tokens that speculative decoding proposed.")
        case .acceptedTokens:
            Shape(name: "spec_decode_accepted_tokens_total", kind: .counter, help: "Proposed tokens that were taken.")
        case .modelInfo:
            Shape(
                name: "model_info", kind: .info, labels: ["family", "parameters", "quantization", "type"], merging: .largest,
                help: "What a model is, as far as its server tells.")
        case .modelLoaded: Shape(name: "model_loaded", merging: .largest, help: "Whether the model is ready to answer.")
        case .modelContext: Shape(name: "model_context_tokens", merging: .largest, help: "Longest context of the model.")
        case .modelSize: Shape(name: "model_size_bytes", merging: .largest, help: "Size of the model's weights.")
        case .modelResident:
            Shape(name: "model_resident_bytes", labels: ["location"], help: "Bytes of the model by where they are: vram, ram or disk.")
        case .modelExpires:
            Shape(
                name: "model_expires_timestamp_seconds", merging: .largest,
                help: "When the model will be unloaded unless somebody asks it, in unix seconds.")
        case .deploymentState:
            Shape(
                name: "deployment_state", labels: ["provider", "state"], merging: .largest,
                help: "State of the deployments of a model at a provider, 1 for the worst that one of them is in.")
        case .sleeping: Shape(name: "sleeping", merging: .largest, help: "Whether the model sleeps, with its memory given back.")
        default:
            Shape(
                name: "start_time_seconds", hasModel: false, merging: .largest, help: "Start of the server in unix seconds.")
        }
    }

    /// Of servers that keep no histogram: a mean can be made of it, and no quantile.
    private static func sum(_ name: String, _ help: String) -> Shape {
        Shape(name: name + "_seconds_total", kind: .counter, help: help + ", of all together, where the server keeps no histogram.")
    }

    private static func seconds(_ name: String, _ help: String) -> Shape {
        Shape(name: name + "_seconds", kind: .histogram, help: help)
    }
}
