import JSON
import LLMProbe
import Metrics
import Web

/// Triton Inference Server: its exposition has a port of its own, and its index of models is asked with a POST that changes nothing.
enum Triton: ServerKind {
    static let name = "triton"
    static let title = "Triton"
    static let standardPort = 8000
    static let dialect: ProbeDialect? = nil
    static let metricsPort: Int? = 8002
    static let images = ["nvidia/tritonserver"]
    static let signs = [
        Sign("/metrics") { isExposition(of: "nv_inference_", $0.body) },
        Sign("/v2") { hasMember("extensions", $0.body) && hasMember("version", $0.body) },
    ]
    static let index = NameIndex(table)
    static let asked = ["/metrics", "/v2", "/v2/health/ready", "POST /v2/repository/index"]
    static let told = [Told(.modelLoaded, "POST /v2/repository/index: state"), Told(.modelInfo, "POST /v2/repository/index: name")]
    static let remarks = [
        "Its exposition is at port 8002 unless `metrics_url` says otherwise; a `bearer_token_file` is not shown there.",
        "Time to first token is that of its opt-in histogram of first responses. Its other times are sums of microseconds without buckets: "
            + "`request_seconds_total` and `queue_seconds_total` by `requests_total{outcome=\"success\"}` are means, and there are no quantiles.",
    ]

    static func ask(_ questions: Questions, into picture: inout ServerPicture) async {
        await questions.readiness("/v2/health/ready", into: &picture)
        await questions.exposition("/metrics", self, into: &picture)
        await questions.json("/v2") { picture.version = $0["version"]?.text ?? "" }
        await questions.json("/v2/repository/index", method: "POST") { root in
            var states: [String: Bool] = [:]
            root.forEachElement { model in
                guard let name = model["name"]?.text, !name.isEmpty, states[name] != nil || states.count < 2_000 else { return }
                // One version that is ready is enough.
                states[name] = states[name] == true || model["state"]?.text == "READY"
            }
            for (name, isReady) in states.sorted(by: { $0.key < $1.key }) {
                picture.add(.modelLoaded, model: name, isReady)
                picture.add(.modelInfo, model: name, labels: ["", "", "", ""], 1)
            }
        }
    }

    static let table = NativeTable(
        families: [
            NativeFamily(.gauge, "nv_inference_pending_request_count", .requestsWaiting),
            NativeFamily(.counter, "nv_inference_request_success", .requests, labels: [.fixed("success"), .fixed("success")]),
            NativeFamily(
                .counter, "nv_inference_request_failure", .requests,
                labels: [.translated("reason", ["REJECTED": "rejected", "CANCELED": "abort"], otherwise: "error"), .of("reason")]),
            NativeFamily(.counter, "nv_inference_request_duration_us", .requestSeconds, factor: 1e-6),
            NativeFamily(.counter, "nv_inference_queue_duration_us", .queueSeconds, factor: 1e-6),
            NativeFamily(.histogram, "nv_inference_first_response_histogram_ms", .timeToFirstToken, factor: 0.001),
        ],
        ignored: [
            NativeTable.Ignored("nv_inference_count", "inferences of batches, not requests"),
            .init("nv_inference_exec_count", "executions of batches, not requests"),
            .init("nv_inference_compute_*", "what the duration has beyond the queue"),
            .init("nv_inference_*", "summaries, where they are on"), .init("nv_cache_*", "of the cache of whole answers"),
            .init("nv_gpu_*", "llm_monitor_gpu_* has the cards"), .init("nv_energy_consumption", "llm_monitor_gpu_* has the cards"),
            .init("nv_cpu_*", "of the machine"), .init("nv_pinned_memory_*", "the server's own"), .init("nv_model_load_*", "of the start"),
        ], modelLabels: ["model"], mergedLabels: ["version", "gpu_uuid"])
}
