import CollectorConformance
import Testing

@Suite struct HASourceTests {
    private static let path = "/cluster/ha/status/current"

    private static let whole = #"""
        [{"type":"service","sid":"ct:200","node":"pve1","crm_state":"migrate","request_state":"stopped"},
        {"type":"service","sid":"vm:100","node":"pve1","crm_state":"started","request_state":"started","group":"g","max_restart":31,
        "max_relocate":"32"},{"type":"lrm","node":"pve1","timestamp":101},{"type":"lrm","node":"pve0","timestamp":102},
        {"type":"master","node":"pve1","timestamp":"103"},{"type":"quorum","quorate":1},{"type":"fencing","armed-state":"disarmed"}]
        """#

    @Test func `every field is in its family`() async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: Self.whole])) { fake in
            try await SlowScrapes.run("ha", fake) { slow in
                let trial = try await slow.scrape(until: "pve_ha_resources_total")
                #expect(trial.problems == [])
                let states = trial.exposition.family("pve_ha_service_state")
                #expect(
                    states.count == 26
                        && states.filter { $0.value == 1 }.map { $0.label("state") } == ["started", "migrate"])
                #expect(
                    trial.slowLines.filter { !$0.hasPrefix("pve_ha_service_state") || $0.hasSuffix(" 1") }
                        == [
                            "pve_ha_resources_total{C} 2", "pve_ha_resources_active{C} 1",
                            #"pve_ha_service_state{N,vmid="100",type="qemu",state="started"} 1"#,
                            #"pve_ha_service_state{N,vmid="200",type="lxc",state="migrate"} 1"#,
                            #"pve_ha_service_info{N,vmid="100",type="qemu",request_state="started",group="g",max_restart="31",max_relocate="32"} 1"#,
                            #"pve_ha_service_info{N,vmid="200",type="lxc",request_state="stopped",group="",max_restart="",max_relocate=""} 1"#,
                            "pve_ha_quorate{C} 1", "pve_ha_fencing_armed{C} 0",
                            "pve_ha_manager_last_seen_timestamp_seconds{N} 103",
                            #"pve_ha_lrm_last_seen_timestamp_seconds{C,node="pve0"} 102"#,
                            "pve_ha_lrm_last_seen_timestamp_seconds{N} 101",
                        ])
            }
        }
    }

    @Test(arguments: [
        "error", "fence", "freeze", "ignored", "migrate", "queued", "recovery", "relocate",
        "request_start", "request_start_balance",
        "request_stop", "started", "stopped", "a new word",
    ])
    func `each state is one of all`(state: String) async throws {
        let rows = #"[{"type":"service","sid":"vm:1","node":"pve1","crm_state":"\#(state)"}]"#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("ha", fake) { slow in
                let states = try await slow.scrape(until: "pve_ha_service_state").exposition.family(
                    "pve_ha_service_state")
                #expect(states.filter { $0.value == 1 }.map { $0.label("state") } == [state])
                #expect(
                    states.count == (state == "a new word" ? 14 : 13)
                        && Set(states.map { $0.label("state") }).count == states.count)
            }
        }
    }

    @Test func `nothing but what a row cannot be without`() async throws {
        let rows =
            #"[{"type":"service","sid":"vm:1"},{"type":"lrm","node":"a"},{"type":"master"},{"type":"quorum"},{"type":"fencing"},null]"#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("ha", fake) { slow in
                let trial = try await slow.scrape(until: "pve_ha_resources_total")
                #expect(
                    trial.slowLines == [
                        "pve_ha_resources_total{C} 1", "pve_ha_resources_active{C} 0",
                        #"pve_ha_service_info{C,node="",vmid="1",type="qemu",request_state="",group="",max_restart="",max_relocate=""} 1"#,
                    ])
            }
        }
    }

    @Test func `hostile rows`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows = #"""
            [{"type":"service","sid":"vm:1","node":"x\"} 1\n","crm_state":"\#(long)","request_state":[],"group":{},"max_restart":1e300},
            {"type":"service","sid":"\#(long)"},{"type":"lrm","node":"x\"} 1\n","timestamp":-1e300},{"type":"master","node":5,"timestamp":"x"},
            {"type":"quorum","quorate":"maybe"},{"type":"fencing","armed-state":[]},{"type":"lrm","node":"x\"} 1\n","timestamp":7},[],"a"]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("ha", fake) { slow in
                let trial = try await slow.scrape(until: "pve_ha_resources_total")
                #expect(
                    trial.problems == []
                        && trial.exposition.family("pve_ha_lrm_last_seen_timestamp_seconds").map(\.value) == [
                            -1e300
                        ])
                #expect(
                    trial.exposition.family("pve_ha_service_state").map { $0.label("state")?.utf8.count ?? 0 }
                        .max() == 8192)
                #expect(
                    trial.exposition.family("pve_ha_service_info").map { $0.label("node") } == ["x\"} 1\n"])
                #expect(
                    !trial.families.contains("pve_ha_quorate")
                        && !trial.families.contains("pve_ha_fencing_armed"))
            }
        }
    }
}
