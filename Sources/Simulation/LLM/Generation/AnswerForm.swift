import Web

/// How one API writes an answer, piece by piece or whole.
protocol AnswerForm: Sendable {
    /// Of a stream.
    var streamType: String { get }
    /// What goes before the first token; empty for nothing.
    func opening() -> [UInt8]
    /// One token.
    func piece(_ text: String, number: Int, isLast: Bool) -> [UInt8]
    /// What goes after the last token.
    func closing(_ text: String, _ outcome: RequestOutcome) -> [UInt8]
    /// All of it, for who wants no stream.
    func whole(_ text: String, _ outcome: RequestOutcome) -> [UInt8]
    /// An error that came while tokens did.
    func interruption() -> [UInt8]
    /// An error instead of an answer.
    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse
}

extension AnswerForm {
    func opening() -> [UInt8] { [] }
    func interruption() -> [UInt8] { [] }
}

/// A line of a stream of server-sent events.
func serverSentEvent(_ json: [UInt8]) -> [UInt8] { Array("data: ".utf8) + json + Array("\n\n".utf8) }
