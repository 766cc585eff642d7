import CollectorConformance
import Exporting
import Primitives
import ProxmoxAPI
import ProxmoxCollector
import ProxmoxConfiguration
import Testing
import Web

@Suite struct ClusterTests {
    // MARK: calls

    @Test(arguments: [0, 1, 2, 7])
    func `three calls, one more at first, and three for each node that is online`(online: Int) async throws {
        let names = (0..<online).map { "pve\($0)" }
        let table = Lab.table(
            status: [Lab.cluster(), Lab.member("off", online: 0)] + names.map { Lab.member($0) },
            resources: [Lab.node("off", status: "offline")] + names.map { Lab.node($0) } + (0..<50).map { Lab.guest($0 + 100, on: "off") },
            qemu: Dictionary(uniqueKeysWithValues: names.map { ($0, (0..<20).map { Lab.listed($0 + 500) }) }), nodes: names)
        try await FakeProxmox.serve(table) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            for asksForRights in [1, 0] {
                _ = try await scrape(collector)
                if asksForRights > 0 { #expect(try await fake.hears("/access/permissions")) }
                let calls = fake.takeCalls()
                #expect(calls.count == asksForRights + 3 + 3 * online)
                #expect(Set(calls).count == calls.count)
            }
            let requests = try await scrape(collector.requests)
            #expect(
                requests.exposition.samples.first { $0.family == "martlet_proxmox_requests_total" }?.value
                    == Double(1 + 2 * (3 + 3 * online)))
            #expect(requests.exposition.samples.first { $0.family == "martlet_proxmox_request_failures_total" }?.value == 0)
        }
    }

    @Test func `a wrong token is tried once, until it is taken`() async throws {
        try await FakeProxmox.serve(Lab.table()) { fake in
            // With a name and without one: that is learnt from answers, and there are none.
            for name in [nil, "lab"] {
                let collector = ProxmoxCollector(try fake.settings(name: name, token: "monitor@pve!exporter=wrong-wrong-wrong"))
                let first = try await scrape(collector)
                #expect(try await fake.hears("/access/permissions"))
                #expect(fake.takeCalls() == ["/access/permissions", "/cluster/resources", "/cluster/status", "/version"])
                #expect(first.families == [] && first.problems.map(\.reason).contains(.unauthorized))
                for _ in 0..<3 {
                    let trial = try await scrape(collector)
                    #expect(fake.takeCalls() == ["/version"])
                    #expect(trial.families == [])
                    #expect(
                        trial.problems.count == 1 && trial.problems[0].message.hasPrefix("GET /version: 401 Unauthorized; check the token"))
                    #expect(trial.problems.map(\.part) == [name ?? String(fake.url.dropFirst("http://".count))])
                }
            }
        }
    }

    @Test func `a token that is taken again is used at once`() async throws {
        try await FakeProxmox.serve(Lab.table()) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            fake.everything = .refusal(401, "Authentication failed!")
            _ = try await scrape(collector)
            #expect(try await fake.hears("/access/permissions"))
            _ = fake.takeCalls()
            fake.everything = nil
            #expect(try await scrape(collector).problems == [])
            let calls = fake.takeCalls()
            #expect(calls.count == 10)
            #expect(try await scrape(collector).problems == [])
            let later = fake.takeCalls()
            #expect(later.count == 9)
        }
    }

    // MARK: the name

    private static func names(_ trial: Trial) -> Set<String> { Set(trial.exposition.samples.compactMap { $0.label("cluster") }) }

    @Test func `the configured name, else the cluster's, else the only node's`() async throws {
        try await FakeProxmox.serve(Lab.table()) { fake in
            #expect(Self.names(try await scrape(ProxmoxCollector(try fake.settings(name: "mine")))) == ["mine"])
            #expect(Self.names(try await scrape(ProxmoxCollector(try fake.settings()))) == ["lab"])
            fake.set(Lab.table(status: [Lab.member("pve1")], resources: [Lab.node("pve1")]))
            let alone = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(Self.names(alone) == ["pve1"] && !alone.families.contains("pve_cluster_quorate"))
            #expect(alone.exposition[#"pve_cluster_nodes_total{cluster="pve1"}"#] == 1)
            // Without the status, the only node of the resources.
            fake["/cluster/status"] = .drop
            #expect(Self.names(try await scrape(ProxmoxCollector(try fake.settings()))) == ["pve1"])
        }
    }

    @Test func `a name that is not known yet is a problem, and is learnt`() async throws {
        try await FakeProxmox.serve(Lab.table()) { fake in
            fake["/cluster/status"] = .refusal(500, "busy")
            let collector = ProxmoxCollector(try fake.settings())
            let first = try await scrape(collector)
            let part = String(fake.url.dropFirst("http://".count))
            #expect(first.families == [])
            #expect(
                first.problems.map(\.message) == [
                    "GET /cluster/status: 500 busy", "the cluster's name is not known yet; proxmox.clusters[].name can set it",
                ])
            #expect(first.problems.allSatisfy { $0.part == part })
            fake["/cluster/status"] = .data(Lab.rows([Lab.cluster(), Lab.member("pve1"), Lab.member("pve2")]))
            #expect(Self.names(try await scrape(collector)) == ["lab"])
            fake["/cluster/status"] = .refusal(500, "busy")
            let later = try await scrape(collector)
            #expect(Self.names(later) == ["lab"] && later.reasons == ["lab: failed"])
        }
    }

    @Test func `a guessed name gives way to the right one, and not the other way round`() async throws {
        try await FakeProxmox.serve(Lab.table(status: [Lab.cluster(), Lab.member("pve1")], resources: [Lab.node("pve1")])) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            let status = fake["/cluster/status"]
            fake["/cluster/status"] = .drop
            #expect(Self.names(try await scrape(collector)) == ["pve1"])
            fake["/cluster/status"] = status
            #expect(Self.names(try await scrape(collector)) == ["lab"])
            fake["/cluster/status"] = .drop
            #expect(Self.names(try await scrape(collector)) == ["lab"])
            fake["/cluster/status"] = .data(Lab.rows([Lab.cluster("renamed"), Lab.member("pve1")]))
            #expect(Self.names(try await scrape(collector)) == ["renamed"])
        }
    }

    @Test(arguments: [(1, 1), (0, 0)])
    func quorum(word: Int, value: Double) async throws {
        try await FakeProxmox.serve(Lab.table(status: [Lab.cluster(quorate: word), Lab.member("pve1")])) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.exposition[#"pve_cluster_quorate{cluster="lab"}"#] == value)
        }
    }

    @Test func `a version that is not told is not shown`() async throws {
        try await FakeProxmox.serve(Lab.table()) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            let labels = #"cluster="lab",version="9.2.11",release="9.2",repoid="14a22df3""#
            #expect(try await scrape(collector).exposition["pve_version_info{\(labels)}"] == 1)
            fake["/version"] = .data(#"{"version":"8.0"}"#)
            #expect(try await scrape(collector).exposition[#"pve_version_info{cluster="lab",version="8.0",release="",repoid=""}"#] == 1)
            fake["/version"] = .data("{}")
            let trial = try await scrape(collector)
            #expect(!trial.families.contains("pve_version_info") && trial.reasons == ["lab: malformed"])
            #expect(trial.families.contains("pve_node_up"))
        }
    }

    // MARK: several clusters

    @Test func `two clusters with the same numbers`() async throws {
        func table(_ name: String) -> [String: String] {
            Lab.table(
                status: [Lab.cluster(name), Lab.member("pve1")],
                resources: [Lab.node("pve1"), Lab.guest(100, on: "pve1", name: "web-\(name)")],
                qemu: ["pve1": [Lab.listed(100)]], nodes: ["pve1"])
        }
        try await FakeProxmox.serve(table("east")) { east in
            try await FakeProxmox.serve(table("west")) { west in
                let collector = ProxmoxCollector(ProxmoxSettings(clusters: [try east.cluster(), try west.cluster()], slow: .none))
                let trial = try await scrape(collector)
                #expect(trial.problems == [])
                for name in ["east", "west"] {
                    let labels = #"cluster="\#(name)",node="pve1",vmid="100",name="web-\#(name)",type="qemu""#
                    #expect(trial.exposition["pve_vm_status{\(labels)}"] == 1)
                }
                #expect(trial.parts == ["east", "east/pve1", "west", "west/pve1"])
                // One that dies takes nothing of the other along.
                east.everything = .drop
                let half = try await scrape(collector)
                #expect(Self.names(half) == ["west"] && half.reasons == ["east: unreachable"])
            }
        }
    }

    @Test func `two clusters of one name are told of`() async throws {
        try await FakeProxmox.serve(Lab.table()) { one in
            try await FakeProxmox.serve(Lab.table()) { other in
                let collector = ProxmoxCollector(ProxmoxSettings(clusters: [try one.cluster(), try other.cluster()], slow: .none))
                // By the second scrape at the latest the first of the settings has the name, however they raced.
                _ = try await scrape(collector)
                for _ in 0..<2 {
                    let trial = try await scrape(collector)
                    #expect(trial.reasons == ["\(other.url.dropFirst("http://".count)): duplicate"])
                    #expect(trial.parts == ["lab", "lab/pve1", "lab/pve2"])
                }
            }
        }
    }

    // MARK: before anything listens

    @Test func `credentials that every cluster refuses are an error`() async throws {
        try await FakeProxmox.serve(Lab.table()) { fake in
            let log = LogLines()
            let context = log.context(http: try HTTPClient())
            let wrong = try fake.cluster(token: "monitor@pve!exporter=wrong-wrong-wrong")
            let advice = "check its secret, that it exists and has not expired (pveum user token list monitor@pve)"
            do throws(Failure) {
                try await ProxmoxCollector(ProxmoxSettings(clusters: [wrong], slow: .none)).checkCredentials(context, isStart: true)
                Issue.record("taken")
            } catch {
                #expect(error.code == .configuration)
                #expect(
                    error.message == "Proxmox at \(wrong.endpoint.authority) refuses the API token monitor@pve!exporter (401); \(advice)")
            }
            #expect(fake.takeCalls() == ["/version"])
            try await ProxmoxCollector(ProxmoxSettings(clusters: [wrong, try fake.cluster()], slow: .none)).checkCredentials(
                context, isStart: true)
            #expect(log.lines.count == 1 && log.lines[0].hasPrefix("level=error msg=\"credential refused\" endpoint=127.0.0.1:"))
            #expect(!log.text.contains("wrong-wrong"))
        }
    }

    @Test func `a cluster that cannot be reached yet is only logged`() async throws {
        let log = LogLines()
        let fake = try FakeProxmox()
        let settings = try fake.settings()
        await fake.stop()
        try await ProxmoxCollector(settings).checkCredentials(log.context(http: try HTTPClient()), isStart: true)
        #expect(log.lines.count == 1 && log.lines[0].hasPrefix("level=warn msg=\"cluster not reachable yet\" endpoint=127.0.0.1:"))
        try await ProxmoxCollector(ProxmoxSettings(clusters: [], slow: .none)).checkCredentials(
            log.context(http: try HTTPClient()), isStart: true)
    }
}
