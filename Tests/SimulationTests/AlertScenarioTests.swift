import Testing

@testable import Simulation

/// What holds of each scenario: numbers go on, and who has nothing to do with it sees nothing of it.
@Suite struct AlertScenarioTests {
    /// Those that keep what they touch running.
    static let all = Scenario.allCases.filter { ![.normal, .nodeDown].contains($0) }

    private static func steps(_ scenario: Scenario) -> [Step] {
        [Step(after: 600, scenario: scenario, node: "pve2"), Step(after: 1500, scenario: .normal)]
    }

    /// A container, a Linux and a Windows that run on a node.
    private func guests(_ world: World, node: Int) throws -> [Guest] {
        let running = world.dealt.guests.filter { $0.role == .running && $0.node == node }
        return [
            try #require(running.first { $0.kind == .lxc }), try #require(running.first { $0.kind == .qemu && !world.isWindows($0) }),
            try #require(running.first { world.isWindows($0) }),
        ]
    }

    @Test(arguments: all) func `no counter goes back until its machine starts again`(scenario: Scenario) throws {
        let world = try world(Self.steps(scenario))
        let guests = try guests(world, node: 1)
        var last: [Int: Exposition] = [:]
        for seconds in stride(from: 540.0, through: 1600, by: 87) {
            for (position, guest) in [nil, guests[0].index, guests[1].index, guests[2].index].enumerated() {
                let now = try guest.map { try Exposition(world, guest: $0, after: seconds) } ?? Exposition(world, node: 1, after: seconds)
                guard let now else { continue }
                let boot = now["node_boot_time_seconds"] ?? now["windows_system_boot_time_timestamp"]
                #expect(boot != nil)
                if let before = last[position], boot == (before["node_boot_time_seconds"] ?? before["windows_system_boot_time_timestamp"]) {
                    // One expectation for all: these are millions of numbers.
                    let fallen = now.counters.filter { (now[$0] ?? 0) < (before[$0] ?? 0) }
                    #expect(fallen.isEmpty, "\(scenario) at \(seconds): \(fallen.map { "\($0) \(before[$0] ?? 0) \(now[$0] ?? 0)" })")
                }
                last[position] = now
            }
        }
        #expect(last.count == 4)
    }

    @Test(arguments: all) func `processors have no more time than there is`(scenario: Scenario) throws {
        let world = try world(Self.steps(scenario))
        let guests = try guests(world, node: 1)
        for (position, guest) in [nil, guests[0].index, guests[1].index].enumerated() {
            func scrape(_ seconds: Double) throws -> Exposition? {
                try guest.map { try Exposition(world, guest: $0, after: seconds) } ?? Exposition(world, node: 1, after: seconds)
            }
            guard let old = try scrape(1200), let new = try scrape(1400) else { continue }
            let cpus = Double(guest.map { world.inventory.guests[$0].cpus } ?? world.inventory.nodes[1].threads)
            let rate = rate(old, new, over: 200, "node_cpu_seconds_total")
            #expect(abs(rate - cpus) < cpus * 0.005 + 0.01, "\(scenario) \(position): \(rate) of \(cpus)")
        }
    }

    @Test(arguments: all.filter(\.isAboutNode)) func `other nodes are as ever`(scenario: Scenario) throws {
        let (calm, troubled) = (try world(), try world(Self.steps(scenario)))
        for seconds in [900.0, 1600] {
            let (usual, now) = (
                try #require(try Exposition(calm, node: 2, after: seconds)), try Exposition(troubled, node: 2, after: seconds)
            )
            #expect(now?.values == usual.values)
            for guest in try guests(calm, node: 2) {
                #expect(
                    try Exposition(troubled, guest: guest.index, after: seconds)?.values
                        == Exposition(calm, guest: guest.index, after: seconds)?.values)
            }
            let (usualAnswers, answers) = (answers(calm, after: seconds), answers(troubled, after: seconds))
            let view = calm.view(of: 2, at: answers.moment)
            #expect(answers.nodeStatus(view) == usualAnswers.nodeStatus(view))
            #expect(answers.qemuList(view, isFull: true) == usualAnswers.qemuList(view, isFull: true))
            #expect(answers.disks(view, isHealthAsked: true, type: nil) == usualAnswers.disks(view, isHealthAsked: true, type: nil))
            #expect(answers.storagePools(view) == usualAnswers.storagePools(view))
            #expect(answers.certificates(view) == usualAnswers.certificates(view))
        }
    }

    @Test func `who has it when nobody is named`() throws {
        for scenario in Scenario.allCases {
            let chosen = scenario.chosenNode(of: 4)
            switch scenario.reach {
            case .firstNode: #expect(chosen == 0)
            case .lastNode: #expect(chosen == 3)
            case .cluster, .everyNode, .suitableNode: #expect(chosen == nil)
            }
        }
        // Where memory is short everywhere, no node can take over the guests of another.
        let world = try world([Step(after: 0, scenario: .memoryHigh)])
        for node in world.inventory.nodes { #expect(world.has(.memoryHigh, node, at: 5)) }
    }

    @Test func `a guest that has moved away has its trouble with it`() throws {
        var timeline = try timeline([Step(after: 100, scenario: .packetDrops, node: "pve2")])
        let calm = try world()
        let (mover, comer) = (try #require(try guests(calm, node: 1).first), try #require(try guests(calm, node: 0).first))
        for (guest, node) in [(mover, "pve1"), (comer, "pve2")] {
            var order = GuestOrder()
            order.node = node
            try timeline.add(order, of: guest.vmid, at: epoch + 200)
        }
        let world = World(seed: 7, nodeCount: 4, guestCount: 100, timeline: timeline)
        #expect(world.has(.packetDrops, world.inventory.guests[mover.index], at: 300))
        #expect(!world.has(.packetDrops, world.inventory.guests[comer.index], at: 300))
    }
}
