import CollectorConformance
import Testing

@Suite struct StorageSourceTests {
    private static let path = "/nodes/pve1/storage"

    @Test func `every field is in its family`() async throws {
        let rows = #"""
            [{"storage":"nas","type":"nfs","active":1,"enabled":1,"avail":101,"used":7,"total":8},
            {"storage":"gone","type":"dir","active":0,"enabled":1,"avail":0},{"storage":"off","type":"dir","active":0,"enabled":0}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("storage", fake) { slow in
                let trial = try await slow.scrape(until: "pve_storage_available_bytes")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [
                        #"pve_storage_available_bytes{N,storage="nas",type="nfs"} 101"#,
                        #"pve_storage_enabled{N,storage="gone",type="dir"} 1"#,
                        #"pve_storage_enabled{N,storage="nas",type="nfs"} 1"#, #"pve_storage_enabled{N,storage="off",type="dir"} 0"#,
                    ])
            }
        }
    }

    @Test(arguments: ["[]", #"[{"storage":"a"}]"#, #"[{"storage":"a","active":null,"enabled":[],"avail":5},{},null]"#])
    func `nothing is written of what is not said`(rows: String) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("storage", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [])
            }
        }
    }

    @Test func `hostile rows`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows = #"""
            [{"storage":"\#(long)","type":"\#(long)","active":1,"avail":1e308},{"storage":5,"type":[],"active":"yes","enabled":1e300,"avail":-7},
            {"storage":"x\"} 1\n","active":{},"enabled":"maybe","avail":"1e999"},{"storage":["a"],"enabled":1},7,[[]]]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("storage", fake) { slow in
                let trial = try await slow.scrape(until: "pve_storage_available_bytes")
                #expect(trial.problems == [] && trial.exposition.family("pve_storage_available_bytes").map(\.value) == [-7, 1e308])
                #expect(trial.exposition.family("pve_storage_enabled").map { $0.label("storage") } == ["5"])
            }
        }
    }
}
