import CollectorConformance
import Testing

/// Mappings of cards, and the quorum device.
@Suite struct ClusterSourceTests {
    private static let mappings = "/cluster/mapping/pci"
    private static let device = "/cluster/config/qdevice"

    private static func line(_ mapping: String, _ node: String, _ address: String) -> String {
        #"pve_pci_mapping_info{C,mapping="\#(mapping)",node="\#(node)",address="\#(address)"} 1"#
    }

    @Test func `every place of every mapping, each once`() async throws {
        let rows = #"""
            [{"id":"nic","map":["node=pve2,path=0000:03:00.0"]},{"id":"gpu","map":["node=pve2,path=0000:02:00.0,id=10de:1eb8",
            "node=pve1,path=0000:01:00.1","path=0000:01:00.0,node=pve1","node=pve1,path=0000:01:00.0"]},{"id":"none","map":[]}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.mappings: rows])) { fake in
            try await SlowScrapes.run("pci-mapping", fake) { slow in
                let trial = try await slow.scrape(until: "pve_pci_mapping_info")
                #expect(trial.problems == [])
                #expect(
                    trial.exposition.family("pve_pci_mapping_info").map {
                        "\($0.label("mapping") ?? "") \($0.label("node") ?? "") \($0.label("address") ?? "")"
                    }
                        == [
                            "gpu pve1 0000:01:00.0", "gpu pve1 0000:01:00.1", "gpu pve2 0000:02:00.0",
                            "nic pve2 0000:03:00.0",
                        ])
                #expect(trial.slowLines.last == Self.line("nic", "pve2", "0000:03:00.0"))
            }
        }
    }

    @Test(arguments: [
        "[]", #"[{"id":"a"}]"#,
        #"[{"id":"a","map":null},{"map":["node=a,path=b"]},{"id":[],"map":[]},null,5,[]]"#,
    ])
    func `no place is no line`(rows: String) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.mappings: rows])) { fake in
            try await SlowScrapes.run("pci-mapping", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [])
            }
        }
    }

    @Test func `hostile mappings`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows =
            #"[{"id":"\#(long)","map":["node=x\"} 1\n,path=\\","\#(long)",5,[]]},{"id":5,"map":["node=a,path=b,\#(long)"]}]"#
        try await FakeProxmox.serve(Lab.alone([Self.mappings: rows])) { fake in
            try await SlowScrapes.run("pci-mapping", fake) { slow in
                let samples = try await slow.scrape(until: "pve_pci_mapping_info").exposition.family(
                    "pve_pci_mapping_info")
                #expect(
                    samples.map { $0.label("mapping")?.utf8.count } == [1, 8192]
                        && samples.last?.label("node") == "x\"} 1\n")
            }
        }
    }

    @Test(
        arguments: [
            (#"{"State":"Connected","Model":"Net"}"#, ["pve_qdevice_up{C} 1"]),
            (#"{"State":"Disconnected"}"#, ["pve_qdevice_up{C} 0"]),
            ("{}", []), ("[]", []), (#"{"State":null}"#, []), (#"{"State":{"a":1}}"#, []),
            (#"{"Model":"Net"}"#, []),
        ] as [(String, [String])])
    func `the quorum device`(answer: String, lines: [String]) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.device: answer])) { fake in
            try await SlowScrapes.run("qdevice", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == lines)
            }
        }
    }

    @Test func `a state of 5 MB is not connected`() async throws {
        try await FakeProxmox.serve(
            Lab.alone([Self.device: #"{"State":"\#(String(repeating: "n", count: 5_000_000))"}"#])
        ) { fake in
            try await SlowScrapes.run("qdevice", fake) { slow in
                let trial = try await slow.scrape(until: "pve_qdevice_up")
                #expect(trial.slowLines == ["pve_qdevice_up{C} 0"])
            }
        }
    }
}
