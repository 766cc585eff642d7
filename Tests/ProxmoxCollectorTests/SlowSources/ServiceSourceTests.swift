import CollectorConformance
import Testing

@Suite struct ServiceSourceTests {
    private static let path = "/nodes/pve1/services"

    @Test func `services that are wanted run or do not`() async throws {
        let rows = #"""
            [{"service":"pveproxy","state":"running","unit-state":"enabled"},{"service":"cron","state":"dead","unit-state":"enabled"},
            {"service":"ceph","state":"dead","unit-state":"masked"},{"service":"sshd","state":"dead","unit-state":"disabled"},
            {"service":"chrony","state":"dead","unit-state":"not-found"},{"service":"odd","state":"running"},{"service":"mute"}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("services", fake) { slow in
                let trial = try await slow.scrape(until: "pve_node_service_running")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [
                        #"pve_node_service_running{N,service="cron"} 0"#, #"pve_node_service_running{N,service="odd"} 1"#,
                        #"pve_node_service_running{N,service="pveproxy"} 1"#,
                    ])
            }
        }
    }

    @Test(arguments: ["[]", #"[{"service":"a"},{"service":"b","state":null,"unit-state":null},{"service":"c","state":{}}]"#])
    func `nothing is written of what is not said`(rows: String) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("services", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [])
            }
        }
    }

    @Test func `a node that cannot ask its systemd is no problem`() async throws {
        try await FakeProxmox.serve(Lab.alone()) { fake in
            fake[Self.path] = .refusal(500, "command systemctl failed")
            try await SlowScrapes.run("services", fake) { slow in
                let trial = try await slow.scrape(after: ["/nodes/*/services"])
                #expect(trial.problems == [] && trial.slowLines == [])
                #expect(try await slow.failures() == 0)
            }
        }
    }

    @Test func `hostile rows`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows = #"""
            [{"service":"\#(long)","state":"\#(long)"},{"service":1e300,"state":-5,"unit-state":[]},{"service":"x\"} 1\n","state":true},
            {"service":[],"state":"running"},null,[],"a"]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("services", fake) { slow in
                let trial = try await slow.scrape(until: "pve_node_service_running")
                #expect(trial.problems == [] && trial.exposition.family("pve_node_service_running").map(\.value) == [0, 0, 0])
            }
        }
    }
}
