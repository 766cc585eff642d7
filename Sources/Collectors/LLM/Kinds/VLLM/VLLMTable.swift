import Metrics

extension VLLM {
    /// As `vllm/v1/metrics/loggers.py` declares them. Names before version 0.9 are aliases; V0's own are gone.
    static let table = NativeTable(
        families: requests + tokens + cache + durations, ignored: ignored, modelLabels: ["model_name"], mergedLabels: ["engine", "method"],
        tellsStart: true)

    /// Paths of its own questions and of probes of health, which are no work.
    private static let monitoring = ["/metrics", "/health", "/ping", "/version", "/load", "/v1/models", "/is_sleeping"]

    private static let outcomes = ["stop": "success", "length": "success", "repetition": "success", "abort": "abort", "error": "error"]

    private static let requests = [
        NativeFamily(.gauge, "vllm:num_requests_running", .requestsRunning),
        NativeFamily(.gauge, "vllm:num_requests_waiting", .requestsWaiting),
        NativeFamily(.gauge, "vllm:num_requests_waiting_by_reason", .requestsWaitingByReason, labels: [.of("reason")], since: "0.20.2"),
        NativeFamily(
            .counter, "vllm:request_success_total", .requests,
            labels: [.translated("finished_reason", outcomes, otherwise: "success"), .of("finished_reason")]),
        NativeFamily(.counter, "vllm:admission_rejections_total", .requests, labels: [.fixed("rejected"), .of("reason")], since: "0.33.0"),
        NativeFamily(
            .counter, "http_requests_total", .httpResponses, labels: [.statusClass("status")],
            filters: [.init(label: "handler", values: monitoring, isWanted: false)]),
        NativeFamily(
            .gauge, "vllm:engine_sleep_state", .sleeping, taking: .opposite,
            filters: [.init(label: "sleep_state", values: ["awake"], isWanted: true)], since: "0.11.2"),
    ]

    private static let tokens = [
        NativeFamily(.counter, "vllm:prompt_tokens_total", .promptTokens),
        NativeFamily(.counter, "vllm:generation_tokens_total", .generationTokens),
        NativeFamily(.counter, "vllm:prompt_tokens_cached_total", .cachedPromptTokens, since: "0.16.0"),
        NativeFamily(.histogram, "vllm:request_prompt_tokens", .requestPromptTokens),
        NativeFamily(.histogram, "vllm:request_generation_tokens", .requestGenerationTokens),
        NativeFamily(.counter, "vllm:spec_decode_num_draft_tokens_total", .draftedTokens),
        NativeFamily(.counter, "vllm:spec_decode_num_accepted_tokens_total", .acceptedTokens),
    ]

    private static let cache = [
        NativeFamily(.gauge, "vllm:kv_cache_usage_perc", .cacheUsage, aliases: ["vllm:gpu_cache_usage_perc"]),
        NativeFamily(
            .gauge, "vllm:cache_config_info", .cacheCapacity, taking: .labelProduct(["block_size", "num_gpu_blocks"])),
        NativeFamily(
            .counter, "vllm:prefix_cache_queries_total", .prefixCacheQueries, aliases: ["vllm:gpu_prefix_cache_queries_total"],
            since: "0.7.3"),
        NativeFamily(
            .counter, "vllm:prefix_cache_hits_total", .prefixCacheHits, aliases: ["vllm:gpu_prefix_cache_hits_total"], since: "0.7.3"),
        NativeFamily(.counter, "vllm:num_preemptions_total", .preemptions),
    ]

    private static let durations = [
        NativeFamily(.histogram, "vllm:time_to_first_token_seconds", .timeToFirstToken),
        NativeFamily(
            .histogram, "vllm:inter_token_latency_seconds", .interTokenLatency, aliases: ["vllm:time_per_output_token_seconds"]),
        NativeFamily(.histogram, "vllm:request_time_per_output_token_seconds", .timePerOutputToken, since: "0.11.2"),
        NativeFamily(.histogram, "vllm:e2e_request_latency_seconds", .requestDuration),
        NativeFamily(.histogram, "vllm:request_queue_time_seconds", .queueDuration, aliases: ["vllm:time_in_queue_requests"]),
        NativeFamily(.histogram, "vllm:request_prefill_time_seconds", .prefillDuration),
        NativeFamily(.histogram, "vllm:request_decode_time_seconds", .decodeDuration),
    ]

    private static let ignored = [
        NativeTable.Ignored("vllm:iteration_tokens_total", "tokens of an engine's step, a histogram in spite of its name"),
        .init("vllm:request_inference_time_seconds", "prefill and decode have theirs"),
        .init("vllm:request_max_num_generation_tokens", "what was asked for, not what came"),
        .init("vllm:request_params_*", "what was asked for, not what came"),
        .init("vllm:request_prefill_kv_computed_tokens", "the counters of cached tokens tell it"),
        .init("vllm:request_num_preemptions", "the counter of preemptions tells it"),
        .init("vllm:prompt_tokens_by_source_total", "the counters of prompt and cached tokens tell it"),
        .init("vllm:prompt_tokens_cached_by_source_total", "the counter of cached tokens tells it"),
        .init("vllm:external_prefix_cache_*", "of a KV connector only"), .init("vllm:mm_cache_*", "of images only"),
        .init("vllm:num_requests_kv_fetch_by_stage", "of a KV connector only"), .init("vllm:kv_offload_*", "of a KV connector only"),
        .init("vllm:kv_block_*", "opt-in sampling"), .init("vllm:nixl_*", "of a KV connector only"),
        .init("vllm:mooncake_*", "of a KV connector only"), .init("vllm:sleep_mode_*", "the present state is shown"),
        .init("vllm:websocket_*", "of one API only"), .init("vllm:estimated_*", "opt-in estimates"),
        .init("vllm:spec_decode_num_drafts_total", "the counters of tokens tell it"),
        .init("vllm:spec_decode_num_accepted_tokens_per_pos_total", "one series for each position"),
        .init("vllm:lora_requests_info", "names of adapters in one label, and a time as its value"),
        .init("vllm:corrupted_requests_total", "opt-in check"), .init("vllm:watermark_requests_total", "opt-in"),
        .init("vllm:prompt_tokens_recomputed_total", "the counter of cached tokens tells it"),
        .init("vllm:hf3fs_*", "of a KV connector only"), .init("vllm:simple_kv_offload_*", "of a KV connector only"),
        .init("vllm:hisparse_*", "of a KV connector only"), .init("vllm:umbp_*", "of a KV connector only"),
        .init("vllm:tool_call_parser_*", "of one API only"), .init("vllm:diffusion_*", "of diffusion models"),
        .init("vllm:rl_*", "of training"), .init("vllm:tokens_total", "V0 only, the sum of two others"),
        .init("vllm:model_forward_time_milliseconds", "V0 only"),
        .init("vllm:model_execute_time_milliseconds", "V0 only"), .init("vllm:spec_decode_draft_acceptance_rate", "V0 only"),
        .init("vllm:spec_decode_efficiency", "V0 only"), .init("vllm:spec_decode_num_emitted_tokens_total", "V0 only"),
        .init("vllm:avg_*", "V0 only, of the last seconds"), .init("vllm:num_requests_swapped", "V0 only"),
        .init("vllm:cpu_cache_usage_perc", "V0 only"),
        .init("vllm:cpu_prefix_cache_hit_rate", "V0 only"), .init("vllm:gpu_prefix_cache_hit_rate", "V0 only"),
    ]
}
