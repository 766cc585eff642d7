import CollectorConformance
import ProxmoxCollector
import Testing

/// What is remembered between scrapes, and what is not.
@Suite struct MemoryTests {
    private static let full = Lab.table(
        resources: [
            Lab.node("pve1"), Lab.node("pve2"), Lab.guest(100, on: "pve2", name: "web", more: #","tags":"a;b","pool":"prod""#),
            Lab.guest(102, on: "pve2", name: "tmpl", template: 1), Lab.guest(200, on: "pve2", "lxc", name: "ct"),
        ],
        qemu: ["pve2": [Lab.listed(100, name: "web")]], lxc: ["pve2": [Lab.listed(200, name: "ct")]])

    /// The node `pve2` is gone, and the API has forgotten all but the numbers of its guests.
    private static let silent = Lab.table(
        status: [Lab.cluster(), Lab.member("pve1"), Lab.member("pve2", online: 0)],
        resources: [
            Lab.node("pve1"), Lab.node("pve2", status: "offline"), Lab.remnant(100, on: "pve2"), Lab.remnant(102, on: "pve2"),
            Lab.remnant(200, on: "pve2", "lxc"),
        ], nodes: ["pve1"])

    private static let web = ["node": "pve2", "name": "web", "type": "qemu", "template": "0", "tags": "a;b", "pool": "prod"]

    @Test func `what a guest was is known while its node is silent`() async throws {
        try await FakeProxmox.serve(Self.full) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            #expect(try await scrape(collector).info(100) == [Self.web])
            for _ in 0..<3 {
                fake.set(Self.silent)
                let trial = try await scrape(collector)
                #expect(trial.info(100) == [Self.web])
                #expect(trial.info(102).map { $0["template"] } == ["1"] && trial.info(200).map { $0["name"] } == ["ct"])
                #expect(trial.families(ofGuest: 100) == ["pve_guest_info"])
            }
            fake.set(Self.full)
            #expect(try await scrape(collector).info(100) == [Self.web])
        }
    }

    @Test func `the node is silent and another one lists its guest`() async throws {
        try await FakeProxmox.serve(Self.full) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            _ = try await scrape(collector)
            // A node with stale statistics still answers for itself; pools are what its list does not know.
            var table = Self.full
            table["/cluster/resources"] = Lab.rows([Lab.node("pve1"), Lab.node("pve2", status: "unknown"), Lab.remnant(100, on: "pve2")])
            table["/nodes/pve2/qemu?full=1"] = Lab.rows([Lab.listed(100, name: "renamed")])
            fake.set(table)
            #expect(
                try await scrape(collector).info(100) == [
                    ["node": "pve2", "name": "renamed", "type": "qemu", "template": "0", "tags": "", "pool": "prod"]
                ])
        }
    }

    @Test func `labels do not flicker when resources fail`() async throws {
        try await FakeProxmox.serve(Self.full) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            _ = try await scrape(collector)
            fake["/cluster/resources"] = .drop
            fake["/nodes/pve2/qemu?full=1"] = .data(Lab.rows([Lab.listed(100, name: "web", more: #","tags":"a;b""#)]))
            for _ in 0..<2 { #expect(try await scrape(collector).info(100) == [Self.web]) }
        }
    }

    @Test func `a new collector knows nothing of the silent`() async throws {
        try await FakeProxmox.serve(Self.silent) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.info(100) == [["node": "pve2", "name": "", "type": "qemu", "template": "0", "tags": "", "pool": ""]])
        }
    }

    @Test func `a guest that is gone is forgotten`() async throws {
        try await FakeProxmox.serve(Self.full) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            _ = try await scrape(collector)
            fake.set(Lab.table())
            #expect(try await scrape(collector).info(100) == [])
            // Its number comes back with another guest, of which nothing is known.
            fake.set(Self.silent)
            #expect(try await scrape(collector).info(100).map { $0["name"] } == [""])
        }
    }

    @Test func `a failed scrape forgets nobody`() async throws {
        try await FakeProxmox.serve(Self.full) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            _ = try await scrape(collector)
            fake.everything = .drop
            #expect(try await scrape(collector).families == [])
            fake.set(Self.silent)
            #expect(try await scrape(collector).info(100) == [Self.web])
        }
    }

    @Test func `a new name, no tags and no pool are believed`() async throws {
        try await FakeProxmox.serve(Self.full) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            _ = try await scrape(collector)
            fake["/cluster/resources"] = .data(Lab.rows([Lab.node("pve1"), Lab.node("pve2"), Lab.guest(100, on: "pve2", name: "new")]))
            #expect(
                try await scrape(collector).info(100) == [
                    ["node": "pve2", "name": "new", "type": "qemu", "template": "0", "tags": "", "pool": ""]
                ])
            fake.set(Self.silent)
            #expect(try await scrape(collector).info(100).map { $0["name"] } == ["new"])
        }
    }

    @Test func `two clusters remember each their own`() async throws {
        try await FakeProxmox.serve(Self.full) { one in
            try await FakeProxmox.serve(Self.silent) { other in
                let collector = ProxmoxCollector(
                    ProxmoxSettings(clusters: [try one.cluster(name: "one"), try other.cluster(name: "other")], slow: .none))
                let trial = try await scrape(collector)
                let names = trial.exposition.samples.filter { $0.family == "pve_guest_info" && $0.label("vmid") == "100" }
                    .map { "\($0.label("cluster") ?? "") \($0.label("name") ?? "")" }
                #expect(names.sorted() == ["one web", "other "])
            }
        }
    }
}
