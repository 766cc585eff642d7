import Testing

@testable import Viewer

@Suite struct PrometheusQuestionsTests {
    private static let questions = PrometheusQuestions(maxRangeSeconds: 86_400, timeoutSeconds: 27)

    private static func question(_ path: String, _ query: String = "", method: String = "GET") throws(Refusal) -> Upstream.Question {
        try questions.check(path, method: method)
        return try questions.question(path, Form(parsing: Array(query.utf8))?.fields ?? [])
    }

    private static func refusal(_ path: String, _ query: String = "", method: String = "GET") -> Refusal? {
        do throws(Refusal) {
            _ = try question(path, query, method: method)
            return nil
        } catch {
            return error
        }
    }

    @Test func `questions are written anew, with our time to answer`() throws {
        let question = try Self.question(
            "/api/v1/query_range", "step=30&end=1700003600.0&query=up%7Ba%3D%22b%22%7D&start=1700000000&timeout=900s")
        #expect(question.method == "POST")
        #expect(question.path == "/api/v1/query_range")
        #expect(question.form == "query=up%7Ba%3D%22b%22%7D&start=1700000000&end=1700003600&step=30&timeout=27s")
        #expect(try Self.question("/api/v1/query", "query=1&time=12.3456").form == "query=1&time=12.346&timeout=27s")
        #expect(
            try Self.question("/api/v1/label/node/values", "match[]=up&match[]=a&start=1").form == "match%5B%5D=up&match%5B%5D=a&start=1")
        #expect(try Self.question("/api/v1/series", "match[]=up").method == "POST")
        #expect(try Self.question("/api/v1/rules", "type=alert") == Upstream.Question(path: "/api/v1/rules", form: "type=alert"))
    }

    @Test(arguments: [
        "/api/v1/admin/tsdb/delete_series", "/api/v1/write", "/api/v1/targets", "/api/v1/status/config", "/api/v1/status/flags",
        "/-/reload",
        "/api/v1/label//values", "/api/v1/label/a/b/values", "/api/v1/label/../values", "/api/v1/label/a%2F/values", "/api/v1/labels/",
        "/api/v1/query/../write", "/api/v1/label/é/values", "/api/v1", "", "/federate", "/metrics", "/api/v1/query_exemplars",
    ])
    func `nothing else can be asked`(_ path: String) { #expect(Self.refusal(path, "query=1")?.status == 404) }

    @Test(arguments: ["PUT", "DELETE", "PATCH", "OPTIONS"])
    func `nothing but reading is asked`(_ method: String) {
        #expect(Self.refusal("/api/v1/query", "query=1", method: method)?.status == 405)
        #expect(Self.refusal("/api/v1/labels", method: "POST")?.status == 405)
    }

    @Test(arguments: [
        "query=1&start=0&end=86401&step=60", "query=1&start=0&end=11000&step=1", "query=1&start=10&end=9&step=1",
        "query=1&start=0&end=10&step=0", "query=1&start=0&end=10&step=-1", "query=1&start=0&end=10&step=nan",
        "query=1&start=0&end=inf&step=1",
        "query=1&start=-1e300&end=10&step=1", "query=1&start=0&end=10", "start=0&end=10&step=1",
        "query=1&start=0&end=10&step=1&lookback_delta=1h",
        "query=1&query=2&start=0&end=10&step=1", "query=1&start=0x10&end=20&step=1", "query=1&start=2026-01-01T00:00:00Z&end=20&step=1",
    ])
    func `a range has bounds`(_ query: String) { #expect(Self.refusal("/api/v1/query_range", query)?.status == 400) }

    @Test func `eleven thousand points are not too many`() {
        #expect(Self.refusal("/api/v1/query_range", "query=1&start=0&end=10999&step=1") == nil)
    }

    @Test func `an expression has a length`() {
        let long = String(repeating: "a", count: QueryFields.expressionBytes + 1)
        #expect(Self.refusal("/api/v1/query", "query=\(long)", method: "POST")?.status == 413)
        #expect(Self.refusal("/api/v1/query", "query=\(long.dropLast())", method: "POST") == nil)
    }

    @Test(arguments: [
        "query=a&start=5&end=1", "query=a&start=0&end=99999999999999", "query=a&start=1", "start=1&end=2", "query=a&start=1&end=2&x=1",
    ])
    func `lines of Loki have bounds`(_ query: String) {
        let questions = LokiQuestions(maxRangeSeconds: 86_400)
        #expect((try? questions.question(Form(parsing: Array(query.utf8))?.fields ?? [])) == nil)
    }
}
