import JSON
import Web

/// Why a request gets no answer, as a browser is told it.
struct Refusal: Error, Sendable, Equatable {
    let status: Int
    /// A sentence for a person.
    let words: String
    /// When it makes sense to ask again.
    let retryAfterSeconds: Int?

    init(_ status: Int, _ words: String, retryAfterSeconds: Int? = nil) {
        self.status = status
        self.words = words
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ problem: UpstreamProblem) { self.init(problem.status, problem.words, retryAfterSeconds: problem.status == 503 ? 2 : nil) }

    /// `{"error": words}`
    var response: HTTPServerResponse {
        var writer = JSONWriter()
        writer.object { $0.member("error", words) }
        var response = HTTPServerResponse(status: status, json: writer.bytes)
        response.headers.add("Cache-Control", "no-store")
        if let retryAfterSeconds { response.headers.add("Retry-After", String(retryAfterSeconds)) }
        return response
    }
}
