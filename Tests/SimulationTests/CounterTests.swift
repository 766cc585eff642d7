import Testing

@testable import Simulation

/// Counters as a monitoring system sees them: they only grow, without a jump, until their host starts again.
@Suite struct CounterTests {
    private static let histories: [[Step]] = [
        [],
        [Step(after: 100, scenario: .cpuSaturation), Step(after: 400, scenario: .normal)],
        [
            Step(after: 50, scenario: .cpuSaturation), Step(after: 60.5, scenario: .cpuSaturation, node: "pve3"),
            Step(after: 200, scenario: .nodeDown), Step(after: 260, scenario: .nodeDown, node: "pve2"),
            Step(after: 900, scenario: .cpuSaturation), Step(after: 1500, scenario: .normal),
        ],
        [
            Step(after: 5, scenario: .nodeDown, node: "pve1"), Step(after: 6, scenario: .normal),
            Step(after: 7, scenario: .nodeDown, node: "pve1"),
        ],
    ]

    /// Irregular moments, with the neighbourhood of each change among them.
    private static func moments(_ steps: [Step]) -> [Double] {
        var moments = Array(stride(from: -30.0, to: 2_000, by: 47.3))
        for step in steps { moments += [step.after - 0.25, step.after - 0.001, step.after, step.after + 0.001, step.after + 0.25] }
        return moments.sorted()
    }

    private struct Counters {
        let boot: Double
        var values: [Int]
        var cpuSeconds: Double
    }

    @Test(arguments: histories.indices) func `guests' counters grow with their rates`(history: Int) throws {
        let steps = Self.histories[history]
        let world = try world(steps, guests: 40)
        var last: [Int: (moment: Double, counters: Counters)] = [:]
        for moment in Self.moments(steps) {
            for guest in world.inventory.guests where guest.isLive {
                guard case .up(let bootedAt) = world.presence(of: guest.node, at: moment) else { continue }
                let now = counters(world, guest, moment, bootedAt)
                if let (before, counters) = last[guest.index], counters.boot == now.boot {
                    let seconds = moment - before
                    for (old, new) in zip(counters.values, now.values) { #expect(new >= old, "\(guest.name) at \(moment)") }
                    // Bytes in come as fast as the wave's peak at most; one operation may fall on either side.
                    let jump = Double(now.values[0] - counters.values[0])
                    #expect(jump <= guest.network.peak * seconds + 2, "\(guest.name) at \(moment)")
                    #expect(now.cpuSeconds >= counters.cpuSeconds && now.cpuSeconds - counters.cpuSeconds <= seconds + 1e-6)
                }
                last[guest.index] = (moment, now)
            }
        }
    }

    private func counters(_ world: World, _ guest: Guest, _ moment: Double, _ bootedAt: Double) -> Counters {
        let reading = world.reading(of: guest, at: moment, nodeBootedAt: bootedAt)
        let boot = world.boot(of: guest, nodeBootedAt: bootedAt)
        var values = [reading.receivedBytes, reading.sentBytes, reading.readBytes, reading.writtenBytes, Int(reading.uptimeSeconds)]
        for disk in [reading.disks.0, reading.disks.1, reading.disks.2] {
            values += [
                disk.readBytes, disk.writtenBytes, disk.readOperations, disk.writeOperations, disk.flushOperations, disk.unmapOperations,
                disk.readNanoseconds, disk.writeNanoseconds, disk.flushNanoseconds, disk.unmapNanoseconds,
            ]
        }
        #expect(values.allSatisfy { $0 >= 0 })
        return Counters(boot: boot, values: values, cpuSeconds: world.cpuArea(of: guest, from: boot, to: moment))
    }

    @Test func `the counter of CPU is the integral of its gauge, also across a change`() throws {
        let world = try world([Step(after: 100, scenario: .cpuSaturation), Step(after: 160, scenario: .normal)])
        let saturated = world.inventory.saturated(onNode: nil).map { world.inventory.guests[$0] }
        #expect(saturated.map(\.kind) == [.qemu, .lxc] && saturated.allSatisfy { $0.role == .running })
        for guest in saturated {
            var sum = 0.0
            for step in 0..<1_200 { sum += world.cpu(of: guest, at: 50 + Double(step) / 10 + 0.05) / 10 }
            #expect(abs(world.cpuArea(of: guest, from: 50, to: 170) - sum) < 0.001)
            #expect(world.cpu(of: guest, at: 99) < 0.6 && world.cpu(of: guest, at: 161) < 0.6)
            #expect(world.cpu(of: guest, at: 130) > 0.95 && world.cpu(of: guest, at: 130) < 1)
        }
        let node = world.inventory.nodes[saturated[0].node]
        let extra = saturated.reduce(0) { $0 + (world.cpu(of: $1, at: 100) - world.cpu(of: $1, at: 99.999)) * Double($1.cpus) }
        let before = world.reading(of: node, at: 99.999, bootedAt: node.firstBoot).busyThreads
        let after = world.reading(of: node, at: 100, bootedAt: node.firstBoot).busyThreads
        #expect(abs(after - before - extra) < 0.01 && extra > 1)
    }

    @Test func `a node that comes back counts from 0`() throws {
        let world = try world([Step(after: 100, scenario: .nodeDown, node: "pve2"), Step(after: 700, scenario: .normal)])
        #expect(world.presence(of: 1, at: 99) == .up(bootedAt: world.inventory.nodes[1].firstBoot))
        #expect(world.presence(of: 1, at: 100) == .down(since: 100, bootedAt: world.inventory.nodes[1].firstBoot))
        #expect(world.presence(of: 1, at: 700) == .up(bootedAt: 700))
        for index in world.inventory.nodes[1].qemu + world.inventory.nodes[1].lxc {
            let guest = world.inventory.guests[index]
            let old = world.reading(of: guest, at: 99, nodeBootedAt: world.inventory.nodes[1].firstBoot)
            let fresh = world.reading(of: guest, at: 700, nodeBootedAt: 700)
            #expect(fresh.receivedBytes == 0 && fresh.writtenBytes == 0 && fresh.uptimeSeconds == 0)
            if guest.isLive {
                #expect(old.uptimeSeconds > 86_400 / 2 && old.processID != fresh.processID)
                #expect(world.reading(of: guest, at: 712.5, nodeBootedAt: 700).uptimeSeconds == 12.5)
            }
        }
    }

    @Test func `a paused guest stands still and grows older`() throws {
        let world = try world()
        let guest = try #require(world.inventory.guests.first { $0.role == .paused })
        let boot = world.inventory.nodes[guest.node].firstBoot
        let one = world.reading(of: guest, at: 10, nodeBootedAt: boot)
        let two = world.reading(of: guest, at: 1010, nodeBootedAt: boot)
        #expect(one.receivedBytes == two.receivedBytes && one.writtenBytes > 0 && one.writtenBytes == two.writtenBytes)
        #expect(two.uptimeSeconds - one.uptimeSeconds == 1000 && two.cpu == 0)
    }

    @Test(arguments: [-1e12, -1e9, 0, 4e9, 1e18, Double.greatestFiniteMagnitude]) func `no clock breaks it`(unixSeconds: Double) throws {
        let world = try world([Step(after: 100, scenario: .nodeDown)])
        let answers = ProxmoxAnswers(world: world, unixSeconds: unixSeconds)
        _ = try Tree(answers.clusterResources(type: nil))
        _ = try Tree(answers.clusterTasks())
        let view = world.view(of: 0, at: answers.moment)
        _ = try Tree(answers.qemuList(view, isFull: true))
        _ = HostExposition(world: world, view: view, moment: answers.moment).text()
    }
}
