import Testing

@testable import Simulation

@Suite struct ReplicationTests {
    private func jobs(_ world: World, after seconds: Double, node: Int = 0) throws -> [Tree] {
        let answers = answers(world, after: seconds)
        return try rows(answers.replication(world.view(of: node, at: answers.moment), vmid: nil))
    }

    /// Keys and kinds, typed from answers that a real Proxmox VE 9.2 gave.
    @Test func `keys and kinds`() throws {
        let always: [String: String] = [
            "fail_count": "integer", "guest": "integer", "id": "string", "jobnum": "integer", "last_sync": "integer", "last_try": "integer",
            "next_sync": "integer", "schedule": "string", "source": "string", "target": "string", "type": "string", "vmtype": "string",
        ]
        let sometimes = [
            "comment": "string", "disable": "integer", "duration": "number", "error": "string", "pid": "integer", "rate": "integer",
        ]
        let world = try world(guests: 200)
        var seen: Set<String> = []
        for node in world.inventory.nodes {
            for row in try jobs(world, after: 1234, node: node.index) {
                #expect(row.keys.subtracting(sometimes.keys) == Set(always.keys))
                for key in row.keys { #expect(row[key]?.kind == always[key] ?? sometimes[key], "\(key)") }
                seen.formUnion(row.keys)
                let guest = try #require(row["guest"]?.integer)
                let owner = try #require(world.inventory.guest(vmid: guest))
                #expect(owner.node == node.index && row["source"] == .string(node.name) && row["target"] != row["source"])
                #expect(row["vmtype"] == .string(owner.kind.rawValue) && row["type"] == .string("local"))
                #expect(row["id"] == .string("\(guest)-\(row["jobnum"]?.integer ?? -1)"))
            }
        }
        #expect(seen.isSuperset(of: ["comment", "disable", "duration", "error", "rate"]))
    }

    @Test func `the first node has one job of each kind`() throws {
        let rows = try jobs(try world(), after: 40_000)
        #expect(rows.count { $0["error"] != nil } == 1 && rows.count { $0["disable"] != nil } == 1 && rows.count >= 4)
        #expect(rows.compactMap { $0["id"]?.string } == rows.compactMap { $0["id"]?.string }.sorted())
        let disabled = try #require(rows.first { $0["disable"]?.integer == 1 })
        #expect(disabled["last_sync"]?.integer == 0 && disabled["last_try"]?.integer == 0 && disabled["fail_count"]?.integer == 0)
        #expect(disabled["next_sync"]?.integer == 1800 && disabled["duration"] == nil)
    }

    @Test func `none without a cluster`() throws {
        let world = try world(nodes: 1, guests: 20)
        #expect(try jobs(world, after: 60).isEmpty)
    }

    @Test func `the status of one job is its row`() throws {
        let answers = answers(try world(), after: 777)
        let view = answers.world.view(of: 0, at: answers.moment)
        for row in try rows(answers.replication(view, vmid: nil)) {
            let id = try #require(row["id"]?.string)
            #expect(try Tree(try #require(answers.replicationStatus(id, view)))["data"] == row)
            #expect(answers.replicationStatus(id, answers.world.view(of: 1, at: answers.moment)) == nil)
            let ofGuest = try rows(answers.replication(view, vmid: row["guest"]?.integer))
            #expect(ofGuest.contains(row) && ofGuest.allSatisfy { $0["guest"] == row["guest"] })
        }
    }

    private func state(_ world: World, _ condition: ReplicationJob.Condition, after seconds: Double) throws -> ReplicationState {
        let job = try #require(
            world.inventory.replication[0].first { $0.condition == condition && $0.scheduleMinutes == (condition == .disabled ? 30 : 15) })
        return world.state(of: job, at: seconds)
    }

    /// The epoch of the tests is 800 seconds after a quarter of an hour.
    @Test func `a job that works keeps its schedule`() throws {
        let world = try world()
        let start = Int(epoch) / 900 * 900
        let idle = try state(world, .works, after: Double(start + 100) - epoch)
        #expect(idle.lastSync == start && idle.lastTry == start && idle.nextSync == start + 900 && idle.failCount == 0)
        #expect(idle.processID == nil && idle.error == nil && idle.durationSeconds ?? 0 > 1 && idle.durationSeconds ?? 99 <= 40)
        let later = try state(world, .works, after: Double(start + 899) - epoch)
        #expect(later == idle)
        let underWay = try state(world, .works, after: Double(start + 900) - epoch)
        #expect(underWay.lastSync == start && underWay.lastTry == start + 900 && underWay.processID != nil)
        #expect(underWay.durationSeconds == idle.durationSeconds)
        let next = try state(world, .works, after: Double(start + 1000) - epoch)
        #expect(next.lastSync == start + 900 && next.durationSeconds != idle.durationSeconds)
    }

    @Test func `a job that fails waits longer each time`() throws {
        let world = try world()
        let midnight = (Int(epoch) / 86_400 + 1) * 86_400
        let tries = [(900, 1, 1200), (1199, 1, 1200), (1200, 2, 1800), (1800, 3, 2700), (2700, 4, 4500), (4500, 5, 6300), (6299, 5, 6300)]
        for (after, count, next) in tries {
            let state = try state(world, .fails, after: Double(midnight + after) - epoch)
            #expect(state.failCount == count && state.nextSync == midnight + next && state.lastSync == midnight, "\(after)")
            #expect(state.error?.hasSuffix("failed: got timeout") == true && state.durationSeconds ?? 0 < 6)
        }
        let lucky = try state(world, .fails, after: Double(midnight + 600) - epoch)
        #expect(lucky.failCount == 0 && lucky.error == nil && lucky.lastSync == midnight)
    }

    @Test func `a target that is off lets it fail until it is back`() throws {
        let normal = try world()
        let job = try #require(normal.inventory.replication[0].first { $0.condition == .works && $0.scheduleMinutes == 15 })
        let target = normal.inventory.nodes[job.target].name
        // Off from 100 to 3000 seconds after the epoch; quarters of an hour are at 100, 1000, 1900 and 2800.
        let world = try world([Step(after: 101, scenario: .nodeDown, node: target), Step(after: 3000, scenario: .normal)])
        let state = { (seconds: Double) in world.state(of: job, at: seconds) }
        let start = Int(epoch) + 100
        #expect(state(999).lastSync == start && state(999).failCount == 0)
        for seconds in [1000.0, 1900, 2999] {
            #expect(state(seconds).lastSync == start && state(seconds).lastTry == start + 900 && state(seconds).failCount == 1)
            #expect(state(seconds).nextSync == 0 && state(seconds).error?.contains(target) == true)
        }
        // Back: at the next full minute, as the five minutes are long over.
        #expect(state(3010).failCount == 1 && state(3010).nextSync == start + 1200)
        let caughtUp = state(3200)
        #expect(caughtUp.failCount == 0 && caughtUp.error == nil && caughtUp.lastSync == Int(epoch) + 3040)
        #expect(state(3800).lastSync == start + 3600)
    }

    @Test func `a source that was off catches up`() throws {
        let job = try #require(try world().inventory.replication[0].first { $0.condition == .works && $0.scheduleMinutes == 15 })
        let world = try world([Step(after: 101, scenario: .nodeDown, node: "pve1"), Step(after: 2000, scenario: .normal)])
        #expect(world.state(of: job, at: 2010).lastSync == Int(epoch) + 100)
        #expect(world.state(of: job, at: 2200).lastSync == Int(epoch) + 2020)
    }
}
