import Metrics

extension SGLang {
    /// As `sglang/srt/observability/metrics_collector.py` declares them.
    static let table = NativeTable(
        families: requests + tokens + durations, ignored: ignored, modelLabels: ["model_name"],
        mergedLabels: [
            "engine_type", "tp_rank", "pp_rank", "dp_rank", "moe_ep_rank", "ep_rank", "pid", "priority", "is_streaming", "cache_source",
            "source", "endpoint", "method",
        ])

    private static let monitoring = [
        "/metrics", "/health", "/ready", "/model_info", "/get_model_info", "/server_info", "/get_server_info", "/v1/models", "/v1/loads",
    ]

    /// Ranks of one tensor-parallel group tell of the same requests, where all of them tell.
    private static let firstRank = NativeFamily.Filter(label: "tp_rank", values: ["", "0"], isWanted: true)
    /// Where requests have priorities, the series without one is the sum of the others.
    private static let allPriorities = NativeFamily.Filter(label: "priority", values: [""], isWanted: true)

    private static let requests = [
        NativeFamily(.gauge, "sglang:num_running_reqs", .requestsRunning, filters: [firstRank, allPriorities]),
        NativeFamily(.gauge, "sglang:num_queue_reqs", .requestsWaiting, filters: [firstRank, allPriorities]),
        NativeFamily(.counter, "sglang:num_requests_total", .requests, labels: [.fixed("success"), .fixed("finished")], since: "0.4.6"),
        NativeFamily(.counter, "sglang:num_aborted_requests_total", .requests, labels: [.fixed("abort"), .fixed("abort")], since: "0.5.3"),
        NativeFamily(.counter, "sglang:num_retracted_requests_total", .preemptions, filters: [firstRank], since: "0.5.9"),
        NativeFamily(
            .counter, "sglang:http_responses_total", .httpResponses, labels: [.statusClass("status_code")],
            filters: [.init(label: "endpoint", values: monitoring, isWanted: false)], since: "0.5.9"),
        NativeFamily(.gauge, "sglang:token_usage", .cacheUsage),
        NativeFamily(.gauge, "sglang:max_total_num_tokens", .cacheCapacity, filters: [firstRank], since: "0.5.9"),
        // It counts by 2³⁰.
        NativeFamily(
            .gauge, "sglang:weight_memory_usage_gb", .modelResident, factor: 1_073_741_824, labels: [.fixed("vram")], since: "0.5.23"),
    ]

    private static let tokens = [
        NativeFamily(.counter, "sglang:prompt_tokens_total", .promptTokens),
        NativeFamily(.counter, "sglang:generation_tokens_total", .generationTokens),
        NativeFamily(.counter, "sglang:cached_tokens_total", .cachedPromptTokens, since: "0.4.6"),
        NativeFamily(.counter, "sglang:prompt_tokens_total", .prefixCacheQueries, isMade: true),
        NativeFamily(.counter, "sglang:cached_tokens_total", .prefixCacheHits, isMade: true, since: "0.4.6"),
        NativeFamily(.histogram, "sglang:prompt_tokens_histogram", .requestPromptTokens, since: "0.4.6"),
        NativeFamily(.histogram, "sglang:generation_tokens_histogram", .requestGenerationTokens, since: "0.4.6"),
    ]

    private static let durations = [
        NativeFamily(.histogram, "sglang:time_to_first_token_seconds", .timeToFirstToken),
        NativeFamily(.histogram, "sglang:inter_token_latency_seconds", .interTokenLatency, since: "0.4.6"),
        NativeFamily(.histogram, "sglang:request_time_per_output_token_seconds", .timePerOutputToken, since: "0.5.23"),
        NativeFamily(.histogram, "sglang:time_per_output_token_seconds", .timePerOutputToken, until: "0.4.1"),
        NativeFamily(.histogram, "sglang:e2e_request_latency_seconds", .requestDuration),
        NativeFamily(.histogram, "sglang:queue_time_seconds", .queueDuration, since: "0.5.3"),
    ]

    private static let ignored = [
        NativeTable.Ignored("sglang:cache_hit_rate", "of the last batch only"), .init("sglang:gen_throughput", "of the last batches only"),
        .init("sglang:num_used_tokens", "the usage tells it"), .init("sglang:kv_*", "the usage tells it"),
        .init("sglang:http_request*", "the answers tell it"), .init("sglang:full_token_usage", "of hybrid models"),
        .init("sglang:swa_*", "of hybrid models"), .init("sglang:mamba_*", "of hybrid models"),
        .init("sglang:spec_*", "means of the last batches"), .init("sglang:utilization", "of the scheduler"),
        .init("sglang:num_grammar_*", "of the grammar backend"), .init("sglang:grammar_*", "of the grammar backend"),
        .init("sglang:num_*", "queues of the scheduler that requests pass before or after"),
        .init("sglang:func_latency_seconds", "of functions of the server"), .init("sglang:max_running_requests_under_SLO", "a setting"),
        .init("sglang:process_*", "the process' own"), .init("sglang:pending_prealloc_token_usage", "of disaggregation"),
        .init("sglang:prealloc_*", "of disaggregation"), .init("sglang:decode_*", "the scheduler's own"),
        .init("sglang:new_token_ratio", "the scheduler's own"), .init("sglang:gpu_execution_seconds_total", "the scheduler's own"),
        .init("sglang:cache_config_info", "the capacity tells it"), .init("sglang:page_size", "the capacity tells it"),
        .init("sglang:max_total_num_tokens_swa", "of hybrid models"), .init("sglang:context_len", "/v1/models tells it"),
        .init("sglang:eplb_*", "of experts"), .init("sglang:failed_session_recoveries_total", "of sessions"),
        .init("sglang:streaming_session_*", "of sessions"), .init("sglang:weight_load_duration_seconds", "of the start"),
        .init("sglang:get_loads_duration_seconds", "of one question"), .init("sglang:hicache_*", "of a tiered cache"),
        .init("sglang:lora_*", "of adapters"), .init("sglang:encoder_*", "of images"),
        .init("sglang:diffusion_*", "of image models"), .init("sglang:scheduler_*", "the scheduler's own"),
        .init("sglang:dp_*", "the scheduler's own"), .init("sglang:prefill_*", "the scheduler's own"),
        .init("sglang:forward_*", "the scheduler's own"), .init("sglang:fwd_occupancy", "the scheduler's own"),
        .init("sglang:estimated_*", "estimates"), .init("sglang:startup_*", "of the start"), .init("sglang:engine_*", "of the start"),
        .init("sglang:graph_*", "memory of graphs"), .init("sglang:cuda_graph_*", "of graphs"), .init("sglang:is_cuda_graph", "of graphs"),
        .init("sglang:storage_*", "of a tiered cache"), .init("sglang:load_back_*", "of a tiered cache"),
        .init("sglang:prefetch*", "of a tiered cache"), .init("sglang:backup*", "of a tiered cache"),
        .init("sglang:evict*", "of a tiered cache"), .init("sglang:per_stage_req_latency_seconds", "one series for each stage"),
        .init("sglang:uncached_prompt_tokens_histogram", "the counters tell it"),
        .init("sglang:realtime_tokens_total", "the counters tell it"),
        .init("sglang:routing_key*", "keys of requests"), .init("sglang:avg_request_queue_latency", "a mean"),
    ]
}
