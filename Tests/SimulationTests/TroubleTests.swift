import Testing
import Web

@testable import Simulation

/// What the API shows when something other than a node is broken.
@Suite struct TroubleTests {
    /// What the privileged daemon answers, and what others do.
    private static let protected = [
        "/cluster/status", "/cluster/backup-info/not-backed-up", "/nodes/pve1/qemu", "/nodes/pve1/lxc", "/nodes/pve1/storage",
        "/nodes/pve1/replication", "/nodes/pve1/disks/list", "/nodes/pve1/disks/zfs",
    ]
    private static let open = [
        "/version", "/cluster/resources", "/nodes", "/nodes/pve1/status", "/cluster/ha/status/current", "/cluster/tasks",
        "/access/permissions",
    ]

    private func row(_ api: SimulatedAPI, _ node: String) async throws -> Tree {
        try #require(try await api.data("/cluster/resources", [("type", "node")]).elements.first { $0["node"] == .string(node) })
    }

    @Test func `statistics-dead: numbers stand still for 5 minutes, then they are forgotten`() async throws {
        let api = try SimulatedAPI()
        try await api.begin(.statisticsDead, node: "pve2")
        api.clock.now += 30
        let (frozen, other) = (try await row(api, "pve2"), try await row(api, "pve1"))
        api.clock.now += 200
        #expect(try await row(api, "pve2") == frozen)
        #expect(try await row(api, "pve1") != other)
        #expect(frozen["status"] == .string("online"))
        api.clock.now += 100
        let forgotten = try await row(api, "pve2")
        #expect(forgotten.keys == ["id", "node", "type", "status", "cgroup-mode", "hastate"] && forgotten["status"] == .string("unknown"))
        let members = try await api.data("/cluster/status").elements
        #expect(members.filter { $0["type"] == .string("node") }.allSatisfy { $0["online"]?.integer == 1 })
        let guests = try await api.data("/cluster/resources", [("type", "vm")]).elements.filter { $0["node"] == .string("pve2") }
        #expect(!guests.isEmpty && guests.allSatisfy { $0["status"] == .string("unknown") && $0["name"] == nil })
        let storages = try await api.data("/cluster/resources", [("type", "storage")]).elements.filter { $0["node"] == .string("pve2") }
        #expect(storages.allSatisfy { $0["status"] == .string("unknown") && $0["disk"] == nil })
        #expect(
            try await api.data("/nodes").elements.first { $0["node"] == .string("pve2") }?.keys == [
                "id", "node", "type", "status", "ssl_fingerprint",
            ])
        // The node itself answers as ever.
        #expect(try await api.data("/nodes/pve2/qemu").elements.contains { $0["name"] != nil && $0["uptime"]?.integer ?? 0 > 0 })
        let service = try await api.data("/nodes/pve2/services").elements.first { $0["service"] == .string("pvestatd") }
        #expect(service?["state"] == .string("dead"))
        try await api.begin(.normal)
        #expect(try await row(api, "pve2")["status"] == .string("online"))
    }

    @Test func `daemon-dead: what needs the privileged daemon gives 595`() async throws {
        let api = try SimulatedAPI()
        try await api.begin(.daemonDead)
        for path in Self.protected { #expect(await api.get(path).status == 595, "\(path)") }
        for path in Self.open { #expect(await api.get(path).status == 200, "\(path)") }
        #expect(await api.get("/nodes/pve2/qemu").status == 200)
        try await api.begin(.daemonDead, node: "pve2")
        #expect(await api.get("/nodes/pve2/qemu").status == 595)
        #expect(await api.get("/nodes/pve2/status").status == 200)
        for path in Self.protected { #expect(await api.get(path).status == 200, "\(path)") }
    }

    @Test(arguments: [(Scenario.linkCut, 595), (.nodeHangs, 596)]) func `a node that cannot be reached is seen nevertheless`(
        scenario: Scenario, status: Int
    )
        async throws
    {
        let api = try SimulatedAPI()
        try await api.begin(scenario, node: "pve3")
        api.clock.now += 400
        for path in ["status", "qemu", "lxc", "storage", "tasks"] {
            let response = await api.get("/nodes/pve3/\(path)")
            #expect(response.status == status && bytes(response).isEmpty)
            #expect(await api.get("/nodes/pve1/\(path)").status == 200)
        }
        let member = try await api.data("/cluster/status").elements.first { $0["name"] == .string("pve3") }
        #expect(member?["online"]?.integer == 1)
        #expect(try await row(api, "pve3")["uptime"]?.integer ?? 0 > 0)
        try await api.begin(scenario)
        #expect(await api.get("/nodes/pve3/status").status == 200)
        #expect(await api.get("/nodes/pve4/status").status == status)
    }

    @Test func `statistics of a node are with every node`() async throws {
        let api = try SimulatedAPI()
        let query = [(name: "timeframe", value: "hour")]
        for scenario in [Scenario.linkCut, .nodeHangs, .nodeDown] {
            try await api.begin(scenario, node: "pve3")
            api.clock.now += 300
            let rows = try await api.data("/nodes/pve3/rrddata", query).elements
            #expect(rows.first?.keys.contains("cpu") == true)
            #expect(rows.last?.keys.contains("cpu") == (scenario != .nodeDown))
        }
        try await api.begin(.daemonDead)
        #expect(await api.get("/nodes/pve3/rrddata", query).status == 595)
    }

    @Test func `a node that hangs takes its time`() async throws {
        let api = try SimulatedAPI(hangSeconds: 0.2)
        try await api.begin(.nodeHangs)
        let began = ContinuousClock.now
        #expect(await api.get("/nodes/pve4/status").status == 596)
        #expect(ContinuousClock.now - began >= .milliseconds(200))
    }

    @Test func `quorum-lost: the node that answers is alone`() async throws {
        let api = try SimulatedAPI()
        let uptime = try #require(try await row(api, "pve2")["uptime"]?.integer)
        try await api.begin(.quorumLost, node: "pve2")
        api.clock.now += 400
        let status = try await api.data("/cluster/status").elements
        #expect(status.first { $0["type"] == .string("cluster") }?["quorate"]?.integer == 0)
        #expect(status.filter { $0["online"]?.integer == 1 }.map { $0["name"] } == [.string("pve1")])
        let quorum = try #require(try await api.data("/cluster/ha/status/current").elements.first)
        #expect(quorum["quorate"]?.integer == 0 && quorum["status"] == .string("No quorum on node 'pve1'!"))
        let lost = try await api.data("/cluster/ha/status/current").elements.first { $0["id"] == .string("lrm:pve2") }
        #expect(lost?["status"]?.string?.hasPrefix("pve2 (old timestamp - dead?, ") == true)
        #expect(await api.get("/nodes/pve2/status").status == 595)
        #expect(await api.get("/nodes/pve1/status").status == 200)
        try await api.begin(.normal)
        api.clock.now += 20
        // They ran on all the time.
        #expect(try await row(api, "pve2")["uptime"]?.integer ?? 0 >= uptime + 400)
        let alone = try SimulatedAPI(nodes: 1, guests: 5)
        try await alone.begin(.quorumLost)
        #expect(try await alone.data("/cluster/ha/status/current").elements.first?["quorate"]?.integer == 1)
    }

    @Test(arguments: [
        ("/cluster/status", 403, "cluster-status"), ("/cluster/backup", 403, "cluster-backup"),
        ("/nodes/pve1/qemu", 200, "nodes-pve1-qemu"),
        ("/nodes/pve1/storage", 200, "nodes-pve1-storage"), ("/nodes/pve1/disks/list", 403, "nodes-pve1-disks-list"),
        ("/nodes/pve1/qemu/100/config", 403, "nodes-pve1-qemu-100-config"), ("/nodes/pve1/status", 403, "nodes-pve1-status"),
        ("/access/permissions", 200, "access-permissions"),
    ])
    func `rights-lost, as recorded`(path: String, status: Int, recording: String) async throws {
        let api = try SimulatedAPI()
        try await api.begin(.rightsLost)
        let response = await api.get(path)
        #expect(response.status == status)
        #expect(try Tree(bytes(response)) == Tree(Recorded.bytes("noperm-" + recording, "pve-9.2-noperm")))
    }

    @Test func `rights-lost: nodes are still there`() async throws {
        let api = try SimulatedAPI()
        try await api.begin(.rightsLost)
        let rows = try await api.data("/cluster/resources").elements
        #expect(rows.count == 4 && rows.allSatisfy { $0["type"] == .string("node") && $0["cpu"] == nil })
        #expect(try await api.data("/nodes").elements.count == 4)
        #expect(try await api.data("/nodes/pve1/certificates/info").elements.count == 2)
        #expect(
            await api.get("/nodes/nosuch/status").status == 403)
        #expect(await api.get("/nodes/pve1/rrddata", [("timeframe", "hour")]).status == 403)
        #expect(try await api.data("/version")["version"] != nil)
        #expect(try await api.data("/pools").elements.isEmpty)
    }

    @Test func `pmxcfs-dead: nothing is answered`() async throws {
        let api = try SimulatedAPI()
        try await api.begin(.pmxcfsDead)
        for path in Self.open + Self.protected {
            let response = await api.get(path)
            #expect(response.status == 500 && bytes(response).isEmpty)
        }
    }

    @Test func `who is asked for what is about the whole cluster has no node`() async throws {
        let api = try SimulatedAPI()
        let response = await api.service.answer(
            HTTPServerRequest(method: "PUT", path: ScenarioEndpoint.path, body: Array(#"{"scenario":"rights-lost","node":"pve2"}"#.utf8)))
        #expect(try Tree(bytes(response))["node"] == nil)
        let chosen = await api.service.answer(
            HTTPServerRequest(method: "PUT", path: ScenarioEndpoint.path, body: Array("daemon-dead".utf8)))
        #expect(try Tree(bytes(chosen))["node"] == .string("pve1"))
    }
}
