import Primitives
import Testing

@testable import Stack

@Suite struct ReadinessTests {
    @Test func theTableIsAligned() {
        let states = [
            ServiceState(name: "exporter", url: "http://127.0.0.1:9221", isReady: true, state: "ready", processID: 1),
            ServiceState(name: "prometheus", url: "http://127.0.0.1:9090", isReady: true, state: "ready, 9 of 9 targets up", processID: 2),
            ServiceState(name: "node-exporter", url: "http://127.0.0.1:9100/metrics", isReady: false, state: "not running", processID: nil),
        ]
        #expect(
            ReadyTable.text(states) == """
                SERVICE        URL                            STATE
                exporter       http://127.0.0.1:9221          ready
                prometheus     http://127.0.0.1:9090          ready, 9 of 9 targets up
                node-exporter  http://127.0.0.1:9100/metrics  not running

                """)
    }

    private func health(_ targets: String) throws -> TargetHealth {
        try TargetHealth(parsing: Array("{\"status\":\"success\",\"data\":{\"activeTargets\":[\(targets)]}}".utf8))
    }

    private func target(_ job: String, _ health: String, error: String = "") -> String {
        "{\"labels\":{\"job\":\"\(job)\",\"instance\":\"127.0.0.1:1\"},\"lastError\":\"\(error)\",\"health\":\"\(health)\"}"
    }

    @Test func allTargetsUp() throws {
        let health = try health([target("a", "up"), target("b", "up")].joined(separator: ","))
        #expect(health.isComplete(expected: 2, discovered: nil))
        #expect(health.text(expected: 2) == "2 of 2 targets up")
    }

    @Test func targetsThatPrometheusHasNotFoundYetAreMissing() throws {
        let health = try health(target("a", "up"))
        #expect(!health.isComplete(expected: 2, discovered: nil))
        #expect(health.text(expected: 2) == "1 of 2 targets up; the others are not found yet")
    }

    private func discovered(_ health: String) -> String {
        "{\"labels\":{\"job\":\"node\"},\"discoveredLabels\":{\"__meta_proxmox_type\":\"node\"},\"health\":\"\(health)\"}"
    }

    @Test func whatIsDiscoveredCountsWhereItIsSimulated() throws {
        let half = try health([target("a", "up"), discovered("up"), discovered("down")].joined(separator: ","))
        // Nobody knows in how many guests of a real estate there is an exporter.
        #expect(half.isComplete(expected: 1, discovered: nil))
        #expect(!half.isComplete(expected: 2, discovered: nil))
        #expect(!half.isComplete(expected: 1, discovered: 1))
        let whole = try health([target("a", "up"), discovered("up"), discovered("up")].joined(separator: ","))
        #expect(whole.isComplete(expected: 1, discovered: 2))
        #expect(!whole.isComplete(expected: 1, discovered: 3))
        #expect(whole.text(expected: 3) == "3 of 3 targets up")
    }

    @Test func theFirstThatIsNotUpSaysWhy() throws {
        let unknown = try health(
            [target("a", "up"), target("node", "unknown"), target("c", "down", error: "refused")].joined(separator: ","))
        #expect(!unknown.isComplete(expected: 2, discovered: nil))
        #expect(unknown.text(expected: 2) == "1 of 3 targets up; node 127.0.0.1:1: not scraped yet")
        let down = try health(target("c", "down", error: "refused"))
        #expect(down.text(expected: 1) == "0 of 1 targets up; c 127.0.0.1:1: refused")
    }

    @Test(arguments: ["", "{}", "[]", "{\"data\":{\"activeTargets\":null}}"])
    func anAnswerThatIsNoneHasNoTargets(body: String) {
        let health = try? TargetHealth(parsing: Array(body.utf8))
        #expect((health ?? TargetHealth?.none)?.total ?? 0 == 0)
    }

    @Test(arguments: [
        ("Checking p.yml\n  FAILED: parsing YAML file p.yml: bad\n\n", "parsing YAML file p.yml: bad"),
        (
            "Checking p.yml\n SUCCESS: x\n\nChecking r/a.yml\n  FAILED:\n     r/a.yml: 5:11: one\n     r/a.yml: 7:11: two\n",
            "r/a.yml: 5:11: one; r/a.yml: 7:11: two"
        ),
        (
            "Checking 'a.yml'  FAILED: undefined receiver \"x\" used in route\n\namtool: error: failed\n",
            "undefined receiver \"x\" used in route"
        ),
        ("promtool: error: something else\n", "promtool: error: something else"),
    ])
    func aCheckersWordsBecomeOneLine(output: String, expected: String) {
        #expect(ConfigurationCheck.complaint(in: output) == expected)
    }

    @Test func aCheckersWordsHideTheWebhook() {
        let output = "Checking 'a.yml'  FAILED: parse \"http://a:b/secret\": invalid port\n"
        #expect(ConfigurationCheck.complaint(in: output, hiding: [Secret("http://a:b/secret")]) == "parse \"***\": invalid port")
        #expect(ConfigurationCheck.complaint(in: "") == nil)
    }
}
