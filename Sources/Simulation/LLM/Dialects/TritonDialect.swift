import JSON
import Primitives
import Web

/// Triton Inference Server: 2.59 (25.06) or, as old, 2.41. Its metrics are on a port of their own, two above.
struct TritonDialect: LLMDialect {
    let age: LLMVersion

    /// Seconds; it counts milliseconds.
    private static let firstResponse = [0.1, 0.5, 2, 5.0]

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] { measure == .timeToFirstToken ? Self.firstResponse : [] }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse { .object(status: status) { $0.member("error", message) } }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        let parts = request.path.split(separator: "/").map(String.init)
        switch parts {
        case ["v2", "health", "ready"], ["v2", "health", "live"]: return HTTPServerResponse(status: 200)
        case ["v2"]:
            return .object { json in
                json.member("name", "triton")
                json.member("version", server.plan.version)
                json.key("extensions")
                json.array { json in
                    for word in ["classification", "model_repository", "statistics", "generate"] { json.string(word) }
                }
            }
        case ["v2", "repository", "index"]: return request.method == "POST" ? index(server) : refusal(405, "Method Not Allowed")
        default: break
        }
        guard parts.count >= 3, parts[0] == "v2", parts[1] == "models" else { return nil }
        guard server.desk(of: parts[2]) != nil else {
            return refusal(404, "Request for unknown model: '\(HostileText.oneLine(parts[2], limit: 80))' is not found")
        }
        switch parts.dropFirst(3) {
        case ["ready"]: return HTTPServerResponse(status: 200)
        case []:
            return .object { json in
                json.member("name", parts[2])
                json.key("versions")
                json.array { $0.string("1") }
                json.member("platform", "ensemble")
            }
        case ["generate"], ["generate_stream"]:
            return await server.generate(request, by: server.served.first?.desk, isStream: parts.last == "generate_stream") { desk, _ in
                TritonForm(model: desk.model.name)
            }
        default: return nil
        }
    }

    private func index(_ server: LLMServer) -> HTTPServerResponse {
        var json = JSONWriter()
        json.array { json in
            for (model, _) in server.served {
                json.object { json in
                    json.member("name", model.name)
                    json.member("version", "1")
                    json.member("state", "READY")
                }
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }

    /// What the other port says.
    func metricsAnswer(_ request: HTTPServerRequest, of server: LLMServer) -> HTTPServerResponse {
        request.path == "/metrics" ? .exposition(metrics(of: server), for: request) : HTTPServerResponse(status: 404)
    }

    private func metrics(of server: LLMServer) -> NativeExposition {
        var text = NativeExposition(.plain)
        for desk in server.desks {
            let engine = desk.view()
            let book = engine.book
            text.common = [("model", desk.model.name), ("version", "1")]
            text.counter("nv_inference_request_success", "Requests that were answered.", book.succeeded)
            let failures: [(String, Double)] = [
                ("REJECTED", book.rejections), ("CANCELED", book.count(of: .abort)), ("BACKEND", book.count(of: .error)), ("OTHER", 0),
            ]
            if age == .new {
                text.counters("nv_inference_request_failure", "Requests that failed.", failures.map { ([("reason", $0.0)], $0.1) })
            } else {
                text.counter("nv_inference_request_failure", "Requests that failed.", failures.reduce(0) { $0 + $1.1 })
            }
            text.counter("nv_inference_count", "Inferences.", book.succeeded)
            text.counter("nv_inference_exec_count", "Runs of the model.", book.steps.rounded(.down))
            text.gauge("nv_inference_pending_request_count", "Requests in the queue.", Double(engine.waitingCount))
            func microseconds(_ seconds: Double) -> Double { (seconds * 1e6).rounded(.down) }
            text.counter("nv_inference_request_duration_us", "Microseconds of all requests.", microseconds(book[.duration].sum))
            text.counter("nv_inference_queue_duration_us", "Microseconds in the queue.", microseconds(book[.queue].sum))
            text.counter("nv_inference_compute_input_duration_us", "Microseconds of what goes in.", microseconds(book.ended * 0.0004))
            text.counter("nv_inference_compute_infer_duration_us", "Microseconds of the model.", microseconds(book[.inference].sum))
            text.counter("nv_inference_compute_output_duration_us", "Microseconds of what comes out.", microseconds(book.ended * 0.0002))
            if age == .new {
                text.histogram(
                    "nv_inference_first_response_histogram_ms", "Milliseconds to the first response.", book[.timeToFirstToken], factor: 1000
                )
            }
        }
        text.common = []
        let use = server.desks.first.map { desk in
            let engine = desk.view()
            return Double(engine.runningCount) / Double(desk.shape.slots)
        }
        text.gauge(
            "nv_gpu_utilization", "Part of the time in which the card works.", min(0.99, (use ?? 0) * 2), [("gpu_uuid", server.cardUUID)])
        text.gauge("nv_gpu_memory_total_bytes", "Memory of the card.", 150_754_820_096, [("gpu_uuid", server.cardUUID)])
        return text
    }
}
