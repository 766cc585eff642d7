import JSON
import Primitives
import Web

/// Text Generation Inference: 3.3 or, as old, 2.4, which say the same.
struct TGIDialect: LLMDialect {
    let age: LLMVersion

    private static let seconds = Edges.geometric(from: 1e-4, factor: 1.5, count: 35)

    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double] {
        switch measure {
        case .promptTokens, .generationTokens, .tokenLimit: Edges.linear(to: Double(model.contextTokens), count: 100)
        case .stepTokens: Edges.linear(to: 1024, count: 1024)
        default: Self.seconds
        }
    }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        if status == 404, message == "Not Found" { return HTTPServerResponse(status: 404) }
        return .object(status: status == 400 ? 422 : status == 503 ? 429 : status) { json in
            json.member("error", message)
            json.member("error_type", status == 400 ? "validation" : status == 503 ? "overloaded" : "generation")
        }
    }

    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse? {
        guard let desk = server.desks.first else { return nil }
        switch request.path {
        case "/metrics": return .exposition(metrics(of: desk), for: request)
        case "/health", "/ping": return HTTPServerResponse(status: 200)
        case "/info":
            return .object { json in
                json.member("model_id", desk.model.name)
                json.key("model_sha")
                json.null()
                json.member("model_dtype", "torch.bfloat16")
                json.member("model_pipeline_tag", "text-generation")
                json.member("max_concurrent_requests", 128)
                json.member("max_best_of", 2)
                json.member("max_stop_sequences", 4)
                json.member("max_input_tokens", desk.model.contextTokens - 1)
                json.member("max_total_tokens", desk.model.contextTokens)
                json.member("validation_workers", 2)
                json.member("max_client_batch_size", 4)
                json.member("router", "text-generation-router")
                json.member("version", server.plan.version)
            }
        case "/v1/models": return server.models(owner: desk.model.name)
        case "/v1/chat/completions", "/v1/completions":
            let isChat = request.path == "/v1/chat/completions"
            // It knows itself by one name, and takes any.
            return await server.generate(request, by: server.served.first?.desk) { server.openAI($0, $1, isChat: isChat) }
        case "/generate", "/generate_stream":
            return await server.generate(request, by: server.served.first?.desk, isStream: request.path == "/generate_stream") {
                desk, order in
                TGIForm(prompt: order.prompt)
            }
        default: return nil
        }
    }

    private func metrics(of desk: EngineDesk) -> NativeExposition {
        let engine = desk.view()
        let book = engine.book
        var text = NativeExposition(.plain)
        text.counter("tgi_request_count", "Requests.", book.arrivals)
        text.counter("tgi_request_success", "Requests that were answered.", book.succeeded)
        let failures: [(String, Double)] = [
            ("overloaded", book.rejections), ("validation", 0), ("template", 0), ("incomplete", 0), ("generation", book.count(of: .error)),
            ("dropped", book.count(of: .abort)),
        ]
        text.counters("tgi_request_failure", "Requests that failed.", failures.map { ([("err", $0.0)], $0.1) })
        let batches: [(NativeExposition.Labels, Double)] = [
            ([("method", "prefill")], book.firstTokens), ([("method", "decode")], book.steps.rounded(.down)),
        ]
        text.counters("tgi_batch_inference_count", "Batches that were begun.", batches)
        text.counters("tgi_batch_inference_success", "Batches that were done.", batches)
        text.counters("tgi_batch_inference_failure", "Batches that failed.", batches.map { ($0.0, 0) })
        text.counters(
            "tgi_batch_concat", "Batches that were joined.",
            [([("reason", "backpressure")], 0), ([("reason", "wait_exceeded")], book.firstTokens)])
        text.gauge("tgi_queue_size", "Requests in the queue.", Double(engine.waitingCount))
        text.gauge("tgi_batch_current_size", "Requests in the batch.", Double(engine.runningCount))
        text.gauge("tgi_batch_current_max_tokens", "Tokens that the batch may reach.", engine.cacheTokens.rounded())
        text.gauge("tgi_batch_max_total_tokens", "Tokens that a batch may have.", Double(desk.shape.cacheTokens))
        text.histogram("tgi_request_duration", "Seconds of a request.", book[.duration])
        text.histogram("tgi_request_queue_duration", "Seconds in the queue.", book[.queue])
        text.histogram("tgi_request_inference_duration", "Seconds in the batch.", book[.inference])
        text.histogram(
            "tgi_request_mean_time_per_token_duration", "Seconds between two tokens, the mean of a request.", book[.timePerOutputToken])
        text.histogram("tgi_request_input_length", "Tokens of a prompt.", book[.promptTokens])
        text.histogram("tgi_request_generated_tokens", "Tokens of an answer.", book[.generationTokens])
        text.histogram("tgi_request_max_new_tokens", "Tokens that a request asked for at most.", book[.tokenLimit])
        text.histograms(
            "tgi_batch_inference_duration", "Seconds of a batch.",
            [([("method", "prefill")], book[.prefill]), ([("method", "decode")], book[.interTokenLatency])])
        text.histogram("tgi_batch_next_size", "Requests of a batch.", book[.stepTokens])
        return text
    }
}
