import CollectorConformance
import Testing

@Suite struct UpdateSourceTests {
    private static let path = "/nodes/pve1/apt/update"

    @Test(arguments: [("[]", 0), (#"[{"Package":"a","Version":"2"},{"Package":"b"},{}]"#, 3), (#"[null,-1e300,"a",[],{"Package":[]}]"#, 1)])
    func `rows are counted`(rows: String, count: Int) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("updates", fake) { slow in
                let trial = try await slow.scrape(until: "pve_node_updates_pending")
                #expect(trial.problems == [] && trial.slowLines == ["pve_node_updates_pending{N} \(count)"])
            }
        }
    }

    @Test func `a list of 5 MB`() async throws {
        let rows = #"[{"Package":"\#(String(repeating: "n", count: 5_000_000))"}]"#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("updates", fake) { slow in
                let trial = try await slow.scrape(until: "pve_node_updates_pending")
                #expect(trial.slowLines == ["pve_node_updates_pending{N} 1"])
            }
        }
    }

    @Test func `to be without the right to ask is no problem`() async throws {
        try await FakeProxmox.serve(Lab.alone()) { fake in
            fake[Self.path] = .refusal(403, "Permission check failed (/nodes/pve1, Sys.Modify)")
            try await SlowScrapes.run("updates", fake) { slow in
                let trial = try await slow.scrape(after: ["/nodes/*/apt/update"])
                #expect(trial.problems == [] && trial.slowLines == [])
                #expect(try await slow.failures() == 0)
            }
        }
    }

    @Test func `any other refusal is one`() async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: "{}"])) { fake in
            try await SlowScrapes.run("updates", fake) { slow in
                let trial = try await slow.scrape { !$0.problems.isEmpty }
                #expect(trial.reasons == ["lab/pve1/updates: malformed"] && trial.slowLines == [])
                #expect(try await slow.failures() == 1)
            }
        }
    }
}
