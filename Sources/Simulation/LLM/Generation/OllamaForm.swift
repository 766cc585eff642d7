import JSON
import Primitives
import Web

/// `/api/chat` and `/api/generate` of Ollama: a line of JSON each token.
struct OllamaForm: AnswerForm {
    let isChat: Bool
    let model: String
    let clock: WallClock
    let loadSeconds: Double

    var streamType: String { "application/x-ndjson" }

    func piece(_ text: String, number: Int, isLast: Bool) -> [UInt8] { line(text) { $0.member("done", false) } }

    func closing(_ text: String, _ outcome: RequestOutcome) -> [UInt8] { line("") { end(outcome, &$0) } }

    func whole(_ text: String, _ outcome: RequestOutcome) -> [UInt8] { line(text) { end(outcome, &$0) } }

    func interruption() -> [UInt8] { Self.error("an error was encountered while running the model (simulated)") + [0x0A] }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, json: Self.error(status == 503 ? "server busy, please try again.  maximum pending requests exceeded" : message))
    }

    static func error(_ message: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { $0.member("error", message) }
        return json.bytes
    }

    /// What is said of a model that was only to be brought into memory, or out of it.
    func nothing(isUnloaded: Bool) -> [UInt8] {
        line("") { json in
            json.member("done", true)
            json.member("done_reason", isUnloaded ? "unload" : "load")
        }
    }

    private func line(_ text: String, _ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("model", model)
            json.member("created_at", timestampText(clock.unixSeconds))
            if isChat {
                json.key("message")
                json.object { json in
                    json.member("role", "assistant")
                    json.member("content", text)
                }
            } else {
                json.member("response", text)
            }
            members(&json)
        }
        return json.bytes + [0x0A]
    }

    /// Durations are nanoseconds.
    private func end(_ outcome: RequestOutcome, _ json: inout JSONWriter) {
        func nanoseconds(_ seconds: Double) -> Int { Int(seconds * 1e9) }
        json.member("done", true)
        json.member("done_reason", outcome.ending == .length ? "length" : "stop")
        json.member(
            "total_duration", nanoseconds(loadSeconds + outcome.queueSeconds + outcome.prefillSeconds + outcome.decodeSeconds))
        json.member("load_duration", nanoseconds(loadSeconds + 0.02))
        json.member("prompt_eval_count", outcome.prompt)
        json.member("prompt_eval_duration", nanoseconds(outcome.prefillSeconds))
        json.member("eval_count", outcome.tokens)
        json.member("eval_duration", nanoseconds(outcome.decodeSeconds))
    }
}
