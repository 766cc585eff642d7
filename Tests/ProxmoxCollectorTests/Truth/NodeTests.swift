import CollectorConformance
import ProxmoxCollector
import Testing

@Suite struct NodeTests {
    private static let resourceFamilies = [
        "pve_node_uptime_seconds", "pve_node_cpu_load", "pve_node_cpus_total", "pve_node_memory_total_bytes", "pve_node_memory_used_bytes",
        "pve_node_memory_free_bytes",
    ]

    @Test func `an offline node is down, and no more is said or asked`() async throws {
        let table = Lab.table(
            status: [Lab.cluster(), Lab.member("pve1"), Lab.member("pve2", online: 0)],
            // The API goes on giving its last numbers for a while.
            resources: [
                Lab.node("pve1"), Lab.node("pve2"), Lab.storage("pve2"), Lab.guest(100, on: "pve2"), Lab.guest(200, on: "pve2", "lxc"),
            ],
            nodes: ["pve1"])
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.problems == [])
            #expect(trial.exposition[#"pve_node_up{cluster="lab",node="pve2"}"#] == 0)
            #expect(trial.families(ofNode: "pve2") == ["pve_node_up"])
            #expect(trial.families(ofGuest: 100) == ["pve_guest_info"] && trial.families(ofGuest: 200) == ["pve_guest_info"])
            #expect(!trial.families.contains("pve_storage_active"))
            #expect(trial.exposition[#"pve_cluster_nodes_total{cluster="lab"}"#] == 2)
            #expect(trial.exposition[#"pve_cluster_nodes_online{cluster="lab"}"#] == 1)
            #expect(!fake.takeCalls().contains { $0.contains("pve2") })
        }
    }

    @Test(
        arguments: [
            ("online", 0, true), ("unknown", 1, false), ("offline", 1, false), ("", 1, false), (nil, nil, true),
        ] as [(String?, Double?, Bool)])
    func `statistics are stale when their daemon is silent`(word: String?, stale: Double?, showsStorage: Bool) async throws {
        let row = word.map { Lab.node("pve1", status: $0) } ?? #"{"type":"node","node":"pve1"}"#
        let table = Lab.table(
            status: [Lab.member("pve1")], resources: [row, Lab.storage("pve1"), Lab.remnant(100, on: "pve1")],
            qemu: ["pve1": [Lab.listed(100, name: "web")]], nodes: ["pve1"])
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings(name: "lab")))
            #expect(trial.exposition[#"pve_node_statistics_stale{cluster="lab",node="pve1"}"#] == stale)
            #expect(trial.exposition[#"pve_node_up{cluster="lab",node="pve1"}"#] == 1)
            #expect(trial.families.contains("pve_storage_active") == showsStorage)
            // The node itself still answers.
            #expect(trial.exposition[#"pve_node_load1{cluster="lab",node="pve1"}"#] == 1.5)
            #expect(trial.exposition[#"pve_vm_status{cluster="lab",node="pve1",vmid="100",name="web",type="qemu"}"#] == 1)
            #expect(!trial.families(ofGuest: 100).contains("pve_vm_cpu_usage"))
        }
    }

    @Test func `a node that resources do not hold is neither stale nor fresh`() async throws {
        let table = Lab.table(status: [Lab.member("pve1")], resources: [Lab.storage("pve1"), Lab.node("pve2")], nodes: ["pve1"])
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings(name: "lab")))
            #expect(!trial.families.contains("pve_node_statistics_stale"))
            #expect(trial.exposition[#"pve_storage_active{cluster="lab",node="pve1",storage="local",type="dir"}"#] == 1)
            #expect(trial.families(ofNode: "pve1").allSatisfy { !Self.resourceFamilies.contains($0) })
        }
    }

    @Test func `without resources everything else is there`() async throws {
        let table = Lab.table(qemu: ["pve1": [Lab.listed(100, name: "web")]])
        try await FakeProxmox.serve(table) { fake in
            fake["/cluster/resources"] = .refusal(500, "cfs-lock")
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.reasons == ["lab: failed"])
            #expect(
                trial.families(ofNode: "pve1") == [
                    "pve_node_up", "pve_node_load1", "pve_node_load5", "pve_node_load15", "pve_node_iowait", "pve_node_vm_count",
                    "pve_node_lxc_count",
                ])
            #expect(trial.guest(100).contains("pve_vm_network_in_bytes_total node=pve1 name=web 26.0"))
            #expect(!trial.families.contains("pve_vm_cpu_usage") && !trial.families.contains("pve_storage_active"))
        }
    }

    @Test func `when cluster status fails, resources decide who is there`() async throws {
        let table = Lab.table(
            resources: [
                Lab.node("pve1"), Lab.node("pve2", status: "offline"), Lab.node("pve3", status: "unknown"),
                #"{"type":"node","node":"pve4"}"#,
                Lab.guest(100, on: "pve1"), Lab.guest(101, on: "pve2"), Lab.guest(102, on: "pve3"),
            ], qemu: ["pve1": [Lab.listed(100)]])
        try await FakeProxmox.serve(table) { fake in
            fake["/cluster/status"] = .drop
            let trial = try await scrape(ProxmoxCollector(try fake.settings(name: "lab")))
            #expect(trial.reasons == ["lab: unreachable"])
            #expect(
                trial.exposition.samples.filter { $0.family == "pve_node_up" }.map { "\($0.label("node") ?? "") \($0.value)" } == [
                    "pve1 1.0", "pve2 0.0",
                ])
            // Nobody counts the nodes.
            #expect(!trial.families.contains("pve_cluster_nodes_total") && !trial.families.contains("pve_cluster_quorate"))
            for vmid in [101, 102] { #expect(trial.families(ofGuest: vmid) == ["pve_guest_info"]) }
            #expect(trial.families(ofGuest: 100).contains("pve_vm_status"))
            #expect(fake.takeCalls().filter { $0.hasPrefix("/nodes/") }.allSatisfy { $0.hasPrefix("/nodes/pve1/") })
        }
    }

    @Test func `a member that nobody calls online or offline is not shown`() async throws {
        let table = Lab.table(
            status: [Lab.cluster(), Lab.member("pve1"), #"{"type":"node","name":"pve2"}"#, #"{"type":"node","name":"pve3","online":null}"#])
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.exposition.samples.filter { $0.family == "pve_node_up" }.map { $0.label("node") } == ["pve1"])
            #expect(trial.exposition[#"pve_cluster_nodes_total{cluster="lab"}"#] == 3)
            #expect(trial.exposition[#"pve_cluster_nodes_online{cluster="lab"}"#] == 1)
        }
    }

    @Test func `of two rows about one thing the first counts`() async throws {
        let table = Lab.table(
            status: [Lab.cluster(), Lab.member("pve1"), Lab.member("pve1", online: 0)],
            resources: [
                Lab.node("pve1"), Lab.node("pve1", status: "unknown"), Lab.storage("pve1"), Lab.storage("pve1", status: "unknown"),
                Lab.guest(100, on: "pve1", name: "first"), Lab.guest(100, on: "pve1", name: "second"),
            ],
            qemu: ["pve1": [Lab.listed(100, more: #","pid":1"#), Lab.listed(100, more: #","pid":2"#)]],
            lxc: ["pve1": [Lab.listed(100)]], nodes: ["pve1"])
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.problems == [])
            #expect(trial.exposition[#"pve_node_up{cluster="lab",node="pve1"}"#] == 1)
            #expect(trial.exposition[#"pve_node_statistics_stale{cluster="lab",node="pve1"}"#] == 0)
            #expect(trial.exposition[#"pve_storage_active{cluster="lab",node="pve1",storage="local",type="dir"}"#] == 1)
            #expect(trial.guest(100).contains("pve_vm_pid node=pve1 name=first 1.0"))
            #expect(trial.info(100).count == 1)
        }
    }

    @Test func `a clock of 0 megahertz is no clock, and an empty storage has no used share`() async throws {
        let empty = #"{"type":"storage","node":"pve1","storage":"x","plugintype":"nfs","status":"available","disk":0,"maxdisk":0}"#
        var table = Lab.table(status: [Lab.cluster(), Lab.member("pve1")], resources: [Lab.node("pve1"), empty], nodes: ["pve1"])
        table["/nodes/pve1/status"] = #"{"cpuinfo":{"mhz":"0","cores":8}}"#
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(!trial.families.contains("pve_node_cpu_mhz") && trial.families.contains("pve_node_cpu_cores"))
            #expect(!trial.families.contains("pve_storage_used_fraction"))
            #expect(trial.exposition[#"pve_storage_total_bytes{cluster="lab",node="pve1",storage="x",type="nfs"}"#] == 0)
        }
    }
}
