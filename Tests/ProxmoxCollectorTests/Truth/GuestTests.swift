import CollectorConformance
import Exporting
import ProxmoxCollector
import Testing

@Suite struct GuestTests {
    private static let oneNode = [Lab.cluster(), Lab.member("pve1")]

    /// What the collector shows of one node's guests.
    private static func trial(_ resources: [String], qemu: [String] = [], lxc: [String] = []) async throws -> Trial {
        var trial: Trial?
        let table = Lab.table(
            status: oneNode, resources: [Lab.node("pve1")] + resources, qemu: ["pve1": qemu], lxc: ["pve1": lxc], nodes: ["pve1"])
        try await FakeProxmox.serve(table) { fake in trial = try await scrape(ProxmoxCollector(try fake.settings())) }
        let found = try #require(trial)
        #expect(found.problems == [])
        return found
    }

    @Test func `values come from the list, processor time from resources`() async throws {
        let trial = try await Self.trial([Lab.guest(100, on: "pve1")], qemu: [Lab.listed(100, more: #","cpu":0.9"#)])
        #expect(
            trial.guest(100) == [
                "pve_guest_info node=pve1 name=guest-100 1.0", "pve_vm_status node=pve1 name=guest-100 1.0",
                "pve_vm_uptime_seconds node=pve1 name=guest-100 25.0", "pve_vm_cpu_usage node=pve1 name=guest-100 0.5",
                "pve_vm_cpus node=pve1 name=guest-100 4.0", "pve_vm_memory_used_bytes node=pve1 name=guest-100 21.0",
                "pve_vm_memory_max_bytes node=pve1 name=guest-100 22.0", "pve_vm_disk_max_bytes node=pve1 name=guest-100 24.0",
                "pve_vm_network_in_bytes_total node=pve1 name=guest-100 26.0", "pve_vm_ha_managed node=pve1 name=guest-100 0.0",
            ])
    }

    @Test func `a stopped guest has what its rows hold`() async throws {
        let row = #"{"vmid":101,"status":"stopped","uptime":0,"mem":0,"netin":0,"cpus":1}"#
        let trial = try await Self.trial([Lab.guest(101, on: "pve1", status: "stopped")], qemu: [row])
        for line in ["pve_vm_status", "pve_vm_uptime_seconds", "pve_vm_memory_used_bytes", "pve_vm_network_in_bytes_total"] {
            #expect(trial.guest(101).contains("\(line) node=pve1 name=guest-101 0.0"), "\(line)")
        }
        #expect(!trial.families(ofGuest: 101).contains("pve_vm_disk_read_bytes_total"))
    }

    @Test func `a paused machine runs`() async throws {
        let trial = try await Self.trial(
            [Lab.guest(103, on: "pve1", status: "paused")], qemu: [Lab.listed(103, more: #","qmpstatus":"paused""#)])
        #expect(trial.guest(103).contains("pve_vm_status node=pve1 name=guest-103 1.0"))
    }

    @Test(arguments: ["qemu", "lxc"])
    func `a template has its info and no values, and counts`(kind: String) async throws {
        // By resources; by the list; resources are right when they differ.
        let resources = [
            Lab.guest(1, on: "pve1", kind, template: 1), Lab.guest(3, on: "pve1", kind, template: 0),
            Lab.guest(4, on: "pve1", kind, template: 1),
        ]
        let listed = [Lab.listed(1), Lab.listed(2, more: #","template":1"#), Lab.listed(3, more: #","template":1"#)]
        let trial = try await Self.trial(resources, qemu: kind == "qemu" ? listed : [], lxc: kind == "lxc" ? listed : [])
        for vmid in [1, 2, 4] {
            #expect(trial.families(ofGuest: vmid) == ["pve_guest_info"])
            #expect(trial.info(vmid).map { $0["template"] } == ["1"])
        }
        #expect(trial.info(3).map { $0["template"] } == ["0"] && trial.families(ofGuest: 3).count > 1)
        let count = kind == "qemu" ? "pve_node_vm_count" : "pve_node_lxc_count"
        #expect(trial.exposition[#"\#(count){cluster="lab",node="pve1"}"#] == 3)
    }

    @Test func `a guest that only its list knows`() async throws {
        let trial = try await Self.trial(
            [], qemu: [Lab.listed(100, name: "new", more: #","tags":"a;b""#)], lxc: [Lab.listed(200, name: "ct")])
        #expect(trial.info(100) == [["node": "pve1", "name": "new", "type": "qemu", "template": "0", "tags": "a;b", "pool": ""]])
        #expect(trial.info(200) == [["node": "pve1", "name": "ct", "type": "lxc", "template": "0", "tags": "", "pool": ""]])
        #expect(trial.guest(100).contains("pve_vm_status node=pve1 name=new 1.0"))
        #expect(!trial.families.contains("pve_vm_cpu_usage") && !trial.families.contains("pve_lxc_cpu_usage"))
    }

    @Test func `name, tags and pool come from resources before the list`() async throws {
        let row = Lab.guest(100, on: "pve1", name: "new", more: #","tags":"x","pool":"prod""#)
        let trial = try await Self.trial([row], qemu: [Lab.listed(100, name: "old", more: #","tags":"y""#)])
        #expect(trial.info(100) == [["node": "pve1", "name": "new", "type": "qemu", "template": "0", "tags": "x", "pool": "prod"]])
        #expect(trial.guest(100).allSatisfy { $0.contains("name=new") })
    }

    @Test func `pressure is shown in percent and as a ratio`() async throws {
        let trial = try await Self.trial(
            [], qemu: [Lab.listed(100, more: #","pressurecpusome":50,"pressureiofull":"1.5","pressurememoryfull":null"#)])
        for line in ["cpu_some 50.0", "cpu_some_ratio 0.5", "io_full 1.5", "io_full_ratio 0.015"] {
            let (name, value) = (line.split(separator: " ")[0], line.split(separator: " ")[1])
            #expect(trial.guest(100).contains("pve_vm_pressure_\(name) node=pve1 name=guest-100 \(value)"))
        }
        #expect(!trial.families.contains("pve_vm_pressure_memory_full") && !trial.families.contains("pve_vm_pressure_memory_full_ratio"))
    }

    // MARK: the list fails

    @Test(
        arguments: [
            ("running", 1), ("paused", 1), ("suspended", 0), ("stopped", 0), ("prelaunch", 0), ("unknown", nil),
        ] as [(String, Double?)], ["qemu", "lxc"])
    func `a failed list falls back to resources, without counters`(row: (word: String, value: Double?), kind: String) async throws {
        let table = Lab.table(
            status: Self.oneNode, resources: [Lab.node("pve1"), Lab.guest(100, on: "pve1", kind, name: "web", status: row.word)],
            nodes: ["pve1"])
        let (list, prefix) = kind == "qemu" ? ("qemu?full=1", "pve_vm_") : ("lxc", "pve_lxc_")
        try await FakeProxmox.serve(table) { fake in
            fake["/nodes/pve1/\(list)"] = .refusal(500, "got timeout")
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.reasons == ["lab/pve1: failed"])
            var lines = ["cpu_usage 0.5", "cpus 2.0", "memory_used_bytes 11.0", "memory_max_bytes 12.0"]
            if kind == "lxc" { lines.append("disk_used_bytes 13.0") }
            lines.append("disk_max_bytes 14.0")
            if let value = row.value { lines.insert("status \(value)", at: 0) }
            #expect(
                trial.guest(100) == ["pve_guest_info node=pve1 name=web 1.0"]
                    + lines.map { line in
                        let words = line.split(separator: " ")
                        return "\(prefix)\(words[0]) node=pve1 name=web \(words[1])"
                    } + ["\(prefix)ha_managed node=pve1 name=web 0.0"])
            // What could not be counted is not 0.
            #expect(!trial.families.contains(kind == "qemu" ? "pve_node_vm_count" : "pve_node_lxc_count"))
            #expect(trial.families.contains(kind == "qemu" ? "pve_node_lxc_count" : "pve_node_vm_count"))
        }
    }

    @Test func `the node's status and its two lists fail each alone`() async throws {
        let table = Lab.table(
            status: Self.oneNode, resources: [Lab.node("pve1"), Lab.guest(100, on: "pve1"), Lab.guest(200, on: "pve1", "lxc")],
            qemu: ["pve1": [Lab.listed(100)]], lxc: ["pve1": [Lab.listed(200, more: #","disk":23"#)]], nodes: ["pve1"])
        try await FakeProxmox.serve(table) { fake in
            let collector = ProxmoxCollector(try fake.settings())
            let lost = [
                "status": "pve_node_load1", "qemu?full=1": "pve_vm_network_in_bytes_total", "lxc": "pve_lxc_network_in_bytes_total",
            ]
            let whole = try await scrape(collector)
            for (path, family) in lost {
                fake.set(table)
                fake["/nodes/pve1/\(path)"] = .refusal(403, "Permission check failed (/vms/100, VM.Audit)")
                let trial = try await scrape(collector)
                #expect(trial.reasons == ["lab/pve1: forbidden"])
                #expect(trial.problems.count == 1)
                #expect(trial.problems[0].message.hasPrefix("GET /nodes/pve1/\(path): 403 Permission check failed (/vms/100, VM.Audit); "))
                #expect(!trial.families.contains(family))
                for other in lost.values where other != family { #expect(trial.families.contains(other)) }
                #expect(trial.families.isSubset(of: whole.families))
            }
        }
    }

    // MARK: migration

    private static func moving(_ qemu: [String: [String]], owner: String = "pve1", owned: String = "running") async throws -> Trial {
        var trial: Trial?
        let table = Lab.table(
            resources: [Lab.node("pve1"), Lab.node("pve2"), Lab.guest(100, on: owner, name: "web", status: owned)], qemu: qemu)
        try await FakeProxmox.serve(table) { fake in trial = try await scrape(ProxmoxCollector(try fake.settings())) }
        return try #require(trial)
    }

    @Test func `a guest that no list holds has its info and processor time`() async throws {
        let trial = try await Self.moving([:])
        #expect(
            trial.guest(100) == [
                "pve_guest_info node=pve1 name=web 1.0", "pve_vm_cpu_usage node=pve1 name=web 0.5",
                "pve_vm_ha_managed node=pve1 name=web 0.0",
            ])
    }

    @Test func `a guest is where it is listed`() async throws {
        let trial = try await Self.moving(["pve2": [Lab.listed(100)]])
        #expect(trial.guest(100).contains("pve_vm_network_in_bytes_total node=pve2 name=web 26.0"))
        #expect(trial.guest(100).contains("pve_vm_cpu_usage node=pve2 name=web 0.5"))
        #expect(trial.guest(100).allSatisfy { $0.contains("node=pve2") } && trial.info(100).count == 1)
    }

    @Test(arguments: ["pve1", "pve2"])
    func `of two nodes that list a guest the one counts that resources name`(owner: String) async throws {
        let trial = try await Self.moving(
            ["pve1": [Lab.listed(100, more: #","pid":1"#)], "pve2": [Lab.listed(100, more: #","pid":2"#)]], owner: owner)
        #expect(trial.guest(100).contains("pve_vm_pid node=\(owner) name=web \(owner == "pve1" ? 1.0 : 2.0)"))
        #expect(trial.guest(100).allSatisfy { $0.contains("node=\(owner)") } && trial.info(100).count == 1)
        #expect(trial.problems == [])
    }

    @Test func `a guest that was taken over from an offline node is where it is listed`() async throws {
        let table = Lab.table(
            status: [Lab.cluster(), Lab.member("pve1", online: 0), Lab.member("pve2")],
            resources: [Lab.node("pve1", status: "offline"), Lab.node("pve2"), Lab.remnant(100, on: "pve1")],
            qemu: ["pve2": [Lab.listed(100, name: "web")]], nodes: ["pve2"])
        try await FakeProxmox.serve(table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.guest(100).allSatisfy { $0.contains("node=pve2 name=web") } && trial.info(100).count == 1)
            #expect(trial.families(ofGuest: 100).contains("pve_vm_status"))
        }
    }

    @Test func `a guest whose own node's list failed is where another lists it`() async throws {
        let table = Lab.table(
            resources: [Lab.node("pve1"), Lab.node("pve2"), Lab.guest(100, on: "pve1"), Lab.guest(101, on: "pve1")],
            qemu: ["pve2": [Lab.listed(100)]])
        try await FakeProxmox.serve(table) { fake in
            fake["/nodes/pve1/qemu?full=1"] = .drop
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.guest(100).contains("pve_vm_network_in_bytes_total node=pve2 name=guest-100 26.0") && trial.info(100).count == 1)
            #expect(trial.guest(101).contains("pve_vm_memory_used_bytes node=pve1 name=guest-101 11.0"))
        }
    }
}
