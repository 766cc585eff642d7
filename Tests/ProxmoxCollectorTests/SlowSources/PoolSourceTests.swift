import CollectorConformance
import Testing

@Suite struct PoolSourceTests {
    private static let list = "/nodes/pve1/disks/zfs"
    private static let time = "/nodes/pve1/time"

    private static func detail(scan: String = "none requested") -> String {
        #"""
        {"name":"tank","scan":"\#(scan)","errors":"106 data errors, use '-v' for a list","children":[{"name":"tank","state":"DEGRADED","read":9,
        "children":[{"name":"mirror-0","state":"DEGRADED","read":111,"write":112,"cksum":113,"children":[
        {"name":"/dev/disk/by-id/ata-A-part1","state":"ONLINE","read":114,"write":115,"cksum":116}]}]}]}
        """#
    }

    private static let scrubbed = "scrub repaired 0B in 01:02:03 with 107 errors on Sun Nov 15 01:26:04 2026"

    @Test func `every field is in its family`() async throws {
        let table = [
            Self.list: #"[{"name":"tank","health":"DEGRADED","size":101,"alloc":102,"free":103,"frag":104,"dedup":1.05}]"#,
            "/nodes/pve1/disks/zfs/tank": Self.detail(scan: Self.scrubbed),
            Self.time: #"{"time":1000000,"localtime":1003600,"timezone":"Europe/Berlin"}"#,
        ]
        let states = ["ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "REMOVED", "UNAVAIL", "SUSPENDED"].map {
            #"pve_zfs_pool_state{N,pool="tank",state="\#($0)"} \#($0 == "DEGRADED" ? 1 : 0)"#
        }
        try await FakeProxmox.serve(Lab.alone(table)) { fake in
            try await SlowScrapes.run("zfs", fake) { slow in
                let trial = try await slow.scrape(until: "pve_zfs_pool_size_bytes")
                #expect(trial.problems == [])
                let first = [
                    "health_status{P} 0", "size_bytes{P} 101", "alloc_bytes{P} 102", "free_bytes{P} 103", "frag_percent{P} 104",
                    "dedup_ratio{P} 1.05",
                ]
                let errors = [
                    #"{P,vdev="mirror-0",kind="read"} 111"#, #"{P,vdev="mirror-0",kind="write"} 112"#,
                    #"{P,vdev="mirror-0",kind="checksum"} 113"#,
                    #"{P,vdev="ata-A-part1",kind="read"} 114"#, #"{P,vdev="ata-A-part1",kind="write"} 115"#,
                    #"{P,vdev="ata-A-part1",kind="checksum"} 116"#,
                ]
                let last = [
                    "data_errors{P} 106", "last_scrub_timestamp_seconds{P} 1794702364", "last_scrub_errors{P} 107", "scrub_running{P} 0",
                    "resilver_running{P} 0",
                ]
                var expected = first.map { "pve_zfs_pool_" + $0 } + states + errors.map { "pve_zfs_vdev_errors_total" + $0 }
                expected += [#"pve_zfs_vdev_online{P,vdev="mirror-0"} 0"#, #"pve_zfs_vdev_online{P,vdev="ata-A-part1"} 1"#]
                expected += last.map { "pve_zfs_pool_" + $0 }
                #expect(trial.slowLines.map(Self.short).sorted() == expected.map(Self.short).sorted())
            }
        }
    }

    private static func short(_ line: String) -> String { line.replacing(#"N,pool="tank""#, with: "P") }

    @Test func `a scan that runs`() async throws {
        let scan =
            #"scrub in progress since Sun Nov 15 00:24:01 2026\n\t1.23T scanned at 1G/s\n\t0B repaired, 12.50% done, 0 days 03:04:05 to go"#
        let table = [Self.list: #"[{"name":"tank"}]"#, "/nodes/pve1/disks/zfs/tank": #"{"scan":"\#(scan)"}"#]
        try await FakeProxmox.serve(Lab.alone(table)) { fake in
            try await SlowScrapes.run("zfs", fake) { slow in
                let trial = try await slow.scrape(until: "pve_zfs_pool_scrub_running")
                #expect(
                    trial.slowLines.map(Self.short) == [
                        "pve_zfs_pool_scrub_running{P} 1", "pve_zfs_pool_resilver_running{P} 0",
                        "pve_zfs_pool_scan_progress_ratio{P} 0.125",
                    ])
            }
        }
    }

    @Test func `without the node's clock its times are taken for UTC, and a pool that fails loses its own detail only`() async throws {
        let table = [
            Self.list: #"[{"name":"a","size":1},{"name":"b","size":2},{"name":"tank","size":3}]"#,
            "/nodes/pve1/disks/zfs/a": #"{"scan":"\#(Self.scrubbed)"}"#, "/nodes/pve1/disks/zfs/tank": #"{"scan":"\#(Self.scrubbed)"}"#,
        ]
        try await FakeProxmox.serve(Lab.alone(table)) { fake in
            fake["/nodes/pve1/disks/zfs/b"] = .refusal(500, "zpool failed")
            fake[Self.time] = .refusal(500, "timedatectl failed")
            try await SlowScrapes.run("zfs", fake) { slow in
                let trial = try await slow.scrape(until: "pve_zfs_pool_size_bytes")
                #expect(trial.problems == [] && trial.exposition.family("pve_zfs_pool_size_bytes").map(\.value) == [1, 2, 3])
                let scrubs = trial.exposition.family("pve_zfs_pool_last_scrub_timestamp_seconds")
                #expect(scrubs.map { $0.label("pool") } == ["a", "tank"] && scrubs.map(\.value) == [1_794_705_964, 1_794_705_964])
                #expect(fake.takeCalls().count { $0 == Self.time } == 1)
            }
        }
    }

    @Test func `a node without pools is not asked for more`() async throws {
        try await FakeProxmox.serve(Lab.alone([Self.list: "[]"])) { fake in
            try await SlowScrapes.run("zfs", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [] && !fake.takeCalls().contains(Self.time))
            }
        }
    }

    @Test(arguments: [
        "{}", #"{"leaf":1,"name":null}"#, #"{"scan":"","errors":null,"children":[{"children":[{"name":"a"}]}]}"#, "null", "[]",
    ])
    func `nothing is written of what is not said`(detail: String) async throws {
        let table = [Self.list: #"[{"name":"tank","health":null,"frag":"-"},{},null]"#, "/nodes/pve1/disks/zfs/tank": detail]
        try await FakeProxmox.serve(Lab.alone(table)) { fake in
            try await SlowScrapes.run("zfs", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [])
            }
        }
    }

    @Test func `hostile pools`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let vdevs = #"{"name":"\#(long)","state":"\\\"","read":1e300},{"name":"/dev/","state":5,"read":-1,"write":"1e999","cksum":[]}"#
        let table = [
            Self.list:
                #"[{"name":"../x","size":-1e300,"alloc":"x","health":"x\"} 1\n"},{"name":"\#(long)","size":1},{"name":["a"]},{"name":"../x"}]"#,
            "/nodes/pve1/disks/zfs/../x": #"{"scan":"\#(long)","errors":[],"children":[{"children":[\#(vdevs)]}]}"#,
            Self.time: #"{"time":-1e308,"localtime":1e308}"#,
        ]
        try await FakeProxmox.serve(Lab.alone(table)) { fake in
            try await SlowScrapes.run("zfs", fake) { slow in
                let trial = try await slow.scrape(until: "pve_zfs_pool_size_bytes")
                #expect(trial.problems == [] && trial.exposition.family("pve_zfs_pool_size_bytes").map(\.value) == [-1e300, 1])
                #expect(trial.exposition.family("pve_zfs_vdev_errors_total").map(\.value) == [1e300])
                #expect(trial.exposition.family("pve_zfs_vdev_online").map(\.value) == [0, 0])
                #expect(trial.exposition.family("pve_zfs_pool_state").map(\.value) == [0, 0, 0, 0, 0, 0, 0, 1])
            }
        }
    }

    @Test func `no more than sixty-four pools are asked for in detail`() async throws {
        let rows = (100..<200).map { #"{"name":"p\#($0)","size":1}"# }
        try await FakeProxmox.serve(Lab.alone([Self.list: Lab.rows(rows)])) { fake in
            try await SlowScrapes.run("zfs", fake) { slow in
                let trial = try await slow.scrape(until: "pve_zfs_pool_size_bytes")
                #expect(trial.exposition.family("pve_zfs_pool_size_bytes").count == 100)
                #expect(fake.takeCalls().count { $0.hasPrefix(Self.list + "/") } == 64)
            }
        }
    }
}
