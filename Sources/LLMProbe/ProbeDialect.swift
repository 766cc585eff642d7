/// How a server is asked to generate, and how it answers.
package enum ProbeDialect: String, Sendable, CaseIterable {
    /// `POST /v1/chat/completions`, answered by server-sent events.
    case chat
    /// `POST /v1/completions`, for models without a template for chats.
    case completions
    /// `POST /api/chat` of Ollama, answered by a JSON object on each line.
    case ollama

    var path: String {
        switch self {
        case .chat: "/v1/chat/completions"
        case .completions: "/v1/completions"
        case .ollama: "/api/chat"
        }
    }
}
