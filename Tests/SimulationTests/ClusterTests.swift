import Testing

@testable import Simulation

/// What HA, backups and quorum are like.
@Suite struct ClusterTests {
    @Test func `guests without a backup`() throws {
        let answers = answers(try world(guests: 200), after: 60)
        let missing = try rows(answers.notBackedUp())
        for row in missing {
            let guest = try guest(of: row, in: answers.inventory)
            #expect(
                row
                    == .object([
                        "vmid": .number(Double(guest.vmid), isInteger: true), "name": .string(guest.name),
                        "type": .string(guest.kind.rawValue),
                    ]))
        }
        #expect((20..<60).contains(missing.count) && Set(missing.compactMap { $0["vmid"]?.integer }).count == missing.count)
        for guest in answers.inventory.guests where guest.role == .template {
            #expect(missing.contains { $0["vmid"]?.integer == guest.vmid })
        }
    }

    @Test func `no quorum device, as recorded`() throws {
        #expect(try Tree(answers(try world(), after: 0).qdevice()) == .object(["data": .object([:])]))
    }

    private func voting(nodes: Int, hasQDevice: Bool, _ steps: [Step] = []) throws -> World {
        World(
            inventory: Inventory(seed: 7, nodeCount: nodes, guestCount: 20, cluster: "lab", hasQDevice: hasQDevice),
            timeline: try timeline(steps))
    }

    @Test func `a quorum device`() throws {
        let data = try #require(try Tree(answers(try voting(nodes: 4, hasQDevice: true), after: 0).qdevice())["data"])
        #expect(data.keys == ["Algorithm", "Model", "QNetd host", "State", "Tie-breaker"])
        #expect(
            data["State"] == .string("Connected") && data["Algorithm"] == .string("Fifty-Fifty split") && data["Model"] == .string("Net"))
        let alone = answers(try voting(nodes: 1, hasQDevice: true), after: 0)
        #expect(try Tree(alone.qdevice())["data"] == .object([:]))
    }

    @Test(arguments: [(2, false, 0), (2, true, 1), (4, true, 1)]) func `it has a vote`(nodes: Int, hasQDevice: Bool, quorate: Int) throws {
        let world = try voting(nodes: nodes, hasQDevice: hasQDevice, [Step(after: 1, scenario: .nodeDown)])
        let status = try rows(answers(world, after: 2).clusterStatus())
        #expect(status.first { $0["type"] == .string("cluster") }?["quorate"]?.integer == quorate)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `HA has its troubles`(seed: UInt64) throws {
        let answers = answers(try world(seed: seed), after: 60)
        let all = try rows(answers.clusterResources(type: nil))
        let states = all.filter { $0["vmid"] != nil }.compactMap { $0["hastate"]?.string }
        #expect(states.contains("started") && states.count { $0 == "error" } == 1 && states.contains("stopped"))
        #expect(states.count { $0 == "ignored" } == 1)
        let nodes = all.filter { $0["type"] == .string("node") }
        #expect(nodes.compactMap { $0["hastate"]?.string }.sorted() == ["maintenance", "online", "online", "online"])
        #expect(nodes.first?["hastate"] == .string("online") && nodes.last?["hastate"] == .string("online"))
        // Nothing goes on running where HA clears up.
        let cleared = nodes.first { $0["hastate"] == .string("maintenance") }?["node"]
        #expect(!all.contains { $0["vmid"] != nil && $0["node"] == cleared && $0["hastate"] == .string("started") })
    }

    @Test func `what HA ignores it does not manage`() throws {
        let answers = answers(try world(), after: 60)
        for guest in answers.inventory.guests {
            let view = answers.world.view(of: guest.node, at: answers.moment)
            let ha = try Tree(guest.kind == .qemu ? answers.qemuStatus(guest, view) : answers.lxcStatus(guest, view))["data"]?["ha"]
            let isManaged = guest.haState != nil && guest.haState != "ignored"
            #expect(ha?["managed"]?.integer == (isManaged ? 1 : 0) && ha?["state"]?.string == (isManaged ? guest.haState : nil))
        }
    }

    @Test(arguments: [(1, nil), (2, nil), (3, 1), (5, nil)] as [(Int, Int?)]) func `a node in maintenance`(nodes: Int, expected: Int?)
        throws
    {
        let inventory = Inventory(seed: 7, nodeCount: nodes, guestCount: 60, cluster: "lab")
        #expect((inventory.nodeInMaintenance != nil) == (nodes >= 3))
        if let expected { #expect(inventory.nodeInMaintenance == expected) }
        #expect(inventory.guests.contains { $0.haState == "started" })
    }
}
