import Testing

@testable import Simulation

/// What the API shows of a node that is off, second by second.
@Suite struct NodeDownTests {
    private static let steps = [Step(after: 103, scenario: .nodeDown, node: "pve2"), Step(after: 1003, scenario: .normal)]

    private func resources(after seconds: Double) throws -> [Tree] {
        try rows(answers(try world(Self.steps), after: 103 + seconds).clusterResources(type: nil))
    }

    private func ofLostNode(_ rows: [Tree], _ types: Set<String>) -> [Tree] {
        rows.filter { $0["node"] == .string("pve2") && types.contains($0["type"]?.string ?? "") }
    }

    @Test(arguments: [1.0, 299, 301, 899]) func `cluster status`(seconds: Double) throws {
        let rows = try rows(answers(try world(Self.steps), after: 103 + seconds).clusterStatus())
        #expect(rows.first { $0["type"] == .string("cluster") }?["quorate"]?.integer == 1)
        for row in rows where row["type"] == .string("node") {
            let isLost = row["name"] == .string("pve2")
            #expect(row["online"]?.integer == (isLost ? 0 : 1))
            #expect((row["ip"] == nil) == isLost)
        }
    }

    @Test(arguments: [1.0, 299, 301]) func `its own row keeps the maxima`(seconds: Double) throws {
        let row = try #require(ofLostNode(try resources(after: seconds), ["node"]).first)
        #expect(row.keys == ["id", "node", "type", "status", "level", "maxcpu", "maxmem", "maxdisk"])
        #expect(row["status"] == .string("offline"))
        let nodes = try rows(answers(try world(Self.steps), after: 103 + seconds).nodes())
        #expect(nodes.first { $0["node"] == .string("pve2") }?["cpu"] == nil)
    }

    @Test(arguments: [1.0, 299, 301]) func `its storages are unknown`(seconds: Double) throws {
        let storages = ofLostNode(try resources(after: seconds), ["storage"])
        #expect(storages.count == 3)
        for storage in storages { #expect(storage["status"] == .string("unknown") && storage["disk"] == nil && storage["maxdisk"] == nil) }
    }

    @Test func `its guests are frozen for 5 minutes`() throws {
        let last = ofLostNode(try resources(after: -0.5), ["qemu", "lxc"])
        for seconds in [1.0, 150, 299] {
            #expect(ofLostNode(try resources(after: seconds), ["qemu", "lxc"]) == last)
        }
        #expect(last.contains { $0["status"] == .string("running") && ($0["uptime"]?.integer ?? 0) > 0 })
        #expect(ofLostNode(try resources(after: -11), ["qemu", "lxc"]) != last)
    }

    @Test(arguments: [301.0, 899]) func `then its guests are forgotten`(seconds: Double) throws {
        let world = try world(Self.steps)
        let forgotten = ofLostNode(try resources(after: seconds), ["qemu", "lxc"])
        #expect(forgotten.count == world.inventory.guests.count { $0.node == 1 })
        for row in forgotten {
            let guest = try guest(of: row, in: world.inventory)
            let known: Set<String> = ["id", "vmid", "node", "type", "status"]
            #expect(row.keys == (guest.tags == nil ? known : known.union(["tags"])))
            #expect(row["status"] == .string("unknown"))
        }
    }

    @Test func `when it is back it has just started`() throws {
        let rows = try resources(after: 900 + 21)
        let node = try #require(ofLostNode(rows, ["node"]).first)
        // Statistics are of the last full 10 seconds.
        #expect(node["status"] == .string("online") && node["uptime"]?.integer == 17)
        for row in ofLostNode(rows, ["qemu", "lxc"]) {
            let isLive = row["status"] != .string("stopped")
            #expect(row["uptime"]?.integer == (isLive ? 17 : 0))
        }
        let fresh = try #require(ofLostNode(try resources(after: 900.5), ["node"]).first)
        #expect(fresh["uptime"]?.integer == 0)
    }

    @Test func `other nodes go on`() throws {
        let (one, two) = (try resources(after: 1), try resources(after: 11))
        let others = { (rows: [Tree]) in rows.filter { $0["node"] == .string("pve1") && $0["status"] == .string("running") } }
        #expect(!others(one).isEmpty && others(one) != others(two))
    }

    @Test(arguments: [(1, 0), (2, 0), (3, 1), (4, 1), (5, 1)]) func `quorum is a majority`(nodes: Int, quorate: Int) throws {
        let world = try world([Step(after: 1, scenario: .nodeDown)], nodes: nodes, guests: 3)
        let rows = try rows(answers(world, after: 2).clusterStatus())
        #expect(rows.first { $0["type"] == .string("cluster") }?["quorate"]?.integer == (nodes == 1 ? nil : quorate))
        // By default it is the last node that goes.
        #expect(rows.first { $0["name"] == .string("pve\(nodes)") }?["online"]?.integer == 0)
    }

    @Test func `a host that stands alone has no cluster`() throws {
        let rows = try rows(answers(try world(nodes: 1, guests: 3), after: 2).clusterStatus())
        #expect(rows.count == 1 && rows.first?["nodeid"]?.integer == 0 && rows.first?["local"]?.integer == 1)
    }

    @Test func `statistics keep their beat and lists are live`() throws {
        let world = try world()
        let resources = { try rows(answers(world, after: $0).clusterResources(type: .vm)) }
        #expect(try resources(20) == resources(29.9))
        #expect(try resources(20) != resources(30))
        let view = world.view(of: 0, at: 0)
        #expect(
            try rows(answers(world, after: 20).qemuList(view, isFull: false))
                != rows(answers(world, after: 21).qemuList(view, isFull: false)))
    }
}
