import JSON
import Primitives
import Web

/// `/completion` of llama.cpp.
struct LlamaForm: AnswerForm {
    let model: String

    var streamType: String { "text/event-stream" }

    func piece(_ text: String, number: Int, isLast: Bool) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("index", 0)
            json.member("content", text)
            json.member("stop", false)
            json.member("id_slot", 0)
            json.member("tokens_predicted", number)
        }
        return serverSentEvent(json.bytes)
    }

    func closing(_ text: String, _ outcome: RequestOutcome) -> [UInt8] { serverSentEvent(end("", outcome)) }

    func whole(_ text: String, _ outcome: RequestOutcome) -> [UInt8] { end(text, outcome) }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse { LlamaDialect(age: .new).refusal(status, message) }

    private func end(_ text: String, _ outcome: RequestOutcome) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("index", 0)
            json.member("content", text)
            json.member("id_slot", 0)
            json.member("stop", true)
            json.member("model", model)
            json.member("tokens_predicted", outcome.tokens)
            json.member("tokens_evaluated", outcome.prompt)
            json.member("stop_type", outcome.ending == .length ? "limit" : "eos")
            LlamaTimings.write(outcome, into: &json)
        }
        return json.bytes
    }
}
