import Testing

@testable import Simulation

/// Backup jobs, their runs, and the logs of these.
@Suite struct BackupTests {
    private func tasks(_ answers: ProxmoxAnswers, _ node: Int, _ query: [(name: String, value: String)] = []) throws -> [Tree] {
        let view = answers.world.view(of: node, at: answers.moment)
        return try rows(answers.nodeTasks(view, try TaskFilter([("typefilter", "vzdump"), ("limit", "1000")] + query)))
    }

    private func log(_ answers: ProxmoxAnswers, _ node: Int, _ upid: String, start: Int = 0, limit: Int = 0) throws -> (
        lines: [String], total: Int
    ) {
        let view = answers.world.view(of: node, at: answers.moment)
        let bytes = try #require(answers.taskLog(upid, view, start: start, limit: limit))
        let tree = try Tree(bytes)
        let rows = try #require(tree["data"]).elements
        for (offset, row) in rows.enumerated() { #expect(row.keys == ["n", "t"] && row["n"]?.integer == start + offset + 1) }
        return (rows.compactMap { $0["t"]?.string }, try #require(tree["total"]?.integer))
    }

    @Test(arguments: [100, 1000]) func `each guest that is not left out is in the job of the night`(count: Int) throws {
        let inventory = Inventory(seed: 3, nodeCount: 3, guestCount: count, cluster: "lab")
        let daily = try #require(inventory.backupJobs.first)
        #expect(Set(daily.guests).isDisjoint(with: inventory.notBackedUp))
        #expect(daily.guests.count + inventory.notBackedUp.count == count)
        #expect(daily.guestsByNode.enumerated().allSatisfy { node, guests in guests.allSatisfy { inventory.guests[$0].node == node } })
        let job = try #require(
            try rows(answers(World(inventory: inventory, timeline: Timeline(epoch: epoch)), after: 5).backupJobs()).first)
        // A long list says whom it leaves out.
        #expect(
            job["all"]?.integer == (count > 500 ? 1 : nil) && (job["exclude"] != nil) == (count > 500)
                && (job["vmid"] != nil) == (count <= 500))
    }

    @Test func `the next run is the next half past two here`() throws {
        // 1790000000 is a Monday, 13:13:20 UTC.
        let jobs = try rows(answers(try world(), after: 0).backupJobs())
        let next = jobs.compactMap { $0["next-run"]?.integer }.map { LocalTime(unixSeconds: $0) }
        #expect(next.map { $0.text.suffix(8) } == ["02:30:00", "18:15:00", "01:00:00"])
        #expect(next.map(\.weekday) == [2, 6, 0] && jobs.map { $0["enabled"]?.integer } == [1, 1, 0])
    }

    @Test func `each covered guest has a finished backup of last night in the log of its node`() throws {
        let answers = answers(try world(), after: 100_000)
        let inventory = answers.inventory
        var found: Set<Int> = []
        for node in inventory.nodes.indices {
            let batches = try tasks(answers, node).filter { $0["id"] == .string("") }
            #expect(batches.count >= 14 && batches.allSatisfy { ["OK", "WARNINGS: 1", "job errors"].contains($0["status"]?.string) })
            let upid = try #require(batches.first?["upid"]?.string)
            for line in try log(answers, node, upid).lines where line.hasPrefix("INFO: Starting Backup of VM ") {
                found.insert(try #require(Int(line.dropFirst("INFO: Starting Backup of VM ".count).prefix { $0 != " " })))
            }
        }
        #expect(found == Set((inventory.backupJobs.first?.guests ?? []).map { inventory.guests[$0].vmid }))
    }

    @Test func `a log says what happened and when`() throws {
        let answers = answers(try world(), after: 100_000)
        var outcomes: Set<String> = []
        for node in 0..<4 {
            for task in try tasks(answers, node, [("source", "archive")]) {
                let (lines, total) = try log(answers, node, try #require(task["upid"]?.string))
                #expect(lines.count == total && lines.first?.hasPrefix("INFO: starting new backup job: vzdump ") == true)
                let isBatch = task["id"] == .string("")
                #expect(lines.first?.contains("--job-id ") == isBatch)
                let begins = lines.filter { $0.hasPrefix("INFO: Backup started at ") }
                let (ends, failures) = (
                    lines.filter { $0.hasPrefix("INFO: Backup finished at ") }, lines.filter { $0.hasPrefix("INFO: Failed at ") }
                )
                #expect(begins.count == ends.count + failures.count && !begins.isEmpty)
                #expect(lines.count { $0.hasPrefix("ERROR: Backup of VM ") } == failures.count)
                let status = try #require(task["status"]?.string)
                outcomes.insert(status)
                #expect(failures.count == (status == "job errors" ? 1 : 0))
                #expect(lines.last == (status == "OK" ? "TASK OK" : status == "job errors" ? "TASK ERROR: job errors" : "TASK WARNINGS: 1"))
                let start = LocalTime(unixSeconds: try #require(task["starttime"]?.integer)).text
                #expect(begins.first == "INFO: Backup started at \(start)")
                let end = LocalTime(unixSeconds: try #require(task["endtime"]?.integer) - (isBatch ? 1 : 0)).text
                #expect(lines.last { $0.contains(" at 20") }?.hasSuffix(end) == true)
            }
        }
        #expect(outcomes == ["OK", "job errors", "WARNINGS: 1"])
    }

    @Test func `a page of a log is a part of the whole`() throws {
        let answers = answers(try world(guests: 300), after: 100_000)
        let upid = try #require(try tasks(answers, 1).first { $0["id"] == .string("") }?["upid"]?.string)
        let whole = try log(answers, 1, upid)
        for (start, limit) in [(0, 50), (17, 1), (50, 50), (whole.total - 3, 50), (whole.total + 5, 50)] {
            let page = try log(answers, 1, upid, start: start, limit: limit)
            #expect(page.lines == Array(whole.lines.dropFirst(start).prefix(limit)) && page.total == whole.total)
        }
    }

    @Test func `a run that is under way has written what it has done`() throws {
        let world = try world()
        let scheduled = try #require(world.inventory.backupJobs.first).nextRun(after: Int(epoch))
        var counts: [Int] = []
        for seconds in [5, 200, 400, 10_000] {
            let answers = answers(world, after: Double(scheduled + seconds) - epoch)
            let task = try #require(try tasks(answers, 0, [("source", "all")]).first { $0["id"] == .string("") })
            let upid = try #require(task["upid"]?.string)
            let (lines, total) = try log(answers, 0, upid)
            #expect(lines.count == total && (lines.last?.hasPrefix("TASK ") == true) == (seconds == 10_000))
            #expect((task["endtime"] == nil) == (seconds < 10_000) && (task["status"] == nil) == (seconds < 10_000))
            let view = world.view(of: 0, at: answers.moment)
            let status = try #require(try Tree(answers.taskStatus(upid, view) ?? [])["data"])
            #expect(
                status["status"] == .string(seconds < 10_000 ? "running" : "stopped") && (status["exitstatus"] == nil) == (seconds < 10_000)
            )
            counts.append(total)
        }
        #expect(counts == counts.sorted() && Set(counts).count == 4)
    }

    @Test func `filters find runs`() throws {
        let answers = answers(try world(), after: 100_000)
        let all = try tasks(answers, 2)
        let middle = try #require(all[all.count / 2]["starttime"]?.integer)
        #expect(try tasks(answers, 2, [("since", "\(middle)")]) == all.filter { $0["starttime"]?.integer ?? 0 >= middle })
        #expect(try tasks(answers, 2, [("until", "\(middle)")]) == all.filter { $0["starttime"]?.integer ?? 0 <= middle })
        let byHand = try #require(all.first { $0["id"] != .string("") }?["id"]?.string)
        #expect(try tasks(answers, 2, [("vmid", byHand)]) == all.filter { $0["id"] == .string(byHand) })
        #expect(try tasks(answers, 2, [("start", "3"), ("limit", "2")]) == Array(all.dropFirst(3).prefix(2)))
        #expect(try tasks(answers, 2, [("errors", "1")]) == all.filter { $0["status"] != .string("OK") })
        // What an outage cut off left no trace.
        let down = try world([Step(after: 50_000, scenario: .nodeDown, node: "pve3"), Step(after: 52_000, scenario: .normal)])
        let left = try tasks(Simulation.ProxmoxAnswers(world: down, unixSeconds: epoch + 100_000), 2)
        #expect(!left.contains { (50_000..<52_000).contains(($0["starttime"]?.integer ?? 0) - Int(epoch)) } && left.count < all.count)
    }

    @Test func `tasks of another node are not known`() throws {
        let answers = answers(try world(), after: 100_000)
        let upid = try #require(try tasks(answers, 1).first?["upid"]?.string)
        for name in [upid, "UPID:pve1:0:0:0:vzdump::root@pam:", "", "UPID:pve1:x:x:FFFFFFFFFFFFFFFF:a:b:c:", "UPID:pve1:x:x:-5:a:b:c:"] {
            #expect(answers.taskLog(name, answers.world.view(of: 0, at: answers.moment), start: 0, limit: 50) == nil)
        }
    }
}
