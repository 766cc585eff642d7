import JSON
import Primitives
import Web

/// Triton's generate extension.
struct TritonForm: AnswerForm {
    let model: String

    var streamType: String { "text/event-stream; charset=utf-8" }

    func piece(_ text: String, number: Int, isLast: Bool) -> [UInt8] { serverSentEvent(document(text)) }
    func closing(_ text: String, _ outcome: RequestOutcome) -> [UInt8] { [] }
    func whole(_ text: String, _ outcome: RequestOutcome) -> [UInt8] { document(text) }

    func interruption() -> [UInt8] {
        var json = JSONWriter()
        json.object { $0.member("error", "the backend has failed (simulated)") }
        return serverSentEvent(json.bytes)
    }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse { TritonDialect(age: .new).refusal(status, message) }

    private func document(_ text: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("model_name", model)
            json.member("model_version", "1")
            json.member("sequence_id", 0)
            json.member("sequence_start", false)
            json.member("sequence_end", false)
            json.member("text_output", text)
        }
        return json.bytes
    }
}
