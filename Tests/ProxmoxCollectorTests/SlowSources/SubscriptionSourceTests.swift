import CollectorConformance
import Testing

@Suite struct SubscriptionSourceTests {
    private static let path = "/nodes/pve1/subscription"

    private static func statuses(_ present: String) -> [String] {
        let known = ["new", "notfound", "active", "invalid", "expired", "suspended"]
        return (known.contains(present) ? known : known + [present]).map {
            #"pve_subscription_status{N,status="\#($0)"} \#($0 == present ? 1 : 0)"#
        }
    }

    @Test func `every field is in its family`() async throws {
        let answer = #"{"status":"active","level":"c","productname":"Community","nextduedate":"2026-11-15","sockets":2,"key":"secret"}"#
        try await FakeProxmox.serve(Lab.alone([Self.path: answer])) { fake in
            try await SlowScrapes.run("subscription", fake) { slow in
                let trial = try await slow.scrape(until: "pve_subscription_info")
                #expect(trial.problems == [])
                #expect(
                    trial.slowLines == [#"pve_subscription_info{N,level="c",product="Community"} 1"#] + Self.statuses("active")
                        + ["pve_subscription_next_due_timestamp_seconds{N} 1794700800"])
            }
        }
    }

    @Test(arguments: ["notfound", "something new"])
    func `a node without a key`(status: String) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: #"{"status":"\#(status)"}"#])) { fake in
            try await SlowScrapes.run("subscription", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.slowLines == [#"pve_subscription_info{N,level="",product=""} 1"#] + Self.statuses(status))
            }
        }
    }

    @Test(arguments: ["{}", #"{"status":null,"nextduedate":""}"#, #"{"status":[],"level":{},"productname":"","nextduedate":20261115}"#])
    func `nothing is written of what is not said`(answer: String) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.path: answer])) { fake in
            try await SlowScrapes.run("subscription", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [])
            }
        }
    }

    @Test func `hostile words`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let answer = #"{"status":"\#(long)","level":-1e300,"productname":"x\"} 1\n","nextduedate":"9999999999-99-99"}"#
        try await FakeProxmox.serve(Lab.alone([Self.path: answer])) { fake in
            try await SlowScrapes.run("subscription", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.exposition.family("pve_subscription_status").map(\.value) == [0, 0, 0, 0, 0, 0, 1])
                #expect(trial.exposition.family("pve_subscription_info").map { $0.label("product") } == ["x\"} 1\n"])
                #expect(!trial.families.contains("pve_subscription_next_due_timestamp_seconds"))
            }
        }
    }
}
