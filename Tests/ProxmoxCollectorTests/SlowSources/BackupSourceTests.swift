import CollectorConformance
import Primitives
import Testing

@Suite struct BackupSourceTests {
    /// A day ago, at full seconds: tasks are as old as their node says, and nothing here depends on how long ago that is.
    private static let begin = (WallClock.system.unixSeconds - 86_400).rounded(.down)

    private static func upid(_ number: Int, on node: String) -> String {
        "UPID:\(node):0000000\(number):0:0:vzdump:\(number):root@pam:"
    }

    private static func task(
        _ number: Int, on node: String = "pve1", id: String, from start: Double, to end: Double?,
        status: String = "OK"
    ) -> String {
        let ending = end.map { #","endtime":\#(Int(begin + $0)),"status":"\#(status)""# } ?? ""
        return
            #"{"upid":"\#(upid(number, on: node))","id":"\#(id)","starttime":\#(Int(begin + start))\#(ending)}"#
    }

    private static func tasks(_ node: String) -> String { "/nodes/\(node)/tasks" }

    private static func log(_ number: Int, on node: String = "pve1") -> String {
        "/nodes/\(node)/tasks/\(upid(number, on: node))/log"
    }

    private static func log(_ lines: [String]) -> String {
        Lab.rows(lines.enumerated().map { #"{"n":\#($0 + 1),"t":"\#($1)"}"# })
    }

    private static func local(_ seconds: Double) -> String {
        String(timestampText(begin + seconds).prefix(19)).replacing("T", with: " ")
    }

    private static let none = [tasks("pve1"): "[]", tasks("pve2"): "[]"]

    private static func lines(_ trial: Trial) -> [String] {
        trial.lines("pve_vm_last", "pve_lxc_last", "pve_guest_last", "pve_backup_job_last").map {
            var line = $0
            for seconds in 0..<200 {
                line = line.replacing(" \(Int(begin) + seconds)", with: " +\(seconds)")
            }
            return line
        }
    }

    @Test func `every field is in its family`() async throws {
        let job = [
            "INFO: starting new backup job: vzdump 100 200 --job-id nightly --mode snapshot",
            "INFO: Starting Backup of VM 100 (qemu)",
            "INFO: Backup started at \(Self.local(50))", "INFO: Finished Backup of VM 100 (00:00:13)",
            "INFO: Backup finished at \(Self.local(63))", "INFO: Starting Backup of VM 200 (lxc)",
            "INFO: Backup started at \(Self.local(64))",
            "ERROR: Backup of VM 200 failed - no space", "INFO: Failed at \(Self.local(70))",
        ]
        let answers = [
            Self.tasks("pve1"): Lab.rows([
                Self.task(1, id: "200", from: 10, to: 19, status: "WARNINGS: 2"),
                Self.task(3, id: "100", from: 100, to: nil),
                Self.task(2, id: "", from: 50, to: 71, status: "job errors"),
            ]), Self.log(1): Self.log(["INFO: starting new backup job: vzdump 200"]),
            Self.log(2): Self.log(job),
            Self.tasks("pve2"): "[]",
        ]
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("backups", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_last_backup_success")
                #expect(trial.problems == [])
                #expect(
                    Self.lines(trial) == [
                        "pve_vm_last_backup_timestamp{G} +63", "pve_lxc_last_backup_timestamp{L} +19",
                        "pve_guest_last_backup_timestamp_seconds{G} +63",
                        "pve_guest_last_backup_timestamp_seconds{L} +19",
                        "pve_guest_last_backup_duration_seconds{G} 13",
                        "pve_guest_last_backup_duration_seconds{L} 9",
                        "pve_guest_last_backup_success{G} 1", "pve_guest_last_backup_success{L} 0",
                        #"pve_backup_job_last_run_success{C,job_id="nightly"} 0"#,
                        #"pve_backup_job_last_run_timestamp_seconds{C,job_id="nightly"} +71"#,
                    ])
            }
        }
    }

    @Test
    func
        `a guest that was only ever badly backed up has no backup, and one that never was has nothing`()
        async throws
    {
        var answers = Self.none
        answers[Self.tasks("pve1")] = Lab.rows([
            Self.task(1, id: "100", from: 0, to: 5, status: "job errors")
        ])
        answers[Self.log(1)] = "[]"
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("backups", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_last_backup_success")
                #expect(trial.problems == [] && Self.lines(trial) == ["pve_guest_last_backup_success{G} 0"])
            }
        }
    }

    @Test
    func
        `a guest that moves keeps its backup, and so do guests of a node that is off, and those that it backed up`()
        async throws
    {
        var answers = Self.none
        answers[Self.tasks("pve1")] = Lab.rows([Self.task(1, id: "100", from: 0, to: 5)])
        answers[Self.log(1)] = Self.log(["INFO: starting new backup job: vzdump 100"])
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("backups", fake) { slow in
                let trial = try await slow.scrape(until: "pve_vm_last_backup_timestamp")
                #expect(
                    trial.exposition.family("pve_vm_last_backup_timestamp").map { $0.label("node") } == [
                        "pve1"
                    ])
                fake.set(Lab.guests(on: "pve2", answers))
                let moved = try await slow.scrape()
                #expect(
                    moved.exposition.family("pve_vm_last_backup_timestamp").map { $0.label("node") } == [
                        "pve2"
                    ])
                // The node that made it is gone.
                var table = Lab.guests(on: "pve2", answers)
                table["/cluster/status"] = Lab.rows([
                    Lab.cluster(), Lab.member("pve1", online: 0), Lab.member("pve2"),
                ])
                fake.set(table)
                for _ in 0..<3 {
                    let off = try await slow.scrape()
                    #expect(
                        off.exposition.family("pve_vm_last_backup_timestamp").map { $0.label("node") } == [
                            "pve2"
                        ])
                }
                // Now the guest is where nobody answers.
                table["/cluster/status"] = Lab.rows([
                    Lab.cluster(), Lab.member("pve1"), Lab.member("pve2", online: 0),
                ])
                fake.set(table)
                let lost = try await slow.scrape()
                #expect(lost.exposition.family("pve_vm_last_backup_timestamp").map { $0.label("node") } == ["pve2"])
                #expect(lost.exposition.family("pve_vm_status").isEmpty && lost.problems == [])
                fake.set(Lab.guests(on: "pve2", answers))
                #expect(
                    try await slow.scrape().exposition.family("pve_vm_last_backup_timestamp").count == 1)
                // A node that is no member any more takes its tasks along.
                table["/cluster/status"] = Lab.rows([Lab.cluster(), Lab.member("pve2")])
                fake.set(table)
                #expect(try await slow.scrape().exposition.family("pve_vm_last_backup_timestamp").isEmpty)
            }
        }
    }

    @Test func `a cluster that says nothing for a while is not asked about its past again`()
        async throws
    {
        let hand = HandClock()
        var answers = Self.none
        answers[Self.tasks("pve1")] = Lab.rows([Self.task(1, id: "100", from: 0, to: 5)])
        answers[Self.log(1)] = Self.log(["INFO: starting new backup job: vzdump 100"])
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run(["backups"], fake, clock: hand.clock) { slow in
                _ = try await slow.scrape(until: "pve_vm_last_backup_timestamp")
                try await slow.rest()
                _ = fake.takeCalls()
                for everything in [FakeProxmox.Answer.refusal(500, "down"), .drop, .data("null")] {
                    fake.everything = everything
                    #expect(try await slow.scrape().exposition.family("pve_vm_last_backup_timestamp").isEmpty)
                    #expect(try await slow.own("martlet_proxmox_source_age_seconds").isEmpty)
                }
                fake.everything = nil
                #expect(
                    try await slow.scrape().exposition.family("pve_vm_last_backup_timestamp").count == 1)
                try await slow.rest()
                #expect(!fake.takeCalls().contains { $0.contains("/tasks") })
                // Later on only what is new is asked for, and a task is taken once.
                try await slow.advance(hand, 340)
                _ = try await slow.scrape()
                try await slow.rest()
                let calls = fake.takeCalls().filter { $0.contains("/tasks") }
                #expect(calls.count == 2 && !calls.contains { $0.contains("/log") })
            }
        }
    }

    @Test func `a task that was not asked for is not taken, and one that is listed again and again is taken once`() async throws {
        let hand = HandClock()
        var answers = Self.none
        let old = -60 * 86_400.0
        answers[Self.tasks("pve1")] = Lab.rows([
            Self.task(1, id: "100", from: 0, to: 5), Self.task(2, id: "200", from: old, to: old + 5),
        ])
        for number in 1...2 { answers[Self.log(number)] = Self.log(["INFO: starting new backup job: vzdump 100"]) }
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run(["backups"], fake, clock: hand.clock) { slow in
                let first = try await slow.scrape(until: "pve_vm_last_backup_timestamp")
                #expect(first.exposition.family("pve_lxc_last_backup_timestamp").isEmpty)
                for _ in 0..<3 {
                    _ = fake.takeCalls()
                    try await slow.advance(hand, 340)
                    _ = try await slow.scrape()
                    try await slow.rest()
                    let calls = fake.takeCalls()
                    #expect(calls.contains { $0.contains("/tasks?") } && !calls.contains { $0.contains("/log") })
                }
            }
        }
    }

    @Test func `many logs are read in turns, the newest first`() async throws {
        let hand = HandClock()
        var answers = Self.none
        answers[Self.tasks("pve1")] = Lab.rows(
            (0..<40).map { Self.task($0, id: "100", from: Double($0), to: Double($0) + 0.5) })
        for number in 0..<40 {
            answers[Self.log(number)] = Self.log([
                "INFO: starting new backup job: vzdump --job-id j\(number)"
            ])
        }
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run(["backups"], fake, clock: hand.clock) { slow in
                let trial = try await slow.scrape(until: "pve_backup_job_last_run_success")
                #expect(
                    Set(
                        trial.exposition.family("pve_backup_job_last_run_success").compactMap {
                            $0.label("job_id")
                        })
                        == Set((24..<40).map { "j\($0)" }))
                for count in [32, 40] {
                    // It rests first, and only then takes the time from which on it waits.
                    _ = try await slow.scrape {
                        hand.advance(1)
                        return $0.exposition.family("pve_backup_job_last_run_success").count == count
                    }
                }
                _ = fake.takeCalls()
                try await slow.advance(hand, 6)
                _ = try await slow.scrape()
                try await slow.rest()
                #expect(!fake.takeCalls().contains { $0.contains("/tasks") })
            }
        }
    }

    @Test func `a node that does not answer about its logs is asked for them again`() async throws {
        let hand = HandClock()
        var answers = Self.none
        answers[Self.tasks("pve1")] = Lab.rows(
            (0..<5).map { Self.task($0, id: "", from: Double($0), to: Double($0) + 0.5) })
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            for number in 0..<5 { fake[Self.log(number)] = .refusal(595, "no route to host") }
            try await SlowScrapes.run(["backups"], fake, clock: hand.clock) { slow in
                let trial = try await slow.scrape { !$0.problems.isEmpty }
                #expect(trial.reasons == ["lab/pve1/backups: unreachable"])
                #expect(fake.takeCalls().count { $0.contains("/log") } == 1)
                for number in 0..<5 {
                    fake[Self.log(number)] = .data(
                        Self.log([
                            "INFO: Starting Backup of VM 100 (qemu)",
                            "INFO: Backup started at \(Self.local(Double(number)))",
                            "INFO: Finished Backup of VM 100 (00:00:01)",
                        ]))
                }
                try await slow.advance(hand, 30)
                let again = try await slow.scrape(until: "pve_vm_last_backup_timestamp")
                #expect(
                    again.problems == [] && Self.lines(again).contains("pve_vm_last_backup_timestamp{G} +5"))
            }
        }
    }

    @Test func `a log that cannot be read takes nothing else along`() async throws {
        var answers = Self.none
        answers[Self.tasks("pve1")] = Lab.rows([
            Self.task(1, id: "100", from: 0, to: 5), Self.task(2, id: "200", from: 10, to: 15),
            Self.task(3, id: "", from: 20, to: 25),
        ])
        answers[Self.log(1)] = Self.log(["INFO: starting new backup job: vzdump --job-id first"])
        answers[Self.log(2)] = "{}"
        answers[Self.log(3)] = "[5,null,{},[],{\"t\":[]}]"
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("backups", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_last_backup_success")
                #expect(
                    trial.problems == []
                        && trial.exposition.family("pve_guest_last_backup_success").count == 2)
                #expect(
                    trial.exposition.family("pve_backup_job_last_run_success").map { $0.label("job_id") } == [
                        "first"
                    ])
            }
        }
    }

    @Test func `hostile tasks`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let start = Int(Self.begin)
        var answers = Self.none
        answers[Self.tasks("pve1")] = #"""
            [{"upid":"\#(long)","starttime":1},{"upid":"UPID:x\"} 1\n","starttime":-1e300,"endtime":1e300,"id":"100","status":"\#(long)"},
            {"upid":"UPID:a","starttime":1e300,"endtime":1e300,"id":1e300,"status":[]},{"upid":"UPID:b","starttime":\#(start),"endtime":3,"id":"200",
            "status":"OK"},{"upid":"UPID:c","starttime":\#(start),"endtime":\#(start + 1),"id":"100","status":"\#(long)"},null,5,[],{}]
            """#
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            fake["/nodes/pve1/tasks/UPID:b/log"] = .data(
                #"[{"t":"INFO: starting new backup job: vzdump --job-id \#(long)"}]"#)
            try await SlowScrapes.run("backups", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_last_backup_success")
                #expect(trial.problems == [])
                #expect(
                    trial.lines("pve_lxc_last", "pve_guest_last") == [
                        "pve_lxc_last_backup_timestamp{L} 3", "pve_guest_last_backup_timestamp_seconds{L} 3",
                        "pve_guest_last_backup_duration_seconds{L} 0", "pve_guest_last_backup_success{G} 0",
                        "pve_guest_last_backup_success{L} 1",
                    ])
            }
        }
    }
}
