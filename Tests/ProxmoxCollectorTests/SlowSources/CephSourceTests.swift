import CollectorConformance
import Testing

@Suite struct CephSourceTests {
    private static let path = "/cluster/ceph/status"

    private static let whole = #"""
        {"health":{"status":"HEALTH_WARN","checks":{"OSD_DOWN":{"severity":"HEALTH_WARN","summary":{"message":"1 osds down","count":1}},
        "MON_DOWN":{"severity":"HEALTH_ERR"}}},"pgmap":{"bytes_total":101,"bytes_used":102,"bytes_avail":103,
        "pgs_by_state":[{"state_name":"peering","count":105},{"state_name":"active+clean","count":104}]},
        "osdmap":{"num_osds":106,"num_up_osds":107,"num_in_osds":108},"quorum_names":["a","b","c"]}
        """#

    @Test func `every field is in its family`() async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: Self.whole])) { fake in
            try await SlowScrapes.run("ceph", fake) { slow in
                let trial = try await slow.scrape(until: "pve_ceph_health_status")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [
                        "pve_ceph_health_status{C} 1", #"pve_ceph_health_check_info{C,check="MON_DOWN",severity="HEALTH_ERR"} 1"#,
                        #"pve_ceph_health_check_info{C,check="OSD_DOWN",severity="HEALTH_WARN"} 1"#, "pve_ceph_total_bytes{C} 101",
                        "pve_ceph_used_bytes{C} 102", "pve_ceph_available_bytes{C} 103", "pve_ceph_osds{C} 106", "pve_ceph_osds_up{C} 107",
                        "pve_ceph_osds_in{C} 108", #"pve_ceph_pgs{C,state="active+clean"} 104"#, #"pve_ceph_pgs{C,state="peering"} 105"#,
                        "pve_ceph_monitors_in_quorum{C} 3",
                    ])
            }
        }
    }

    @Test(arguments: [("HEALTH_OK", 0), ("HEALTH_WARN", 1), ("HEALTH_ERR", 2), ("HEALTH_NEW", nil)] as [(String, Int?)])
    func `health is a number`(word: String, number: Int?) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: #"{"health":{"status":"\#(word)"}}"#])) { fake in
            try await SlowScrapes.run("ceph", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.slowLines == (number.map { ["pve_ceph_health_status{C} \($0)"] } ?? []))
            }
        }
    }

    @Test(arguments: [
        (500, "binary not installed: /usr/bin/ceph-mon"), (500, "pveceph configuration not initialized"), (501, "Method not implemented"),
    ])
    func `a cluster without Ceph is no problem`(status: Int, words: String) async throws {
        try await FakeProxmox.serve(Lab.alone()) { fake in
            fake[Self.path] = .refusal(status, words)
            try await SlowScrapes.run("ceph", fake) { slow in
                let trial = try await slow.scrape(after: ["/cluster/ceph/status"])
                #expect(trial.problems == [] && trial.slowLines == [])
                #expect(try await slow.failures() == 0)
            }
        }
    }

    @Test func `a Ceph that does not answer is one`() async throws {
        try await FakeProxmox.serve(Lab.alone()) { fake in
            fake[Self.path] = .refusal(500, "got timeout")
            try await SlowScrapes.run("ceph", fake) { slow in
                let trial = try await slow.scrape { !$0.problems.isEmpty }
                #expect(trial.reasons == ["lab/-/ceph: failed"] && trial.slowLines == [])
            }
        }
    }

    @Test func `hostile fields`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let answer = #"""
            {"health":{"status":[1],"checks":{"\#(long)":{"severity":"\#(long)"},"x\"} 1\n":5}},"pgmap":{"bytes_total":-1e300,"bytes_used":"x",
            "bytes_avail":1e308,"pgs_by_state":[{"state_name":"a\"b\\","count":-1},{"state_name":{},"count":1},null]},
            "osdmap":{"osdmap":[]},"quorum_names":[null,[],{}]}
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: answer])) { fake in
            try await SlowScrapes.run("ceph", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [])
                #expect(
                    trial.exposition.family("pve_ceph_health_check_info").compactMap { $0.label("check")?.utf8.count }.sorted() == [
                        6, 8192,
                    ])
                #expect(trial.exposition.family("pve_ceph_pgs").map { $0.label("state") } == ["a\"b\\"])
                #expect(!trial.families.contains("pve_ceph_health_status") && !trial.families.contains("pve_ceph_osds"))
            }
        }
    }
}
