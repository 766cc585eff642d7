import CollectorConformance
import Testing

@Suite struct SnapshotSourceTests {
    private static let machine = "/nodes/pve1/qemu/100/snapshot"
    private static let container = "/nodes/pve1/lxc/200/snapshot"

    private static func lines(_ trial: Trial) -> [String] {
        trial.lines("pve_guest_snapshots", "pve_guest_oldest", "pve_guest_newest")
    }

    @Test func `every field is in its family`() async throws {
        let machine =
            #"[{"name":"b","snaptime":"30"},{"name":"current","snaptime":99},{"name":"a","snaptime":10},{"name":"c"}]"#
        let answers = [Self.machine: machine, Self.container: #"[{"name":"current","parent":"x"}]"#]
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("snapshots", fake) { slow in
                let trial = try await slow.scrape { $0.exposition.family("pve_guest_snapshots").count == 2 }
                #expect(trial.problems == [])
                #expect(
                    Self.lines(trial) == [
                        "pve_guest_snapshots{G} 3", "pve_guest_snapshots{L} 0",
                        "pve_guest_oldest_snapshot_timestamp_seconds{G} 10",
                        "pve_guest_newest_snapshot_timestamp_seconds{G} 30",
                    ])
            }
        }
    }

    @Test func `hostile rows`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let machine =
            #"[{"name":"\#(long)","snaptime":"\#(long)"},{"name":[],"snaptime":1},null,{"name":"x\"}","snaptime":-1e300},5]"#
        try await FakeProxmox.serve(Lab.guests([Self.machine: machine, Self.container: "{}"])) { fake in
            try await SlowScrapes.run("snapshots", fake) { slow in
                let trial = try await slow.scrape {
                    !$0.problems.isEmpty && $0.families.contains("pve_guest_snapshots")
                }
                #expect(trial.reasons == ["lab/pve1/snapshots: malformed"])
                #expect(trial.exposition.family("pve_guest_snapshots").map(\.value) == [2])
                #expect(
                    trial.exposition.family("pve_guest_oldest_snapshot_timestamp_seconds").map(\.value) == [
                        -1e300
                    ])
            }
        }
    }

    @Test func `stopped guests have snapshots too`() async throws {
        let answers = [Self.machine: "[]", Self.container: "[]"]
        try await FakeProxmox.serve(Lab.guests(status: "stopped", answers)) { fake in
            try await SlowScrapes.run("snapshots", fake) { slow in
                let trial = try await slow.scrape { $0.exposition.family("pve_guest_snapshots").count == 2 }
                #expect(Self.lines(trial) == ["pve_guest_snapshots{G} 0", "pve_guest_snapshots{L} 0"])
            }
        }
    }
}
