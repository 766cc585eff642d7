import JSON
import Primitives
import Web

/// `/generate` and `/generate_stream` of Text Generation Inference.
struct TGIForm: AnswerForm {
    let prompt: Int

    var streamType: String { "text/event-stream" }

    func piece(_ text: String, number: Int, isLast: Bool) -> [UInt8] {
        // The last one comes with the whole text, in `closing`.
        isLast ? [] : event(text, number, whole: nil)
    }

    func closing(_ text: String, _ outcome: RequestOutcome) -> [UInt8] {
        event(String(text.split(separator: " ").last.map { " " + $0 } ?? ""), outcome.tokens, whole: (text, outcome))
    }

    func whole(_ text: String, _ outcome: RequestOutcome) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("generated_text", text)
            json.key("details")
            details(outcome, &json)
        }
        return json.bytes
    }

    func interruption() -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("error", "Request failed during generation (simulated)")
            json.member("error_type", "generation")
        }
        return serverSentEvent(json.bytes)
    }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse { TGIDialect(age: .new).refusal(status, message) }

    private func event(_ text: String, _ number: Int, whole: (text: String, outcome: RequestOutcome)?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("index", number)
            json.key("token")
            json.object { json in
                json.member("id", 100 + number % 1000)
                json.member("text", text)
                json.member("logprob", -0.25)
                json.member("special", false)
            }
            json.key("generated_text")
            if let whole { json.string(whole.text) } else { json.null() }
            json.key("details")
            if let whole { details(whole.outcome, &json) } else { json.null() }
        }
        return serverSentEvent(json.bytes)
    }

    private func details(_ outcome: RequestOutcome, _ json: inout JSONWriter) {
        json.object { json in
            json.member("finish_reason", outcome.ending == .length ? "length" : "eos_token")
            json.member("generated_tokens", outcome.tokens)
            json.member("input_length", prompt)
        }
    }
}
