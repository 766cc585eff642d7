import CollectorConformance
import Testing

@Suite struct ReplicationSourceTests {
    private static let path = "/nodes/pve1/replication"

    private static func line(
        _ family: String, _ job: String, _ value: String, vmid: Int = 100, target: String = "pve2"
    ) -> String {
        #"pve_replication_\#(family){N,vmid="\#(vmid)",job_id="\#(job)",target="\#(target)"} \#(value)"#
    }

    @Test func `every field is in its family`() async throws {
        let rows = #"""
            [{"id":"100-1","guest":100,"target":"pve2","disable":1,"last_sync":21,"last_try":22,"next_sync":23,"fail_count":0,"duration":25},
            {"id":"100-0","guest":100,"target":"pve2","last_sync":11,"last_try":12,"next_sync":13,"fail_count":14,"duration":15.5,"error":"x"}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("replication", fake) { slow in
                let trial = try await slow.scrape(until: "pve_replication_enabled")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [
                        Self.line("last_sync_timestamp", "100-0", "11"),
                        Self.line("last_sync_timestamp", "100-1", "21"),
                        Self.line("last_sync_timestamp_seconds", "100-0", "11"),
                        Self.line("last_sync_timestamp_seconds", "100-1", "21"),
                        Self.line("last_try_timestamp_seconds", "100-0", "12"),
                        Self.line("last_try_timestamp_seconds", "100-1", "22"),
                        Self.line("next_sync_timestamp_seconds", "100-0", "13"),
                        Self.line("failed_syncs", "100-0", "14"),
                        Self.line("failed_syncs", "100-1", "0"),
                        Self.line("last_duration_seconds", "100-0", "15.5"),
                        Self.line("last_duration_seconds", "100-1", "25"), Self.line("status", "100-0", "0"),
                        Self.line("enabled", "100-0", "1"), Self.line("enabled", "100-1", "0"),
                    ])
            }
        }
    }

    @Test(
        arguments: [
            (#""fail_count":0"#, "1"), (#""fail_count":"0","error":"""#, "1"),
            (#""fail_count":0,"error":"x""#, "0"), (#""fail_count":1"#, "0"),
            (#""error":"x""#, nil), (#""fail_count":null"#, nil), (#""fail_count":0,"disable":1"#, nil),
            (#""fail_count":0,"disable":0"#, "1"),
        ] as [(String, String?)])
    func `a job is well, is not, or nobody knows`(members: String, status: String?) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: #"[{"id":"1-0","guest":1,\#(members)}]"#])) {
            fake in
            try await SlowScrapes.run("replication", fake) { slow in
                let trial = try await slow.scrape(until: "pve_replication_enabled")
                #expect(
                    trial.lines("pve_replication_status")
                        == (status.map { [Self.line("status", "1-0", $0, vmid: 1, target: "")] } ?? []))
            }
        }
    }

    @Test func `what never was is absent, and a row that names no job is left out`() async throws {
        let rows =
            #"[{"id":"1-0","guest":1,"last_sync":0,"last_try":0,"next_sync":0},{"id":"2-0"},{"guest":3},{},null,5,[]]"#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("replication", fake) { slow in
                let trial = try await slow.scrape(until: "pve_replication_enabled")
                #expect(trial.slowLines == [Self.line("enabled", "1-0", "1", vmid: 1, target: "")])
            }
        }
    }

    @Test func `hostile rows`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows = #"""
            [{"id":"x\"} 1\n","guest":1,"target":"\#(long)","last_sync":1e300,"fail_count":-1e300,"duration":"x","error":[]},
            {"id":"x\"} 1\n","guest":2,"target":"again"},{"id":"\#(long)","guest":"7","target":{},"next_sync":[],"disable":"maybe"},
            {"id":"a","guest":1e300},{"id":[],"guest":1}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("replication", fake) { slow in
                let trial = try await slow.scrape(until: "pve_replication_enabled")
                #expect(
                    trial.problems == []
                        && trial.exposition.family("pve_replication_last_sync_timestamp").map(\.value) == [
                            1e300
                        ])
                let jobs = trial.exposition.family("pve_replication_enabled")
                #expect(
                    jobs.map { $0.label("vmid") } == ["7", "1"]
                        && jobs.compactMap { $0.label("job_id")?.utf8.count } == [8192, 6])
            }
        }
    }
}
