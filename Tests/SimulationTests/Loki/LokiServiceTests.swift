import Primitives
import Testing
import Web

@testable import Simulation

@Suite struct LokiServiceTests {
    private static let line = LokiTrial.Line(#""job":"a""#, 1, "x")

    private static func set(_ trial: LokiTrial, _ body: String, _ method: String = "PUT") async -> HTTPServerResponse {
        await trial.service.answer(HTTPServerRequest(method: method, path: "/api/v1/scenario", body: Array(body.utf8)))
    }

    // MARK: pushing

    @Test(arguments: [
        ("application/json", "", 204), ("application/json; charset=utf-8", "identity", 204), ("Application/JSON", "", 204),
        ("application/x-protobuf", "", 415), ("", "", 415), ("text/plain", "", 415), ("application/json", "snappy", 415),
        ("application/json", "gzip", 400),
    ])
    func `JSON is taken and nothing else`(type: String, coding: String, status: Int) async {
        let trial = LokiTrial()
        let response = await trial.push(
            body: Array(LokiTrial.body([Self.line]).utf8), [("Content-Type", type), ("Content-Encoding", coding)])
        #expect(response.status == status)
        #expect(trial.store.counts.lines == (status == 204 ? 1 : 0))
        if status == 204 { #expect(bytes(response).isEmpty) }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"streams":{}}"#, #"{"streams":[{}]}"#, #"{"streams":[{"stream":{"a":1},"values":[]}]}"#,
        #"{"streams":[{"stream":{"a":"b"}}]}"#, #"{"streams":[{"stream":{"a":"b"},"values":[["1"]]}]}"#,
        #"{"streams":[{"stream":{"a":"b"},"values":[[1,"x"]]}]}"#, #"{"streams":[{"stream":{"a":"b"},"values":[["x","x"]]}]}"#,
        #"{"streams":[{"stream":{"a":"b"},"values":[["1","x",{"a":1}]]}]}"#,
        #"{"streams":[{"stream":{"a":"b"},"values":[["1","x",{},1]]}]}"#,
    ])
    func `what is no push is told`(body: String) async {
        let trial = LokiTrial()
        #expect(await trial.push(body: Array(body.utf8)).status == 400)
        #expect(trial.store.counts.lines == 0 && trial.store.streamCount == 0)
    }

    @Test(arguments: [
        ("GET", "/loki/api/v1/push", 405), ("DELETE", "/loki/api/v1/labels", 405), ("GET", "/loki/api/v1/tail", 404),
        ("GET", "/loki/api/v1/label/a/b/values", 404), ("GET", "/ready", 200), ("GET", "/other", 404), ("POST", "/ready", 404),
    ])
    func `paths and methods`(method: String, path: String, status: Int) async {
        #expect(await LokiTrial().service.answer(HTTPServerRequest(method: method, path: path)).status == status)
    }

    // MARK: faults

    @Test(arguments: LokiFault.allCases.filter { $0 != .normal && $0 != .timeout }) func `a fault is what it is called`(_ fault: LokiFault)
        async
    {
        let trial = LokiTrial()
        #expect(await Self.set(trial, fault.rawValue).status == 200)
        let response = await trial.push([Self.line])
        #expect(String(response.status) == fault.rawValue)
        #expect((response.headers["Retry-After"] != nil) == (fault == .limited))
        // Nothing of it is stored, and reading goes on.
        #expect(trial.store.counts.lines == 0 && trial.store.counts.pushes == 0)
        #expect(await trial.get("/loki/api/v1/labels").status == 200)
        #expect(await trial.get("/ready").status == 200)
        #expect(await Self.set(trial, "normal").status == 200)
        #expect(await trial.push([Self.line]).status == 204)
    }

    @Test func `a fault ends by itself after so many pushes`() async throws {
        let trial = LokiTrial()
        let told = try Tree(bytes(await Self.set(trial, #"{"scenario":"500","pushes":2}"#)))
        #expect(told["scenario"]?.string == "500" && told["pushes"]?.integer == 2)
        var statuses: [Int] = []
        for _ in 0..<4 { statuses.append(await trial.push([Self.line]).status) }
        #expect(statuses == [500, 500, 204, 204])
        let later = try Tree(bytes(await Self.set(trial, "", "GET")))
        #expect(later["scenario"]?.string == "normal" && later["pushes"] == nil)
    }

    @Test func `what hangs is stored all the same`() async {
        let trial = LokiTrial()
        _ = await Self.set(trial, "timeout")
        let push = Task { await trial.push([Self.line]).status }
        // Its wait ends with whoever waits.
        push.cancel()
        #expect(await push.value == 204)
        #expect(trial.store.counts.lines == 1)
    }

    @Test(arguments: ["", "503", "{}", #"{"scenario":"500","pushes":0}"#, "{"]) func `no other fault is taken`(
        body: String
    ) async {
        let trial = LokiTrial()
        #expect(await Self.set(trial, body).status == 400)
        #expect(await trial.push([Self.line]).status == 204)
        #expect(await Self.set(trial, "", "DELETE").status == 405)
    }
}
