import Primitives
import Synchronization
import Testing
import Web

@testable import Simulation

@Suite struct WebhookTests {
    private final class Printed: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private let printed = Printed()

    private func service() throws -> WebhookService {
        var options = WebhookSimulator.Options()
        options.clock = .fixed(epoch)
        options.print = { [printed] in printed.add($0) }
        return try WebhookService(options, logger: .silent)
    }

    private func send(_ service: WebhookService, _ method: String, _ path: String, _ body: String = "") async -> HTTPServerResponse {
        await service.answer(HTTPServerRequest(method: method, path: path, body: Array(body.utf8)))
    }

    private func message(_ alerts: String) -> String { #"{"version":"4","status":"firing","receiver":"r","alerts":[\#(alerts)]}"# }

    private static let firing =
        #"{"status":"firing","labels":{"alertname":"HostDown","cluster":"lab","node":"pve4"},"annotations":{"summary":"pve4 is off"},"#
        + #""startsAt":"2026-09-21T14:13:20Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"f"}"#
    private static let resolved =
        #"{"status":"resolved","labels":{"alertname":"HostDown","node":"pve4"},"annotations":{},"startsAt":"a","endsAt":"b"}"#

    @Test func `what comes is printed, counted and kept`() async throws {
        let service = try service()
        #expect(await send(service, "POST", "/alerts", message(Self.firing)).status == 200)
        #expect(await send(service, "POST", "/any/path", message("\(Self.resolved),\(Self.firing)")).status == 200)
        #expect(
            printed.all == [
                "FIRING HostDown cluster=lab node=pve4", "RESOLVED HostDown node=pve4", "FIRING HostDown cluster=lab node=pve4",
            ])
        let kept = try Tree(bytes(await send(service, "GET", WebhookService.path)))
        #expect(kept["received"]?.integer == 2 && kept["firing"]?.integer == 2 && kept["resolved"]?.integer == 1)
        let first = try #require(kept["alerts"]?.elements.first)
        #expect(first.keys == ["status", "labels", "annotations", "startsAt", "endsAt", "receivedAt"])
        #expect(first["labels"]?["node"] == .string("pve4") && first["annotations"]?["summary"] == .string("pve4 is off"))
        #expect(first["receivedAt"] == .string("2026-09-21T14:13:20.000Z"))
        _ = await send(service, "DELETE", WebhookService.path)
        let cleared = try Tree(bytes(await send(service, "GET", WebhookService.path)))
        #expect(cleared["received"]?.integer == 0 && cleared["alerts"] == .array([]))
    }

    @Test(arguments: [
        "", "x", "{}", "[]", #"{"version":"4"}"#, #"{"version":"3","alerts":[]}"#, #"{"version":"4","alerts":{}}"#,
        #"{"version":"4","alerts":[7]}"#, #"{"version":"4","alerts":[{"status":"burning","labels":{}}]}"#,
        #"{"version":"4","alerts":[{"status":"firing","labels":[]}]}"#,
    ])
    func `what is no message is refused and counted`(body: String) async throws {
        let service = try service()
        let response = await send(service, "POST", "/alerts", body)
        #expect(response.status == 400 && text(response).hasSuffix("\n"))
        let kept = try Tree(bytes(await send(service, "GET", WebhookService.path)))
        #expect(kept["received"]?.integer == 0 && kept["rejected"]?.integer == 1 && printed.all.isEmpty)
    }

    @Test func `only the last thousand are kept`() async throws {
        let service = try service()
        let alerts = (0..<300).map { #"{"status":"firing","labels":{"alertname":"A","n":"\#($0)"}}"# }.joined(separator: ",")
        for _ in 0..<4 { _ = await send(service, "POST", "/", message(alerts)) }
        let kept = try Tree(bytes(await send(service, "GET", WebhookService.path)))
        #expect(kept["firing"]?.integer == 1200 && kept["alerts"]?.elements.count == 1000)
        #expect(kept["alerts"]?.elements.first?["labels"]?["n"] == .string("200"))
    }

    @Test(arguments: [
        (#""alertname":"A","x":"two words""#, #"FIRING A x="two words""#), (#""alertname":"A\nFIRING B""#, #"FIRING "A\u{a}FIRING B""#),
        (#""alertname":"A","x":"\u001b[31mred""#, #"FIRING A x="\u{1b}[31mred""#),
        (#""alertname":"A","x":"\u202eabc""#, #"FIRING A x="\u{202e}abc""#),
        (#""alertname":"A","x":"a\"b""#, #"FIRING A x="a\"b""#), (#""alertname":"A","x":"""#, #"FIRING A x="""#),
        (#""x":"1""#, #"FIRING "(no alertname)" x=1"#),
        (#""alertname":"A","x":"\u2028""#, #"FIRING A x="\u{2028}""#), (#""alertname":"A","ort":"Zürich""#, #"FIRING A ort="Zürich""#),
    ])
    func `labels cannot forge a line`(labels: String, line: String) async throws {
        let service = try service()
        _ = await send(service, "POST", "/", message(#"{"status":"firing","labels":{\#(labels)}}"#))
        #expect(printed.all == [line])
    }

    @Test func `text from outside is cut`() {
        #expect(HostileText.oneLine(String(repeating: "a", count: 30), limit: 10) == "aaaaaaaaaa…")
        #expect(HostileText.word(String(repeating: "a", count: 30), limit: 3) == "\"aaa…\"")
    }

    @Test func `the scenario of its world`() async throws {
        let service = try service()
        #expect(try Tree(bytes(await send(service, "PUT", "/api/v1/scenario", "node-down")))["scenario"] == .string("node-down"))
        #expect(await send(service, "GET", "/nosuch").status == 404)
        #expect(await send(service, "GET", "/health").status == 200)
    }
}
