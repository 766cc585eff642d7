import Testing

@testable import Simulation

/// A KVM host on which steps happened.
func host(_ steps: [Step] = [], domains: Int = 8) throws -> KVMWorld {
    KVMWorld(plan: KVMPlan(seed: 7, host: "kvm01", domains: domains), timeline: try timeline(steps))
}

/// What holds of the KVM host at any moment, whatever happens.
@Suite struct KVMWorldTests {
    private static let scenarios: [Scenario] = [
        .normal, .guestHung, .guestsHung, .guestLocked, .guestPausedIOError, .poolFull, .daemonRestart, .daemonDown, .blockJobStuck,
        .backingChainDeep, .migrationStuck, .storageLost, .diskFilling, .diskFailing, .overcommitted, .guestCrashed, .cpuSaturation,
        .cpuSteal, .memoryHigh, .swapping, .diskLatency, .packetDrops, .snapshotOld,
    ]

    private static func steps(_ scenario: Scenario) -> [Step] {
        [Step(after: 600, scenario: scenario), Step(after: 1500, scenario: .normal)]
    }

    private func counters(_ world: KVMWorld, _ domain: DomainPlan, at moment: Double) -> [UInt64] {
        let cpu = world.cpu(of: domain, at: moment)
        var counters = [cpu.total, cpu.user, cpu.system, cpu.pollSucceeded, cpu.pollFailed]
        for position in 0..<domain.vcpus {
            let times = world.vcpu(position, of: domain, at: moment)
            counters += [times.time, times.wait, times.delay]
        }
        for disk in domain.disks {
            let disk = world.counters(of: disk, domain, at: moment)
            counters += [
                disk.readRequests, disk.readBytes, disk.readNanoseconds, disk.writeRequests, disk.writeBytes, disk.writeNanoseconds,
                disk.flushRequests, disk.flushNanoseconds,
            ]
        }
        for card in domain.cards { counters += LibvirtAnswers.values(world.counters(of: card, domain, at: moment)) }
        let memory = world.memory(of: domain, at: moment)
        counters.append(memory.toldAt)
        if let inside = memory.inside { counters += [inside.swappedIn, inside.swappedOut, inside.majorFaults, inside.minorFaults] }
        return counters
    }

    @Test(arguments: scenarios) func `counters never go back while a domain is up`(scenario: Scenario) throws {
        let world = try host(Self.steps(scenario), domains: 16)
        for domain in world.plan.domains {
            var last: (bootedAt: Double, values: [UInt64])?
            for moment in stride(from: 540.0, through: 1600, by: 21.5) {
                guard let bootedAt = world.life(of: domain, at: moment).bootedAt else { continue }
                let values = counters(world, domain, at: moment)
                if let last, last.bootedAt == bootedAt {
                    #expect(zip(last.values, values).allSatisfy { $0 <= $1 }, "\(domain.name) at \(moment): \(last.values) \(values)")
                }
                last = (bootedAt, values)
            }
        }
    }

    @Test(arguments: scenarios) func `nothing is more than there is`(scenario: Scenario) throws {
        let world = try host(Self.steps(scenario), domains: 40)
        for moment in [1.0, 700, 1499, 1501, 90_000] {
            for domain in world.plan.domains where world.life(of: domain, at: moment).isActive {
                let before = world.vcpu(0, of: domain, at: moment - 10)
                let now = world.vcpu(0, of: domain, at: moment)
                if now.time >= before.time { #expect(now.time - before.time <= 10_000_000_000) }
                if let inside = world.memory(of: domain, at: moment).inside {
                    #expect(inside.usable <= inside.available && inside.available <= domain.balloonKiB)
                    #expect(inside.unused + inside.diskCaches <= inside.available)
                }
                #expect(domain.balloonKiB <= domain.memoryKiB && domain.vcpus <= domain.mostVcpus)
                for disk in domain.disks { #expect(world.allocation(of: disk) <= disk.capacityBytes) }
                if let disk = domain.disks.first, let job = world.blockJob(of: disk, domain, at: moment) { #expect(job.done <= job.whole) }
            }
            for pool in world.plan.pools {
                #expect(world.allocation(of: pool, at: moment) <= pool.capacityBytes)
                let volumes = world.volumes(of: pool, at: moment).reduce(0) { $0 + $1.allocation }
                #expect(volumes <= pool.capacityBytes, "\(pool.name)")
            }
        }
    }

    @Test func `two hosts of one seed are one`() throws {
        let (one, other) = (try host(), try host())
        #expect(one.plan.domains.map(\.uuid) == other.plan.domains.map(\.uuid))
        #expect(Set(one.plan.domains.map(\.uuid)).count == one.plan.domains.count)
        for (left, right) in zip(one.plan.domains, other.plan.domains) {
            #expect(counters(one, left, at: 777.5) == counters(other, right, at: 777.5))
        }
        #expect(KVMPlan(seed: 8, host: "kvm01", domains: 8).domains[0].uuid != one.plan.domains[0].uuid)
    }

    @Test func `what scenarios do to the second domain`() throws {
        let victim = 1
        func life(_ scenario: Scenario, at moment: Double) throws -> KVMWorld.Life {
            let world = try host(Self.steps(scenario))
            #expect(world.victim == victim)
            return world.life(of: world.plan.domains[victim], at: moment)
        }
        #expect(try life(.guestPausedIOError, at: 700).state == (3, 5))
        #expect(try life(.guestPausedIOError, at: 1501).state == (1, 1))
        #expect(try life(.guestCrashed, at: 700).state == (5, 3))
        #expect(try life(.guestCrashed, at: 1501).bootedAt == 1500)
        // Nobody is told.
        #expect(try life(.guestHung, at: 700).state == (1, 1))
        let hung = try host(Self.steps(.guestHung))
        #expect(hung.plan.domains.filter { hung.hangs($0, at: 700) }.map(\.index) == [victim])
        #expect(!hung.plan.domains.contains { hung.hangs($0, at: 1501) })
        let domain = hung.plan.domains[victim]
        #expect(counters(hung, domain, at: 650) == counters(hung, domain, at: 1400))
        let deep = try host(Self.steps(.backingChainDeep))
        #expect(deep.backing(of: domain.disks[0], domain, at: 700).count == KVMWorld.deepChain)
        let stuck = try host(Self.steps(.blockJobStuck))
        #expect(stuck.blockJob(of: domain.disks[0], domain, at: 700) == stuck.blockJob(of: domain.disks[0], domain, at: 1400))
        #expect(stuck.blockJob(of: domain.disks[0], domain, at: 700)?.kind == .activeCommit)
        let restart = try host(Self.steps(.daemonRestart))
        let down = try host(Self.steps(.daemonDown))
        #expect(!down.isDaemonUp(at: 1400) && down.isDaemonUp(at: 1501))
        let short = try host(Self.steps(.overcommitted))
        let promised = short.plan.domains.filter { $0.role != .off }.reduce(0) { $0 + $1.memoryKiB }
        #expect(short.hostMemoryKiB(at: 700) < promised && short.hostMemoryKiB(at: 1501) > promised)
        let lost = try host(Self.steps(.storageLost))
        #expect(!lost.isActive(lost.plan.pools[0], at: 700) && lost.isActive(lost.plan.pools[1], at: 700))
        #expect(!restart.isDaemonUp(at: 601) && restart.isDaemonUp(at: 600 + KVMWorld.restartSeconds + 0.1))
        #expect(counters(restart, domain, at: 700) == counters(try host(), domain, at: 700))
    }

    @Test func `a scenario that one node has for itself is not the host's`() throws {
        let named = try host([Step(after: 600, scenario: .guestCrashed, node: "pve2")])
        #expect(named.life(of: named.plan.domains[0], at: 700).isActive)
    }

    @Test func `backups come every hour and end`() throws {
        let world = try host()
        let domain = world.plan.domains[1]
        // The epoch is 13 minutes and 20 seconds after a full hour.
        let hour = 3600 - epoch.truncatingRemainder(dividingBy: 3600)
        var done: [UInt64] = []
        for into in [10.0, 300, 599] {
            guard case .backup(let since, let bytes, let total) = world.job(of: domain, at: hour + into) else {
                Issue.record("no backup after \(into)")
                continue
            }
            #expect(since == into && bytes <= total)
            done.append(bytes)
        }
        #expect(done == done.sorted() && Set(done).count == 3)
        #expect(world.job(of: domain, at: hour + 601) == nil && world.job(of: domain, at: hour - 1) == nil)
    }

    @Test(arguments: [0, 1, 2, 1000]) func `hosts of any size`(count: Int) throws {
        let world = try host(Self.steps(.guestHung), domains: count)
        let names = Set(world.plan.domains.map(\.name))
        #expect(names.count == count)
        let numbers = world.plan.domains.map { world.number(of: $0, at: 700) }.filter { $0 > 0 }
        #expect(Set(numbers).count == numbers.count)
        #expect(world.plan.domains.filter { world.hangs($0, at: 700) }.map(\.index) == (count == 0 ? [] : [min(1, count - 1)]))
    }
}
