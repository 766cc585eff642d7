import CollectorConformance
import Exporting
import Metrics
import Primitives
import Testing
import Web

@testable import ProxmoxCollector

/// The timers as a whole: whom they ask, how fast, and what becomes of answers.
@Suite struct SlowLaneTests {
    private static let storage = "/nodes/pve1/storage"
    private static let row = #"[{"storage":"a","type":"dir","active":1,"enabled":1,"avail":5}]"#

    /// Two nodes whose every slow source is known, as far as it asks about nodes only.
    private static func nodes(_ answers: [String: String] = [:]) -> [String: String] {
        var table = Lab.table()
        for node in ["pve1", "pve2"] {
            table["/nodes/\(node)/storage"] = row
            table["/nodes/\(node)/replication"] = "[]"
            table["/nodes/\(node)/services"] = "[]"
            table["/nodes/\(node)/apt/update"] = "[]"
            table["/nodes/\(node)/subscription"] = #"{"status":"active"}"#
        }
        return table.merging(answers) { $1 }
    }

    private static let ofNodes = ["storage", "replication", "services", "updates", "subscription"]

    // MARK: how long answers live

    @Test func `an answer lives for three periods, and a problem is said at once`() async throws {
        let hand = HandClock()
        try await FakeProxmox.serve(Lab.alone([Self.storage: Self.row])) { fake in
            try await SlowScrapes.run(["storage"], fake, clock: hand.clock) { slow in
                _ = try await slow.scrape(until: "pve_storage_enabled")
                fake[Self.storage] = .refusal(500, "got timeout")
                try await slow.advance(hand, 100)
                let failing = try await slow.scrape { !$0.problems.isEmpty }
                #expect(failing.reasons == ["lab/pve1/storage: failed"] && failing.families.contains("pve_storage_enabled"))
                #expect(try await slow.failures() == 1)
                #expect(try await slow.own("martlet_proxmox_source_age_seconds").map(\.value) == [100])
                try await slow.advance(hand, 79)
                // The next one is over before the clock goes on: at the end of a call it is seen when the next is due.
                let last = try await slow.scrape { _ in try await slow.failures() == 2 }
                #expect(last.families.contains("pve_storage_enabled"))
                try await slow.advance(hand, 1)
                #expect(try await !slow.scrape().families.contains("pve_storage_enabled"))
                #expect(try await slow.own("martlet_proxmox_source_age_seconds").isEmpty)
                // When it came is told as long as it is asked for.
                #expect(try await slow.own("martlet_proxmox_source_last_success_timestamp_seconds").count == 1)
                fake[Self.storage] = .refusal(403, "Permission check failed (/nodes/pve1, Sys.Audit)")
                try await slow.advance(hand, 70)
                _ = try await slow.scrape()
                try await slow.rest()
                _ = try await slow.scrape()
                #expect(try await slow.own("martlet_proxmox_source_last_success_timestamp_seconds").isEmpty)
                fake[Self.storage] = .data(Self.row)
                try await slow.advance(hand, 700)
                let again = try await slow.scrape(until: "pve_storage_enabled")
                #expect(again.problems == [])
            }
        }
    }

    @Test func `the values of a node that is off are gone, and come back with it`() async throws {
        try await FakeProxmox.serve(Self.nodes()) { fake in
            try await SlowScrapes.run("storage", fake) { slow in
                func nodes(_ trial: Trial) -> [String?] { trial.exposition.family("pve_storage_enabled").map { $0.label("node") } }
                _ = try await slow.scrape { nodes($0) == ["pve1", "pve2"] }
                fake["/cluster/status"] = .data(Lab.rows([Lab.cluster(), Lab.member("pve1"), Lab.member("pve2", online: 0)]))
                #expect(nodes(try await slow.scrape()) == ["pve1"])
                _ = fake.takeCalls()
                fake["/cluster/status"] = .data(Lab.rows([Lab.cluster(), Lab.member("pve1"), Lab.member("pve2")]))
                #expect(nodes(try await slow.scrape()) == ["pve1"])
                // It is asked as one that is new.
                _ = try await slow.scrape { nodes($0) == ["pve1", "pve2"] }
                #expect(fake.takeCalls().contains("/nodes/pve2/storage"))
            }
        }
    }

    @Test func `a guest's values follow it to another node`() async throws {
        let answers = ["/nodes/pve1/qemu/100/snapshot": "[]", "/nodes/pve2/qemu/100/snapshot": #"[{"name":"a","snaptime":5}]"#]
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("snapshots", fake) { slow in
                func found(_ trial: Trial) -> [String] {
                    trial.exposition.family("pve_guest_snapshots").map { "\($0.label("node") ?? "") \(Int($0.value))" }
                }
                _ = try await slow.scrape { found($0) == ["pve1 0"] }
                fake.set(Lab.guests(on: "pve2", answers))
                #expect(found(try await slow.scrape()) == [])
                _ = try await slow.scrape { found($0) == ["pve2 1"] }
            }
        }
    }

    // MARK: when nobody asks

    @Test func `while nobody scrapes nobody asks`() async throws {
        let hand = HandClock()
        try await FakeProxmox.serve(Lab.alone([Self.storage: Self.row])) { fake in
            try await SlowScrapes.run(["storage"], fake, clock: hand.clock) { slow in
                try await slow.rest()
                #expect(fake.takeCalls() == [])
                _ = try await slow.scrape(until: "pve_storage_enabled")
                try await slow.rest()
                _ = fake.takeCalls()
                try await slow.advance(hand, 299)
                #expect(try await fake.hears(Self.storage))
                // Until the job is over and its rest too: it is due again from then on.
                try await slow.rest()
                #expect(fake.takeCalls() == [Self.storage])
                try await slow.advance(hand, 100)
                try await slow.rest()
                #expect(fake.takeCalls() == [])
                _ = try await slow.scrape()
                #expect(try await fake.hears(Self.storage))
            }
        }
    }

    @Test func `while the credential is refused nobody asks`() async throws {
        let hand = HandClock()
        try await FakeProxmox.serve(Lab.alone([Self.storage: Self.row])) { fake in
            try await SlowScrapes.run(["storage"], fake, clock: hand.clock) { slow in
                _ = try await slow.scrape(until: "pve_storage_enabled")
                fake.everything = .refusal(401, "no")
                #expect(try await slow.scrape().families.isEmpty)
                _ = fake.takeCalls()
                try await slow.advance(hand, 70)
                try await slow.rest()
                // The scrape finds out whether that is over, with one call.
                #expect(fake.takeCalls() == [])
                #expect(try await slow.scrape().problems.map(\.reason) == [.unauthorized] && fake.takeCalls() == ["/version"])
                #expect(try await slow.own("martlet_proxmox_source_age_seconds").isEmpty)
                fake.everything = nil
                _ = try await slow.scrape()
                try await slow.rest()
                #expect(fake.takeCalls().contains(Self.storage))
            }
        }
    }

    @Test func `a call on a timer that is refused stops the others`() async throws {
        var table = Self.nodes()
        let answers = (0..<50).map { ("/nodes/pve1/qemu/\($0)/snapshot", "[]") }
        for (path, text) in answers { table[path] = text }
        let guests = (0..<50).map { Lab.guest($0, on: "pve1") }
        table["/cluster/resources"] = Lab.rows([Lab.node("pve1"), Lab.node("pve2")] + guests)
        table["/nodes/pve1/qemu?full=1"] = Lab.rows((0..<50).map { Lab.listed($0) })
        try await FakeProxmox.serve(table) { fake in
            for (path, _) in answers { fake[path] = .refusal(401, "no") }
            try await SlowScrapes.run("snapshots", fake) { slow in
                _ = try await slow.scrape()
                try await slow.rest()
                #expect(fake.takeCalls().count { $0.hasSuffix("/snapshot") } == 1)
            }
        }
    }

    @Test func `a collector that is told to stop stops, though calls hang`() async throws {
        let gate = Gate()
        defer { gate.open() }
        try await FakeProxmox.serve(Self.nodes()) { fake in
            for node in ["pve1", "pve2"] { fake["/nodes/\(node)/storage"] = .hang(gate) }
            let begin = ContinuousClock.now
            try await SlowScrapes.run("storage", fake) { slow in
                _ = try await slow.scrape()
                await gate.arrivals(2)
            }
            #expect((ContinuousClock.now - begin).seconds < 10)
        }
    }

    // MARK: one at a time

    @Test func `a node that hangs holds up itself alone`() async throws {
        let gate = Gate()
        defer { gate.open() }
        try await FakeProxmox.serve(Self.nodes(["/cluster/backup": "[]"])) { fake in
            for path in ["storage", "replication", "services", "apt/update", "subscription"] { fake["/nodes/pve1/\(path)"] = .hang(gate) }
            try await SlowScrapes.run(Self.ofNodes + ["backup_jobs"], fake) { slow in
                let trial = try await slow.scrape { $0.families.contains("pve_subscription_status") }
                #expect(Set(trial.exposition.family("pve_subscription_status").compactMap { $0.label("node") }) == ["pve2"])
                try await slow.pause()
                let calls = fake.takeCalls().filter { $0.hasPrefix("/nodes/pve1/") }
                #expect(calls.count { call in ["status", "qemu?full=1", "lxc"].allSatisfy { !call.hasSuffix($0) } } == 1)
            }
        }
    }

    @Test func `of a node's three workers timers take one, and scrapes beside no more than three`() async throws {
        var table = Self.nodes()
        let guests = (100..<120).map { ($0, $0 % 2 == 0 ? "pve1" : "pve2") }
        table["/cluster/resources"] = Lab.rows([Lab.node("pve1"), Lab.node("pve2")] + guests.map { Lab.guest($0.0, on: $0.1) })
        for node in ["pve1", "pve2"] {
            table["/nodes/\(node)/qemu?full=1"] = Lab.rows(guests.filter { $0.1 == node }.map { Lab.listed($0.0) })
        }
        for (vmid, node) in guests {
            table["/nodes/\(node)/qemu/\(vmid)/config"] = "{}"
            table["/nodes/\(node)/qemu/\(vmid)/snapshot"] = "[]"
        }
        try await FakeProxmox.serve(table) { fake in
            fake.delaySeconds = 0.02
            try await SlowScrapes.run(Self.ofNodes + ["config", "snapshots"], fake) { slow in
                _ = try await slow.scrape {
                    $0.exposition.family("pve_guest_snapshots").count == 20 && $0.exposition.family("pve_guest_config_info").count == 20
                }
                let traffic = fake.takeTraffic()
                #expect(traffic.mostSlow == ["pve1": 1, "pve2": 1])
                #expect((traffic.most["pve1"] ?? 9) <= 3 && (traffic.most["pve2"] ?? 9) <= 3)
                #expect(traffic.slow.count == 2 * Self.ofNodes.count + 40)
            }
        }
    }

    @Test func `after each job a lane rests for as long as it took`() async throws {
        try await FakeProxmox.serve(Self.nodes()) { fake in
            fake.delaySeconds = 0.4
            try await SlowScrapes.run(Self.ofNodes, fake) { slow in
                _ = try await slow.scrape { _ in fake.traffic.slow.count { $0.node == "pve1" && $0.end != nil } == Self.ofNodes.count }
                let calls = fake.takeTraffic().slow.filter { $0.node == "pve1" }
                for (call, next) in zip(calls, calls.dropFirst()) {
                    let end = try #require(call.end)
                    #expect(next.begin - end >= 0.39, "\(call.path), \(next.path)")
                }
            }
        }
    }

    @Test func `more lanes than places take turns`() async throws {
        let nodes = (10..<50).map { "n\($0)" }
        var table = Lab.table(
            status: [Lab.cluster()] + nodes.map { Lab.member($0) }, resources: nodes.map { Lab.node($0) }, nodes: nodes)
        for node in nodes {
            table["/nodes/\(node)/storage"] = Self.row
            table["/nodes/\(node)/services"] = #"[{"service":"cron","state":"running"}]"#
        }
        try await FakeProxmox.serve(table) { fake in
            try await SlowScrapes.run(["storage", "services"], fake) { slow in
                _ = try await slow.scrape {
                    $0.exposition.family("pve_storage_enabled").count == 40 && $0.exposition.family("pve_node_service_running").count == 40
                }
                #expect(fake.takeTraffic().slow.count == 80)
            }
        }
    }

    // MARK: what is not wanted

    @Test func `sources that are left out are not asked, and their families not shown`() async throws {
        try await FakeProxmox.serve(Self.nodes(["/cluster/ha/status/current": "[]"])) { fake in
            try await SlowScrapes.run(["services", "ha"], fake) { slow in
                let trial = try await slow.scrape(until: "pve_ha_resources_total")
                try await slow.rest()
                let calls = fake.takeTraffic().slow.map(\.path)
                #expect(Set(calls) == ["/cluster/ha/status/current", "/nodes/pve1/services", "/nodes/pve2/services"])
                #expect(!trial.families.contains("pve_storage_enabled"))
                #expect(
                    try await slow.own("martlet_proxmox_source_failures_total").compactMap { $0.label("source") }.sorted() == [
                        "ha", "services",
                    ])
            }
        }
    }

    @Test func `with all of it switched off nothing is asked, shown or declared`() async throws {
        try await FakeProxmox.serve(Self.nodes()) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            let http = try HTTPClient()
            defer { http.close() }
            // It ends by itself.
            await collector.run(LogLines().context(http: http))
            let trial = try await scrape(collector)
            #expect(trial.problems == [] && fake.takeTraffic().slow.isEmpty)
            let names = Set(collector.catalogue.descriptors.map(\.name))
            let whole = Set(ProxmoxCollector(ProxmoxSettings(clusters: [], slow: SlowSettings())).catalogue.descriptors.map(\.name))
            #expect(!names.contains("pve_storage_enabled") && whole.isSuperset(of: names) && whole.count > names.count + 80)
        }
    }
}
