import CollectorConformance
import Testing

@Suite struct BackupJobSourceTests {
    private static let path = "/cluster/backup"
    private static let gapPath = "/cluster/backup-info/not-backed-up"

    private static func info(
        _ id: String, _ schedule: String = "", _ storage: String = "", _ mode: String = "",
        _ selection: String = ""
    )
        -> String
    {
        #"pve_backup_job_info{C,job_id="\#(id)",schedule="\#(schedule)",storage="\#(storage)",mode="\#(mode)",selection="\#(selection)"} 1"#
    }

    @Test func `every field is in its family`() async throws {
        let rows = #"""
            [{"id":"b","enabled":0,"schedule":"sat 18:15","storage":"nas","mode":"stop","pool":"prod","next-run":7},
            {"id":"a","schedule":"02:30","storage":"pbs","mode":"snapshot","all":1,"next-run":"1795138200"},
            {"id":"c","enabled":"1","vmid":"100,110"}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("backup_jobs", fake) { slow in
                let trial = try await slow.scrape(until: "pve_backup_job_info")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [
                        Self.info("a", "02:30", "pbs", "snapshot", "all"),
                        Self.info("b", "sat 18:15", "nas", "stop", "pool:prod"),
                        Self.info("c", "", "", "", "vmid:100,110"), #"pve_backup_job_enabled{C,job_id="a"} 1"#,
                        #"pve_backup_job_enabled{C,job_id="b"} 0"#, #"pve_backup_job_enabled{C,job_id="c"} 1"#,
                        #"pve_backup_job_next_run_timestamp_seconds{C,job_id="a"} 1795138200"#,
                    ])
            }
        }
    }

    @Test func `nothing but what a row cannot be without, and hostile rows`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows = #"""
            [{"id":"bare"},{"id":"bare","enabled":0},{"id":"\#(long)","schedule":"\#(long)","vmid":"\#(long)","next-run":1e300,"enabled":[]},
            {"id":"x\"} 1\n","schedule":5,"storage":[],"mode":{},"all":"maybe","pool":"a\"\\","next-run":"soon"},{},{"id":null},null,7,[]]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("backup_jobs", fake) { slow in
                let trial = try await slow.scrape(until: "pve_backup_job_info")
                #expect(trial.problems == [] && trial.slowLines.contains(Self.info("bare")))
                let jobs = trial.exposition.family("pve_backup_job_info")
                #expect(jobs.count == 3 && jobs.map { $0.label("selection")?.utf8.count } == [0, 13, 8])
                #expect(
                    jobs.last?.label("job_id") == "x\"} 1\n" && jobs.last?.label("selection") == "pool:a\"\\")
                #expect(trial.exposition.family("pve_backup_job_enabled").map(\.value) == [1, 1, 1])
                #expect(
                    trial.exposition.family("pve_backup_job_next_run_timestamp_seconds").map(\.value) == [
                        1e300
                    ])
            }
        }
    }

    // MARK: guests without

    @Test func `guests that no job covers`() async throws {
        let rows =
            #"[{"vmid":200,"name":"ct","type":"lxc"},{"vmid":"100","name":"web","type":"qemu"},{"vmid":100,"name":"again"}]"#
        try await FakeProxmox.serve(Lab.alone([Self.gapPath: rows])) { fake in
            try await SlowScrapes.run("backup_gaps", fake) { slow in
                let trial = try await slow.scrape(until: "pve_not_backed_up_info")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [
                        "pve_guests_not_backed_up{C} 2",
                        #"pve_not_backed_up_info{C,vmid="100",name="web",type="qemu"} 1"#,
                        #"pve_not_backed_up_info{C,vmid="200",name="ct",type="lxc"} 1"#,
                    ])
            }
        }
    }

    @Test func `none is a number, and a list that cannot be read whole is not counted`() async throws {
        try await FakeProxmox.serve(Lab.alone([Self.gapPath: "[]"])) { fake in
            try await SlowScrapes.run("backup_gaps", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guests_not_backed_up")
                #expect(trial.slowLines == ["pve_guests_not_backed_up{C} 0"])
            }
            let long = String(repeating: "n", count: 5_000_000)
            fake[Self.gapPath] = .data(
                #"[{"vmid":1,"name":"\#(long)","type":[]},{"vmid":-1},{"vmid":1e300},{},null,{"vmid":2,"name":"x\"} 1\n"}]"#
            )
            try await SlowScrapes.run("backup_gaps", fake) { slow in
                let trial = try await slow.scrape(until: "pve_not_backed_up_info")
                #expect(!trial.families.contains("pve_guests_not_backed_up"))
                #expect(
                    trial.exposition.family("pve_not_backed_up_info").map { $0.label("name")?.utf8.count }
                        == [8192, 6])
            }
        }
    }
}
