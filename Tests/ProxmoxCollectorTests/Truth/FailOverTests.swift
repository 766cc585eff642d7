import CollectorConformance
import Exporting
import Primitives
import ProxmoxAPI
import ProxmoxCollector
import ProxmoxConfiguration
import Testing
import Web

/// A cluster with two endpoints, `first` and `second`, which answer from tables of their own.
@Suite struct FailOverTests {
    private static func serve(
        _ first: [String: String], _ second: [String: String],
        _ body: (_ first: FakeProxmox, _ second: FakeProxmox, _ collector: ProxmoxCollector) async throws -> Void
    ) async throws {
        try await FakeProxmox.serve(first) { one in
            try await FakeProxmox.serve(second) { other in
                let cluster = ConfiguredCluster(
                    name: nil, endpoint: try ProxmoxEndpoint(address: one.url, trust: .system),
                    others: [try ProxmoxEndpoint(address: other.url, trust: .system)], credential: .token(Secret(FakeProxmox.token)))
                try await body(one, other, ProxmoxCollector(ProxmoxSettings(clusters: [cluster], slow: .none)))
            }
        }
    }

    @Test func `a dead endpoint costs nothing, in the scrape in which it dies and later`() async throws {
        let guests = ["pve1": [Lab.listed(100)]]
        try await Self.serve(Lab.table(qemu: guests), Lab.table(qemu: guests)) { first, second, collector in
            let before = try await scrape(collector)
            #expect(before.problems == [] && second.takeCalls() == [])
            await first.stop()
            let after = try await scrape(collector)
            #expect(after.problems == [] && after.families == before.families)
            #expect(second.takeCalls().count == 9)
            _ = try await scrape(collector)
            #expect(second.takeCalls().count == 9)
            let counts = try await scrape(collector.requests).exposition.samples
            let failures = counts.filter { $0.family == "martlet_proxmox_request_failures_total" }.map(\.value)
            // The dead one was asked in one scrape only, by as many calls as came before the first had failed.
            #expect(failures.count == 2 && (1...3).contains(failures[0]) && failures[1] == 0)
        }
    }

    @Test func `all dead: the reason names who was asked last`() async throws {
        try await Self.serve(Lab.table(), Lab.table()) { first, second, collector in
            let addresses = [first.url, second.url].map { String($0.dropFirst("http://".count)) }
            await first.stop()
            await second.stop()
            let trial = try await scrape(collector)
            #expect(trial.families == [])
            #expect(trial.problems.contains { problem in addresses.contains { problem.message.hasPrefix($0) } })
        }
    }

    @Test func `an endpoint on the small side of a split is not believed when the other knows better`() async throws {
        let cutOff = Lab.table(
            status: [Lab.cluster(quorate: 0), Lab.member("pve1"), Lab.member("pve2", online: 0)],
            resources: [Lab.node("pve1"), Lab.node("pve2", status: "unknown")], nodes: ["pve1"])
        try await Self.serve(cutOff, Lab.table()) { _, second, collector in
            let trial = try await scrape(collector)
            #expect(trial.exposition[#"pve_cluster_quorate{cluster="lab"}"#] == 1)
            #expect(trial.exposition[#"pve_node_up{cluster="lab",node="pve2"}"#] == 1)
            // And goes on being asked.
            _ = second.takeCalls()
            #expect(try await scrape(collector).problems == [])
            #expect(second.takeCalls().count == 9)
        }
    }

    @Test func `when no side has quorum, what was said first holds`() async throws {
        let cutOff = Lab.table(
            status: [Lab.cluster(quorate: 0), Lab.member("pve1"), Lab.member("pve2", online: 0)],
            resources: [Lab.node("pve1"), Lab.node("pve2", status: "unknown")], nodes: ["pve1"])
        let otherSide = Lab.table(
            status: [Lab.cluster(quorate: 0), Lab.member("pve1", online: 0), Lab.member("pve2")],
            resources: [Lab.node("pve1", status: "unknown"), Lab.node("pve2")], nodes: ["pve2"])
        try await Self.serve(cutOff, otherSide) { _, second, collector in
            // And goes on holding: an alert needs a node that stays down, not one that is down in every other scrape.
            for _ in 0..<4 {
                let trial = try await scrape(collector)
                #expect(trial.exposition[#"pve_cluster_quorate{cluster="lab"}"#] == 0)
                #expect(trial.exposition[#"pve_node_up{cluster="lab",node="pve1"}"#] == 1)
                #expect(trial.exposition[#"pve_node_up{cluster="lab",node="pve2"}"#] == 0)
            }
            #expect(second.takeCalls() == ["/cluster/status"])
        }
    }

    @Test func `endpoints of two clusters are not mixed`() async throws {
        let other = Lab.table(status: [Lab.cluster("other"), Lab.member("pve1"), Lab.member("pve2")])
        try await Self.serve(Lab.table(), other) { first, _, collector in
            #expect(try await scrape(collector).problems == [])
            await first.stop()
            let trial = try await scrape(collector)
            #expect(trial.families == [])
            #expect(trial.problems.map(\.part) == ["lab"])
            #expect(trial.problems.first?.message.contains("one of them answers for other") == true)
        }
    }

    @Test func `a stranger that was asked once is left again`() async throws {
        let other = Lab.table(status: [Lab.cluster("other"), Lab.member("pve1"), Lab.member("pve2")])
        try await Self.serve(Lab.table(), other) { first, _, collector in
            #expect(try await scrape(collector).problems == [])
            first["/cluster/status"] = .refusal(500, "a moment")
            _ = try await scrape(collector)
            first.set(Lab.table())
            var trial = try await scrape(collector)
            if trial.families == [] { trial = try await scrape(collector) }
            #expect(trial.exposition[#"pve_cluster_quorate{cluster="lab"}"#] == 1)
        }
    }

    @Test func `two nodes that stand alone are no cluster`() async throws {
        let alone = ["pve1", "pve9"].map { name in Lab.table(status: [Lab.member(name)], resources: [Lab.node(name)], nodes: [name]) }
        try await Self.serve(alone[0], alone[1]) { first, _, collector in
            #expect(try await scrape(collector).problems == [])
            await first.stop()
            let trial = try await scrape(collector)
            #expect(trial.families == [] && trial.problems.first?.message.contains("answers for pve9") == true)
        }
    }
}
