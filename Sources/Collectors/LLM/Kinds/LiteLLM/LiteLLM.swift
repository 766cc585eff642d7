import JSON
import Metrics
import Web

/// LiteLLM's proxy: what passes through it, by the model that was asked for, and the states of its deployments. Its `/health` calls every
/// model, so `/health/readiness` is asked.
enum LiteLLM: ServerKind {
    static let name = "litellm"
    static let title = "LiteLLM"
    static let standardPort = 4000
    static let images = ["berriai/litellm", "berriai/litellm-database", "litellm/litellm"]
    static let signs = [
        Sign("/metrics") { isExposition(of: "litellm_", $0.body) },
        Sign("/health/readiness") {
            hasMember("litellm_version", $0.body) || hasMember("db", $0.body) && hasMember("status", $0.body)
        },
    ]
    static let index = NameIndex(table)
    static let asked = ["/metrics", "/health/readiness", "/model/info", "/v1/models"]
    static let told = [
        Told(.modelInfo, "/model/info: model_name, model_info.mode; \(ModelList.path): id"),
        Told(.modelContext, "/model/info: model_info.max_input_tokens"),
    ]
    static let remarks = [
        "It has metrics only with the callback `prometheus`. Of their labels only the model that was asked for, provider and status are kept: "
            + "users, teams, keys and addresses are left out and counted in `labels_dropped_total`.",
        "Its `/health` calls every model and costs money, so it is never asked; `/health/readiness` is.",
        "The list of models wants a key (`bearer_token_file`), metrics only where it was set up so.",
    ]

    static func ask(_ questions: Questions, into picture: inout ServerPicture) async {
        await questions.readiness("/health/readiness", into: &picture)
        await questions.exposition("/metrics", self, into: &picture)
        picture.onlyModel = nil
        picture.version = questions.former?.version ?? ""
        await questions.json("/health/readiness") { picture.version = $0["litellm_version"]?.text ?? picture.version }
        let hasDetails = await questions.json("/model/info") { root in
            root["data"]?.forEachElement { model in
                guard let name = model["model_name"]?.text, !name.isEmpty else { return }
                let info = model["model_info"]
                picture.add(.modelContext, model: name, (info?["max_input_tokens"] ?? info?["max_tokens"])?.number)
                picture.add(.modelInfo, model: name, labels: ["", "", "", type(info?["mode"]?.text ?? "")], 1)
            }
        }
        guard !hasDetails else { return }
        await questions.json(ModelList.path) { root in
            ModelList.forEach(root) { picture.add(.modelInfo, model: $0.id, labels: ["", "", "", ""], 1) }
        }
    }

    private static func type(_ mode: String) -> String {
        switch mode {
        case "chat", "completion", "responses": "llm"
        case "embedding": "embedding"
        case "rerank": "reranker"
        default: ""
        }
    }

    /// What is wrong with a request is 4xx, but for a limit (429), a client that went (499) and a model that took too long (408).
    private static let outcomes = Dictionary(uniqueKeysWithValues: (400..<500).filter { $0 != 408 }.map { ("\($0)", "client_error") })
        .merging(["200": "success", "201": "success", "429": "rejected", "499": "abort"]) { $1 }

    /// As `litellm/integrations/prometheus.py` declares them; the Python client puts `_total` behind names that end in `_metric`.
    static let table = NativeTable(
        families: [
            NativeFamily(.gauge, "litellm_in_flight_requests", .requestsRunning, since: "1.90.0"),
            NativeFamily(.gauge, "litellm_admission_queued_requests", .requestsWaiting, since: "1.109.1"),
            NativeFamily(
                .counter, "litellm_proxy_total_requests_metric_total", .requests,
                labels: [.translated("status_code", outcomes, otherwise: "error"), .of("status_code")]),
            // The door counts these before anything else sees them.
            NativeFamily(
                .counter, "litellm_admission_rejected_requests_total", .requests, labels: [.fixed("rejected"), .of("reason")],
                since: "1.109.1"),
            NativeFamily(
                .counter, "litellm_input_tokens_metric_total", .promptTokens, aliases: ["litellm_input_tokens_total"]),
            NativeFamily(
                .counter, "litellm_output_tokens_metric_total", .generationTokens, aliases: ["litellm_output_tokens_total"]
            ),
            NativeFamily(.counter, "litellm_input_cached_tokens_metric_total", .cachedPromptTokens, since: "1.90.0"),
            NativeFamily(.histogram, "litellm_llm_api_time_to_first_token_metric", .timeToFirstToken),
            NativeFamily(.histogram, "litellm_request_total_latency_metric", .requestDuration),
            NativeFamily(.histogram, "litellm_request_queue_time_seconds", .queueDuration, since: "1.90.0"),
            NativeFamily(.histogram, "litellm_deployment_latency_per_output_token", .timePerOutputToken),
            NativeFamily(
                .gauge, "litellm_deployment_state", .deploymentState, taking: .states(["healthy", "partial", "outage"]),
                labels: [.of("api_provider")]),
        ],
        ignored: [
            NativeTable.Ignored("litellm_spend_*", "money"),
            .init("litellm_remaining_*", "budgets and limits of keys, teams and providers"),
            .init("litellm_team*", "budgets and limits of teams"), .init("litellm_org_*", "budgets and limits of organisations"),
            .init("litellm_user_*", "budgets and limits of users"), .init("litellm_customer_*", "budgets and limits of customers"),
            .init("litellm_api_key_*", "budgets and limits of keys"), .init("litellm_project_*", "limits of projects"),
            .init("litellm_provider_*", "budgets and caches of providers"), .init("litellm_total_users", "users"),
            .init("litellm_active_users", "users"), .init("litellm_total_tokens_metric_total", "the sum of two others"),
            .init("litellm_total_tokens_total", "older, the sum of two others"), .init("litellm_not_a_premium_user_metric_total", "older"),
            .init("litellm_reset_budget_job_*", "its own parts"),
            .init("litellm_admission_admitted_requests", "the requests in flight tell it"),
            .init("litellm_tokens_metric_total", "older, the sum of two others"),
            .init("litellm_requests_metric_total", "older, the requests of the proxy tell it"),
            .init("litellm_proxy_failed_requests_metric_total", "the requests with their status tell it"),
            .init("litellm_llm_api_failed_requests_metric_total", "older, the requests with their status tell it"),
            .init("litellm_llm_api_latency_metric", "what the duration has beyond the proxy's own work"),
            .init("litellm_overhead_*", "the proxy's own work"),
            .init("litellm_deployment_*", "limits, fallbacks and answers of deployments"),
            .init("litellm_input_*", "tokens of one sort"), .init("litellm_output_*", "tokens of one sort"),
            .init("litellm_video_*", "of media"), .init("litellm_images_*", "of media"), .init("litellm_guardrail_*", "of guardrails"),
            .init("litellm_cache_*", "of the cache of whole answers"),
            .init("litellm_cached_tokens_metric_total", "of the cache of whole answers"),
            .init("litellm_managed_*", "of files and batches"), .init("litellm_check_batch_cost_*", "of files and batches"),
            .init("litellm_batch_*", "of files and batches"), .init("litellm_mcp_*", "of tools"),
            .init("litellm_zero_cost_requests_total", "money"), .init("litellm_callback_*", "of callbacks"),
            .init("litellm_redis_*", "of its stores"), .init("litellm_postgres_*", "of its stores"),
            .init("litellm_pod_*", "of its stores"), .init("litellm_anthropic_wif_*", "how it gets tokens from one provider"),
            .init("litellm_in_memory_*", "of its stores"), .init("litellm_self_*", "its own parts"),
            .init("litellm_auth_*", "its own parts"),
            .init("litellm_proxy_*", "its own parts"), .init("litellm_router_*", "its own parts"),
        ], modelLabels: ["requested_model", "model_group", "model", "litellm_model_name"], tellsStart: true)
}
