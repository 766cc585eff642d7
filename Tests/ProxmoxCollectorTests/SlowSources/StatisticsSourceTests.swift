import CollectorConformance
import Testing

@Suite struct StatisticsSourceTests {
    private static let path = "/nodes/pve1/rrddata?timeframe=hour&cf=AVERAGE"

    @Test func `every field is in its family`() async throws {
        let rows = #"""
            [{"time":60,"pressurecpusome":99,"arcsize":99},{"time":120,"pressurecpusome":50,"pressureiosome":"25","pressureiofull":12.5,
            "pressurememorysome":6.25,"pressurememoryfull":3.125,"arcsize":101},{"time":180,"pressurecpusome":null}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("statistics", fake) { slow in
                let trial = try await slow.scrape(until: "pve_zfs_arc_size_bytes")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [
                        "pve_node_pressure_cpu_some_ratio{N} 0.5", "pve_node_pressure_io_some_ratio{N} 0.25",
                        "pve_node_pressure_io_full_ratio{N} 0.125",
                        "pve_node_pressure_memory_some_ratio{N} 0.0625", "pve_node_pressure_memory_full_ratio{N} 0.03125",
                        "pve_zfs_arc_size_bytes{N} 101",
                    ])
            }
        }
    }

    @Test(
        arguments: [
            "[]", #"[{"time":60,"cpu":0.5,"netin":7}]"#, #"[{"time":60,"pressurecpusome":null,"arcsize":null},{"arcsize":5},null,[]]"#,
            #"[{"time":60,"pressurecpusome":"1e999","arcsize":{}},{"time":"\#(String(repeating: "n", count: 5000))","arcsize":1}]"#,
        ])
    func `nothing is written of what is not said, and that is no problem`(rows: String) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("statistics", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [])
            }
        }
    }
}
