import CollectorConformance
import Testing

@testable import ProxmoxCollector

/// What the credential may not see is said, and not taken for what is not there.
@Suite struct RightsTests {
    private static let whole = #"""
        {"/":{"Sys.Audit":1,"Mapping.Audit":1},"/nodes":{"Sys.Audit":1},"/vms":{"VM.Audit":1,"VM.GuestAgent.Audit":1,"VM.Monitor":1},
        "/storage":{"Datastore.Audit":1},"/pool":{"Pool.Audit":1}}
        """#

    private static func table(_ rights: String, version: String = "9.2.11") -> [String: String] {
        Lab.table().merging(["/access/permissions": rights, "/version": #"{"version":"\#(version)"}"#]) { $1 }
    }

    private static func missing(_ trial: Trial) -> [String] {
        trial.exposition.family("pve_missing_privilege_info").map { "\($0.label("privilege") ?? "") \($0.label("path") ?? "")" }.sorted()
    }

    @Test(
        arguments: [
            ("9.2.11", whole, []), ("8.4.1", whole, []), ("10.0", whole, []),
            ("9.2.11", whole.replacing(#","VM.GuestAgent.Audit":1"#, with: ""), ["VM.GuestAgent.Audit /vms"]),
            ("8.4.1", whole.replacing(#","VM.GuestAgent.Audit":1"#, with: ""), []),
            ("8.4.1", whole.replacing(#","VM.Monitor":1"#, with: ""), ["VM.Monitor /vms"]),
            ("9.2.11", whole.replacing(#","VM.Monitor":1"#, with: ""), []),
            (
                "9.2.11", whole.replacing(#""/pool":{"Pool.Audit":1}"#, with: #""/mapping":{}"#),
                ["Mapping.Audit /mapping", "Pool.Audit /pool"]
            ),
            ("9.2.11", whole.replacing(#"{"Datastore.Audit":1}"#, with: #"{"Datastore.Audit":0}"#), ["Datastore.Audit /storage"]),
            // Which of the two it takes nobody knows.
            (
                "", "[]",
                [
                    "Datastore.Audit /storage", "Mapping.Audit /mapping", "Pool.Audit /pool", "Sys.Audit /", "Sys.Audit /nodes",
                    "VM.Audit /vms",
                ]
            ),
        ] as [(String, String, [String])])
    func `what is missing`(version: String, rights: String, missing: [String]) async throws {
        try await FakeProxmox.serve(Self.table(rights, version: version)) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(Self.missing(trial) == missing)
            let counts = ["pve_node_vm_count", "pve_node_lxc_count"].filter(trial.families.contains)
            #expect(counts.count == (rights == "[]" ? 0 : 2))
        }
    }

    @Test func `nodes do not count guests that may be hidden`() async throws {
        var table = Self.table(Self.whole.replacing(#""VM.Audit":1,"#, with: ""))
        table["/nodes/pve1/qemu?full=1"] = Lab.rows([Lab.listed(100)])
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.families.contains("pve_vm_status") && !trial.families.contains("pve_node_vm_count"))
            #expect(trial.reasons == ["lab: forbidden"])
        }
    }

    @Test func `rights are asked for once, and are not spoken of while the cluster is silent`() async throws {
        try await FakeProxmox.serve(Self.table("{}")) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            #expect(Self.missing(try await scrape(collector)).count == 7)
            #expect(fake.takeCalls().contains("/access/permissions"))
            #expect(Self.missing(try await scrape(collector)).count == 7)
            #expect(!fake.takeCalls().contains("/access/permissions"))
            // Only the version fails: nobody knows which right agents take.
            fake["/version"] = .refusal(500, "no")
            #expect(Self.missing(try await scrape(collector)).count == 6)
            fake.everything = .drop
            #expect(try await scrape(collector).families.isEmpty)
        }
    }

    @Test(arguments: [FakeProxmox.Answer.refusal(500, "no"), .data("5"), .data("null"), .drop])
    func `rights that cannot be had say nothing`(answer: FakeProxmox.Answer) async throws {
        try await FakeProxmox.serve(Self.table("{}")) { fake in
            fake["/access/permissions"] = answer
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(Self.missing(trial) == [])
            // A list that is empty may be one that is hidden.
            #expect(!trial.families.contains("pve_node_vm_count"))
        }
    }

    @Test func `rights are asked for every five minutes, and after a failure in half a one; what was known stays`() async throws {
        let hand = HandClock()
        try await FakeProxmox.serve(Self.table("{}")) { fake in
            let collector = ProxmoxCollector(try fake.settings(), clock: hand.clock)
            func expectAsked(_ isAsked: Bool, after seconds: Double) async throws {
                hand.advance(seconds)
                _ = fake.takeCalls()
                #expect(Self.missing(try await scrape(collector)).count == 7)
                #expect(try await fake.hears("/access/permissions", withinSeconds: isAsked ? 30 : 0) == isAsked)
            }
            try await expectAsked(true, after: 0)
            try await expectAsked(false, after: 299)
            fake["/access/permissions"] = .refusal(500, "no")
            try await expectAsked(true, after: 1)
            try await expectAsked(false, after: 29)
            try await expectAsked(true, after: 1)
            fake["/access/permissions"] = .data("{}")
            try await expectAsked(true, after: 30)
            try await expectAsked(false, after: 299)
        }
    }

    @Test func `rights are asked for at once when a refusal or guests that are gone put them in doubt`() async throws {
        try await FakeProxmox.serve(Self.table(Self.whole)) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            func scraped() async throws -> (trial: Trial, asked: Bool) {
                _ = fake.takeCalls()
                let trial = try await scrape(collector)
                return (trial, fake.takeCalls().contains("/access/permissions"))
            }
            #expect(try await scraped().trial.families.contains("pve_node_vm_count"))
            #expect(try await !scraped().asked)
            // All rights are taken: lists are empty, and nothing in them says so.
            fake["/cluster/status"] = .refusal(403, "Permission check failed (/, Sys.Audit)")
            fake["/access/permissions"] = .data("{}")
            let blind = try await scraped()
            #expect(blind.asked && !blind.trial.families.contains("pve_node_vm_count") && Self.missing(blind.trial).count == 7)
            #expect(try await !scraped().asked)
            fake["/cluster/status"] = .data(Lab.table()["/cluster/status"] ?? "")
            fake["/access/permissions"] = .data(Self.whole)
            let healed = try await scraped()
            #expect(healed.asked && healed.trial.families.contains("pve_node_vm_count") && Self.missing(healed.trial) == [])
            fake["/cluster/resources"] = .data(Lab.rows([Lab.node("pve1"), Lab.guest(100, on: "pve1")]))
            _ = try await scraped()
            #expect(try await !scraped().asked)
            // Guests may have been removed, or hidden: whoever does not get to know counts none.
            fake["/cluster/resources"] = .data(Lab.rows([Lab.node("pve1")]))
            fake["/access/permissions"] = .refusal(500, "no")
            let doubtful = try await scraped()
            #expect(doubtful.asked && !doubtful.trial.families.contains("pve_node_vm_count"))
            #expect(try await !scraped().asked, "and tries again in half a minute")
        }
    }

    @Test func `a credential that is refused everything for a while counts guests again at once`() async throws {
        try await FakeProxmox.serve(Self.table(Self.whole)) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            #expect(try await scrape(collector).families.contains("pve_node_vm_count"))
            fake.everything = .refusal(403, "Permission check failed")
            for _ in 0..<2 { #expect(try await scrape(collector).families.isEmpty) }
            fake.everything = nil
            #expect(try await scrape(collector).families.contains("pve_node_vm_count"))
        }
    }
}
