import CollectorConformance
import ProxmoxCollector
import Testing

/// What rows that are read anyway tell beside: of HA and locks, of tags, of storages and of nodes.
@Suite struct ManagementTests {
    private static func table(_ more: String, _ kind: String = "qemu", listed: Bool = true) -> [String: String] {
        Lab.table(
            resources: [Lab.node("pve1"), Lab.node("pve2"), Lab.guest(100, on: "pve1", kind, more: more)],
            qemu: ["pve1": listed && kind == "qemu" ? [Lab.listed(100)] : []],
            lxc: ["pve1": listed && kind == "lxc" ? [Lab.listed(100)] : []])
    }

    private static func values(_ trial: Trial, _ family: String) -> [Double] { trial.exposition.family(family).map(\.value) }

    // MARK: guests

    @Test(
        arguments: [
            (#","hastate":"started""#, 1), (#","hastate":"ignored""#, 0), (#","hastate":"""#, 0), (#","hastate":null"#, 0), ("", 0),
            (#","hastate":"a new word""#, 1), (#","hastate":[]"#, 0),
        ] as [(String, Double)])
    func `HA manages it or does not`(more: String, value: Double) async throws {
        for (kind, family) in [("qemu", "pve_vm_ha_managed"), ("lxc", "pve_lxc_ha_managed")] {
            for listed in [true, false] {
                try await FakeProxmox.serve(Self.table(more, kind, listed: listed)) { fake in
                    let trial = try await scrape(ProxmoxCollector(try fake.settings()))
                    #expect(Self.values(trial, family) == [value])
                    #expect(["pve_vm_ha_managed", "pve_lxc_ha_managed"].filter(trial.families.contains) == [family])
                }
            }
        }
    }

    @Test(arguments: [(#","lock":"backup""#, ["backup"]), (#","lock":"""#, []), (#","lock":null"#, []), (#","lock":[]"#, []), ("", [])])
    func `what holds it locked`(more: String, locks: [String]) async throws {
        try await FakeProxmox.serve(Self.table(more)) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.exposition.family("pve_guest_lock_info").map { $0.label("lock") } == locks)
        }
    }

    @Test func `of templates, of guests that the cluster forgot and of those that only a list knows nothing is said`() async throws {
        var table = Lab.table(
            status: [Lab.cluster(), Lab.member("pve1"), Lab.member("pve2", online: 0)],
            resources: [
                Lab.node("pve1"), Lab.guest(100, on: "pve1", template: 1, more: #","lock":"clone","hastate":"started""#),
                Lab.remnant(101, on: "pve1"), Lab.guest(102, on: "pve2", more: #","lock":"backup""#),
            ], qemu: ["pve1": [Lab.listed(100, more: #","template":1"#), Lab.listed(101), Lab.listed(103)]], nodes: ["pve1"])
        table["/nodes/pve2/status"] = nil
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.families.contains("pve_vm_status"))
            #expect(!trial.families.contains("pve_vm_ha_managed") && !trial.families.contains("pve_guest_lock_info"))
        }
    }

    @Test func `tags say what alerts are about`() async throws {
        try await FakeProxmox.serve(Self.table(#","tags":"prod;mon-cpu-98;mon-cpu-90;mon-mem-97.5;mon-io-off;mon-mute;mon-x-101""#)) {
            fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(
                trial.exposition.lines("pve_guest_threshold_ratio") == [
                    #"pve_guest_threshold_ratio{cluster="lab",vmid="100",metric="cpu"} 0.9"#,
                    #"pve_guest_threshold_ratio{cluster="lab",vmid="100",metric="mem"} 0.975"#,
                ])
            #expect(
                trial.exposition.lines("pve_guest_alerts_muted") == [
                    #"pve_guest_alerts_muted{cluster="lab",vmid="100",metric="all"} 1.0"#,
                    #"pve_guest_alerts_muted{cluster="lab",vmid="100",metric="io"} 1.0"#,
                ])
        }
    }

    // MARK: storages

    @Test(
        arguments: [
            (#","content":"iso,backup,images","shared":1"#, "backup,images,iso", "1"), (#","content":"iso","shared":"0""#, "iso", "0"),
            (#","content":"","shared":null"#, "", ""), (#","content":null,"shared":true"#, "", "1"), ("", "", ""),
            (#","content":[],"shared":"maybe""#, "", ""), (#","content":",iso,,a,""#, "a,iso", ""),
        ])
    func `what a storage is for`(more: String, content: String, shared: String) async throws {
        let row = #"{"type":"storage","node":"pve1","storage":"s","plugintype":"dir"\#(more)}"#
        try await FakeProxmox.serve(Lab.table(resources: [Lab.node("pve1"), Lab.node("pve2"), row])) { fake in
            let info = try await scrape(ProxmoxCollector(try fake.settings())).exposition.family("pve_storage_info")
            #expect(info.map { $0.label("content") } == [content] && info.map { $0.label("shared") } == [shared])
        }
    }

    @Test func `storages of nodes that are off or silent are not told of`() async throws {
        let table = Lab.table(
            status: [Lab.cluster(), Lab.member("pve1"), Lab.member("pve2", online: 0), Lab.member("pve3")],
            resources: [
                Lab.node("pve1"), Lab.node("pve2", status: "offline"), Lab.node("pve3", status: "unknown"), Lab.storage("pve1"),
                Lab.storage("pve2"), Lab.storage("pve3"),
            ], nodes: ["pve1", "pve3"])
        try await FakeProxmox.serve(table) { fake in
            let info = try await scrape(ProxmoxCollector(try fake.settings())).exposition.family("pve_storage_info")
            #expect(info.map { $0.label("node") } == ["pve1"])
        }
    }

    // MARK: nodes

    @Test(
        arguments: [
            (#"{"wait":0.25}"#, [0.5]), (#"{"wait":"0.25"}"#, [0.5]), (#"{"wait":0.9}"#, [0]), (#"{"wait":0}"#, [0.75]), ("{}", []),
            (#"{"wait":null}"#, []), (#"{"wait":"nan"}"#, []),
        ] as [(String, [Double])])
    func `how idle a node is`(status: String, idle: [Double]) async throws {
        try await FakeProxmox.serve(Lab.table(nodes: ["pve1"]).merging(["/nodes/pve1/status": status]) { $1 }) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            #expect(Self.values(try await scrape(collector), "pve_node_idle") == idle)
            fake["/cluster/resources"] = .drop
            #expect(Self.values(try await scrape(collector), "pve_node_idle") == [])
        }
    }

    @Test func `what runs on a node, as far as it says`() async throws {
        for (status, values) in [
            (
                #"{"pveversion":"v","current-kernel":{"release":"k"},"cpuinfo":{"model":"c"},"boot-info":{"mode":"efi"},"memory":{"available":"7"}}"#,
                ["v", "k", "c", "efi"]
            ), (#"{"pveversion":"v","current-kernel":[],"cpuinfo":{"model":null},"boot-info":5}"#, ["v", "", "", ""]),
            (#"{"current-kernel":{"release":"k"},"memory":{"available":[]}}"#, []), (#"{"pveversion":""}"#, []),
        ] {
            try await FakeProxmox.serve(Lab.table(nodes: ["pve1"]).merging(["/nodes/pve1/status": status]) { $1 }) { fake in
                let trial = try await scrape(ProxmoxCollector(try fake.settings()))
                let info = trial.exposition.family("pve_node_info").first
                #expect(["version", "kernel", "cpu_model", "boot_mode"].compactMap { info?.label($0) } == values)
                #expect(Self.values(trial, "pve_node_memory_available_bytes") == (status.contains("\"7\"") ? [7] : []))
            }
        }
    }
}
