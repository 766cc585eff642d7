import JSON
import Primitives
import Web

/// Chat and text completions as OpenAI's API has them, and servers that speak it.
struct OpenAIForm: AnswerForm {
    let isChat: Bool
    let model: String
    let id: String
    let created: Int
    let includesUsage: Bool
    /// llama.cpp: its build goes with every piece, and what it measured with the last.
    var llamaBuild: String?
    /// Errors without an object around them, as vLLM wrote them until 0.10.
    var hasBareErrors = false

    var streamType: String { isLlama ? "text/event-stream" : "text/event-stream; charset=utf-8" }

    func opening() -> [UInt8] {
        guard isChat else { return [] }
        return event { json in
            json.key("delta")
            json.object { json in
                json.member("role", "assistant")
                if isLlama {
                    json.key("content")
                    json.null()
                } else {
                    json.member("content", "")
                }
            }
            json.key("finish_reason")
            json.null()
        }
    }

    func piece(_ text: String, number: Int, isLast: Bool) -> [UInt8] {
        event { json in
            if isChat {
                json.key("delta")
                json.object { $0.member("content", text) }
            } else {
                json.member("text", text)
                writeNoProbabilities(&json)
            }
            json.key("finish_reason")
            json.null()
        }
    }

    func closing(_ text: String, _ outcome: RequestOutcome) -> [UInt8] {
        // llama.cpp tells what a text took with its last piece, whether or not that was asked for.
        let isTold = isLlama && (!includesUsage || !isChat)
        var bytes = event(outcome: isTold ? outcome : nil) { json in
            if isChat {
                json.key("delta")
                json.object { _ in }
            } else {
                json.member("text", "")
                writeNoProbabilities(&json)
            }
            json.member("finish_reason", Self.reason(outcome))
        }
        if includesUsage, isChat || !isLlama {
            bytes += serverSentEvent(
                document(isChunk: true) { json in
                    json.key("choices")
                    json.array { _ in }
                    usage(outcome, &json)
                    if isLlama { timings(outcome, &json) }
                })
        }
        return bytes + Array("data: [DONE]\n\n".utf8)
    }

    func whole(_ text: String, _ outcome: RequestOutcome) -> [UInt8] {
        document(isChunk: false) { json in
            json.key("choices")
            json.array { json in
                json.object { json in
                    json.member("index", 0)
                    if isChat {
                        json.key("message")
                        json.object { json in
                            json.member("role", "assistant")
                            json.member("content", text)
                        }
                    } else {
                        json.member("text", text)
                    }
                    if !isChat || !isLlama { writeNoProbabilities(&json) }
                    json.member("finish_reason", Self.reason(outcome))
                }
            }
            usage(outcome, &json)
            if isLlama { timings(outcome, &json) }
        }
    }

    func interruption() -> [UInt8] { serverSentEvent(error(500, "The engine has failed (simulated).")) + Array("data: [DONE]\n\n".utf8) }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        HTTPServerResponse(status: status, json: error(status, message))
    }

    private func error(_ status: Int, _ message: String) -> [UInt8] {
        isLlama ? LlamaDialect.error(status, message) : Self.error(status, message, isBare: hasBareErrors)
    }

    static func error(_ status: Int, _ message: String, isBare: Bool = false) -> [UInt8] {
        let type =
            switch status {
            case 400: "BadRequestError"
            case 404: "NotFoundError"
            case 503: "ServiceUnavailableError"
            default: "InternalServerError"
            }
        func members(_ json: inout JSONWriter) {
            json.member("message", message)
            json.member("type", type)
            json.key("param")
            json.null()
            json.member("code", status)
        }
        var json = JSONWriter()
        json.object { json in
            if isBare {
                json.member("object", "error")
                members(&json)
            } else {
                json.key("error")
                json.object { members(&$0) }
            }
        }
        return json.bytes
    }

    // MARK: Parts

    private var isLlama: Bool { llamaBuild != nil }

    private func writeNoProbabilities(_ json: inout JSONWriter) {
        json.key("logprobs")
        json.null()
    }

    private static func reason(_ outcome: RequestOutcome) -> String {
        switch outcome.ending {
        case .stop: "stop"
        case .length: "length"
        case .abort: "abort"
        case .error: "error"
        }
    }

    private func event(outcome: RequestOutcome? = nil, _ choice: (inout JSONWriter) -> Void) -> [UInt8] {
        serverSentEvent(
            document(isChunk: true) { json in
                json.key("choices")
                json.array { json in
                    json.object { json in
                        json.member("index", 0)
                        choice(&json)
                    }
                }
                if let outcome {
                    if !isChat { usage(outcome, &json) }
                    timings(outcome, &json)
                }
            })
    }

    private func document(isChunk: Bool, _ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("id", id)
            json.member("object", isChat ? isChunk ? "chat.completion.chunk" : "chat.completion" : "text_completion")
            json.member("created", created)
            json.member("model", model)
            if let llamaBuild { json.member("system_fingerprint", llamaBuild) }
            members(&json)
        }
        return json.bytes
    }

    private func usage(_ outcome: RequestOutcome, _ json: inout JSONWriter) {
        json.key("usage")
        json.object { json in
            json.member("prompt_tokens", outcome.prompt)
            json.member("completion_tokens", outcome.tokens)
            json.member("total_tokens", outcome.prompt + outcome.tokens)
            guard isLlama else { return }
            json.key("prompt_tokens_details")
            json.object { $0.member("cached_tokens", outcome.cached) }
        }
    }

    private func timings(_ outcome: RequestOutcome, _ json: inout JSONWriter) { LlamaTimings.write(outcome, into: &json) }
}

/// What llama.cpp measured of a request.
enum LlamaTimings {
    static func write(_ outcome: RequestOutcome, into json: inout JSONWriter) {
        let read = outcome.prompt - outcome.cached
        json.key("timings")
        json.object { json in
            json.member("cache_n", outcome.cached)
            json.member("prompt_n", read)
            json.member("prompt_ms", outcome.prefillSeconds * 1000)
            json.member("prompt_per_token_ms", outcome.prefillSeconds * 1000 / Double(max(1, read)))
            json.member("prompt_per_second", Double(read) / max(outcome.prefillSeconds, 1e-6))
            json.member("predicted_n", outcome.tokens)
            json.member("predicted_ms", outcome.decodeSeconds * 1000)
            json.member("predicted_per_token_ms", outcome.decodeSeconds * 1000 / Double(max(1, outcome.tokens)))
            json.member("predicted_per_second", Double(outcome.tokens) / max(outcome.decodeSeconds, 1e-6))
        }
    }
}
