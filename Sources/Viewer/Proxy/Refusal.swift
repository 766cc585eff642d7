import JSON
import Web

/// Why a request gets no answer, as a browser is told it.
struct Refusal: Error, Sendable, Equatable {
    let status: Int
    /// A sentence for a person.
    let words: String

    init(_ status: Int, _ words: String) {
        self.status = status
        self.words = words
    }

    init(_ problem: UpstreamProblem) { self.init(problem.status, problem.words) }

    /// `{"error": words}`
    var response: HTTPServerResponse {
        var writer = JSONWriter()
        writer.object { $0.member("error", words) }
        var response = HTTPServerResponse(status: status, json: writer.bytes)
        response.headers.add("Cache-Control", "no-store")
        return response
    }
}
