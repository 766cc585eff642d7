import Testing

@testable import Simulation

@Suite struct SubscriptionTests {
    private func subscription(_ world: World, node: Int, after seconds: Double) throws -> Tree {
        let answers = answers(world, after: seconds)
        return try #require(try Tree(answers.subscription(world.view(of: node, at: answers.moment)))["data"])
    }

    /// Typed from an answer that a real Proxmox VE 9.2 gave.
    @Test(arguments: [1, 4]) func `the last node has no key`(nodes: Int) throws {
        let data = try subscription(try world(nodes: nodes), node: nodes - 1, after: 60)
        #expect(data.keys == ["message", "serverid", "status", "url"])
        #expect(data["status"] == .string("notfound") && data["message"] == .string("There is no subscription key"))
        #expect(data["url"] == .string("https://www.proxmox.com/en/proxmox-virtual-environment/pricing"))
        #expect(data["serverid"]?.string?.utf8.count == 32)
    }

    @Test func `the others have one that holds`() throws {
        let world = try world(nodes: 6)
        for node in 0..<5 {
            let data = try subscription(world, node: node, after: 60)
            #expect(
                data.keys == [
                    "checktime", "key", "level", "nextduedate", "productname", "regdate", "serverid", "sockets", "status", "url",
                ])
            let level = ["c", "s", "b", "p"][node % 4]
            #expect(data["status"] == .string("active") && data["level"] == .string(level))
            let key = try #require(data["key"]?.string)
            #expect(key.hasPrefix("pve\(data["sockets"]?.integer ?? 0)\(level)-") && key.utf8.count == 16)
            let check = try #require(data["checktime"]?.integer)
            #expect(check <= Int(epoch) + 60 && check > Int(epoch) + 60 - 86_400)
        }
        #expect(try subscription(world, node: 0, after: 60)["productname"] == .string("Proxmox VE Community Subscription 1 CPU/year"))
        #expect(Set(try (0..<6).compactMap { try subscription(world, node: $0, after: 0)["serverid"]?.string }).count == 6)
    }

    /// 1790000000 is 2026-09-21.
    @Test func `it is renewed when it is due`() throws {
        let world = try world()
        let first = try subscription(world, node: 0, after: 0)
        let due = try #require(first["nextduedate"]?.string)
        #expect(due >= "2026-09-22" && due <= "2027-09-21")
        #expect(try #require(first["regdate"]?.string) < "2026-09-21 00:00:00")
        let later = try subscription(world, node: 0, after: 366 * 86_400)
        #expect(try #require(later["nextduedate"]?.string) >= "2027-09-22" && later["regdate"] == first["regdate"])
    }

    @Test func `rows of nodes carry its letter`() throws {
        let answers = answers(try world(), after: 60)
        for list in [answers.clusterStatus(), answers.clusterResources(type: .node), answers.nodes()] {
            let nodes = try rows(list).filter { $0["type"] == .string("node") }
            #expect(nodes.compactMap { $0["level"]?.string } == ["c", "s", "b", ""])
        }
    }
}
