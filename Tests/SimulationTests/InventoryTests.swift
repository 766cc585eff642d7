import Testing

@testable import Simulation

@Suite struct InventoryTests {
    @Test(arguments: [(1, 0), (1, 1), (2, 7), (4, 20), (4, 100), (20, 200), (32, 1000)])
    func `counts are as asked for`(nodes: Int, guests: Int) {
        let inventory = Inventory(seed: 3, nodeCount: nodes, guestCount: guests, cluster: "lab")
        #expect(inventory.nodes.count == nodes)
        #expect(inventory.guests.map(\.vmid) == Array(100..<100 + guests))
        #expect(inventory.guests.count { $0.kind == .qemu } == Int((Double(guests) * 0.65).rounded()))
        #expect(inventory.guests.count { $0.role == .stopped } == Int((Double(guests) * 0.08).rounded()))
        #expect(inventory.guests.count { $0.role == .paused } == (guests >= 20 ? 1 : 0))
        #expect(inventory.guests.count { $0.role == .template } == Int((Double(guests) * 0.03).rounded()))
        if guests >= 20 {
            #expect(inventory.guests.contains { $0.role == .template && $0.kind == .qemu })
            #expect(inventory.guests.contains { $0.role == .paused && $0.kind == .qemu })
        }
        let perNode = inventory.nodes.map { $0.qemu.count + $0.lxc.count }
        #expect(perNode.reduce(0, +) == guests)
        #expect((perNode.max() ?? 0) - (perNode.min() ?? 0) <= 1)
    }

    /// Fixed for ever: a seed means the same estate in every process and release.
    @Test func `a seed means the same estate`() {
        let inventory = Inventory(seed: 1, nodeCount: 4, guestCount: 100, cluster: "lab")
        #expect(inventory.guests.prefix(6).map(\.name) == ["files-100", "db-101", "mail-102", "files-103", "proxy-104", "dns-105"])
    }

    @Test func `another seed means another estate`() {
        let one = Inventory(seed: 1, nodeCount: 4, guestCount: 100, cluster: "lab")
        let two = Inventory(seed: 2, nodeCount: 4, guestCount: 100, cluster: "lab")
        #expect(one.guests.map(\.name) != two.guests.map(\.name))
        #expect(one.guests.map(\.role) != two.guests.map(\.role))
    }

    @Test func `two worlds of the same arguments say the same`() throws {
        let steps = [Step(after: 50, scenario: .nodeDown), Step(after: 500, scenario: .cpuSaturation)]
        for seconds in [0.0, 77, 512.25, 90_000] {
            let (one, two) = (answers(try world(steps), after: seconds), answers(try world(steps), after: seconds))
            #expect(one.clusterResources(type: nil) == two.clusterResources(type: nil))
            let view = one.world.view(of: 0, at: one.moment)
            #expect(one.qemuList(view, isFull: true) == two.qemuList(view, isFull: true))
        }
    }

    @Test func `names, tags and pools look like an estate`() {
        let inventory = Inventory(seed: 7, nodeCount: 4, guestCount: 200, cluster: "lab")
        for guest in inventory.guests {
            #expect(guest.name.hasSuffix("-\(guest.vmid)"))
            for tag in guest.tags?.split(separator: ";") ?? [] where !tag.hasPrefix("mon-") {
                #expect(tag.utf8.allSatisfy { (0x61...0x7A).contains($0) })
            }
            if guest.role == .template { #expect(guest.tags == nil && guest.pool == nil && guest.haState == nil) }
        }
        #expect(inventory.guests.contains { $0.tags == nil && $0.role == .running })
        #expect(inventory.guests.contains { $0.haState == "started" })
        #expect(inventory.guests.contains { $0.isLive && $0.kind == .qemu && !$0.hasBalloonDriver })
        #expect(inventory.pools.map(\.name) == ["prod", "stage", "dev"])
        #expect(inventory.guest(vmid: 99) == nil && inventory.guest(vmid: 300) == nil && inventory.guest(vmid: 299)?.vmid == 299)
    }

    /// No number is cut off at its limit, so counters stay the integrals of the rates.
    @Test(arguments: [UInt64(1), 2, 3, 4], [(1, 30), (4, 100), (8, 1000)])
    func `hosts are large enough for their guests`(seed: UInt64, counts: (nodes: Int, guests: Int)) throws {
        let world = try world([Step(after: 0, scenario: .cpuSaturation)], nodes: counts.nodes, guests: counts.guests, seed: seed)
        for node in world.inventory.nodes {
            for moment in stride(from: 0.0, to: 86_400, by: 7_213) {
                let reading = world.reading(of: node, at: moment, bootedAt: node.firstBoot)
                #expect(reading.cpu > 0 && reading.cpu < 0.9)
                #expect(reading.memoryUsedBytes > 0 && reading.memoryFreeBytes > 0 && reading.swapUsedBytes < node.swapBytes)
                #expect(Double(reading.memoryUsedBytes) < Double(node.memoryBytes) * 0.9)
            }
        }
    }

    @Test(arguments: [("pve1", 0), ("pve4", 3), ("pve5", nil), ("pve0", nil), ("pve01", nil), ("pve", nil), ("node1", nil), ("", nil)])
    func `node names`(name: String, index: Int?) { #expect(Inventory.nodeIndex(name, count: 4) == index) }

    @Test(arguments: [(0, "127.0.0.2"), (253, "127.0.0.255"), (254, "127.0.1.0"), (300, "127.0.1.46"), (70_000, "127.1.17.114")])
    func `addresses go on through the loopback network`(index: Int, address: String) {
        #expect(NodePlan.loopbackAddress(index) == address)
        #expect(IPv4Address(address)?.advanced(by: -index).description == "127.0.0.2")
    }

    @Test(arguments: ["", "127.0.0", "127.0.0.256", "::1", "localhost"]) func `no address`(text: String) {
        #expect(IPv4Address(text) == nil)
    }
}
