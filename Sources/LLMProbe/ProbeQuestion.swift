import JSON
package import Primitives
package import Web

/// Whom a probe asks, and what.
///
/// The prompt is a dozen words that begin with a number of their own, so that no cache of prefixes answers in the place of the model.
package struct ProbeQuestion: Sendable {
    /// Without a path, or with the one that the server's own paths stand below.
    package var baseURL: String
    package var dialect: ProbeDialect
    package var model: String
    /// The most that the server is asked to generate.
    package var maxTokens = 16
    /// The value of the header; it goes to `baseURL` alone.
    package var authorization: Secret?
    package var trust = HTTPRequest.Trust.system
    package var clientCertificate: ClientCertificate?
    /// For how many seconds Ollama keeps the model after this, as each question would keep it longer; negative for ever, nil as the server likes.
    package var keepAliveSeconds: Int?

    package init(baseURL: String, dialect: ProbeDialect, model: String) {
        self.baseURL = baseURL
        self.dialect = dialect
        self.model = model
    }

    private static let prompt = "Count from one to twenty in words."

    /// - Parameter nonce: another one each time.
    func request(nonce: UInt32, by deadline: Deadline) -> HTTPRequest {
        var request = HTTPRequest(url: Self.withoutSlash(baseURL) + dialect.path, deadline: deadline)
        request.method = "POST"
        request.trust = trust
        request.clientCertificate = clientCertificate
        request.headers = [
            ("Content-Type", "application/json"), ("Accept", dialect == .ollama ? "application/x-ndjson" : "text/event-stream"),
        ]
        if let authorization { request.headers.append(("Authorization", authorization.reveal())) }
        request.body = body(prompt: "\(nonce): \(Self.prompt)")
        return request
    }

    private func body(prompt: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("model")
            writer.string(model)
            writer.key("stream")
            writer.bool(true)
            if dialect == .completions {
                writer.key("prompt")
                writer.string(prompt)
            } else {
                writer.key("messages")
                writer.array { writer in
                    writer.object { writer in
                        writer.key("role")
                        writer.string("user")
                        writer.key("content")
                        writer.string(prompt)
                    }
                }
            }
            if dialect == .ollama { writeOllamaOptions(&writer) } else { writeOpenAIOptions(&writer) }
        }
        return writer.bytes
    }

    private func writeOpenAIOptions(_ writer: inout JSONWriter) {
        writer.key("max_tokens")
        writer.integer(maxTokens)
        writer.key("temperature")
        writer.integer(0)
        writer.key("stream_options")
        writer.object { writer in
            writer.key("include_usage")
            writer.bool(true)
        }
    }

    private func writeOllamaOptions(_ writer: inout JSONWriter) {
        writer.key("options")
        writer.object { writer in
            writer.key("num_predict")
            writer.integer(maxTokens)
            writer.key("temperature")
            writer.integer(0)
        }
        guard let keepAliveSeconds else { return }
        writer.key("keep_alive")
        writer.integer(keepAliveSeconds)
    }

    private static func withoutSlash(_ url: String) -> Substring {
        var url = url[...]
        while url.last == "/" { url.removeLast() }
        return url
    }
}
