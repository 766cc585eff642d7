import Testing

@testable import Simulation

/// Keys and kinds of the rows, typed from answers that a real Proxmox VE 9.2 gave.
@Suite struct ShapeTests {
    private static let running: Set<String> = [
        "balloon", "ballooninfo", "blockstat", "cpu", "cpus", "disk", "diskread", "diskwrite", "maxdisk", "maxmem", "mem", "memhost",
        "name",
        "netin", "netout", "nics", "pid", "pressurecpufull", "pressurecpusome", "pressureiofull", "pressureiosome", "pressurememoryfull",
        "pressurememorysome", "proxmox-support", "qmpstatus", "running-machine", "running-qemu", "status", "uptime", "vmid",
    ]
    private static let listed: Set<String> = [
        "cpu", "cpus", "disk", "maxdisk", "maxmem", "mem", "memhost", "name", "netin", "netout", "status", "uptime", "vmid",
    ]
    private static let process: Set<String> = [
        "pid", "pressurecpufull", "pressurecpusome", "pressureiofull", "pressureiosome", "pressurememoryfull", "pressurememorysome",
    ]
    private static let drive: Set<String> = [
        "account_failed", "account_invalid", "failed_flush_operations", "failed_rd_operations", "failed_unmap_operations",
        "failed_wr_operations", "flush_operations", "flush_total_time_ns", "invalid_flush_operations", "invalid_rd_operations",
        "invalid_unmap_operations", "invalid_wr_operations", "rd_bytes", "rd_merged", "rd_operations", "rd_total_time_ns", "timed_stats",
        "unmap_bytes", "unmap_merged", "unmap_operations", "unmap_total_time_ns", "wr_bytes", "wr_highest_offset", "wr_merged",
        "wr_operations", "wr_total_time_ns",
    ]
    private static let container: Set<String> = [
        "cpu", "cpus", "disk", "diskread", "diskwrite", "maxdisk", "maxmem", "maxswap", "mem", "name", "netin", "netout", "status", "swap",
        "type", "uptime", "vmid",
    ]
    private static let optional: Set<String> = ["tags", "lock", "template", "balloon_min", "shares", "freemem"]

    private func everyNode(_ body: (ProxmoxAnswers, NodeView) throws -> Void) throws {
        let answers = answers(try world(guests: 200), after: 1234)
        for node in answers.inventory.nodes { try body(answers, answers.world.view(of: node.index, at: answers.moment)) }
    }

    @Test func `qemu, full`() throws {
        var seen: Set<String> = []
        try everyNode { answers, view in
            for row in try rows(answers.qemuList(view, isFull: true)) {
                let guest = try guest(of: row, in: answers.inventory)
                let expected = guest.isLive ? Self.running : Self.listed.union(["qmpstatus"])
                #expect(row.keys.subtracting(Self.optional) == expected, "\(guest.name)")
                seen.insert(try #require(row["qmpstatus"]?.string))
                #expect(row["template"]?.integer == (guest.role == .template ? 1 : nil))
                #expect((row["freemem"] != nil) == (guest.isLive && guest.hasBalloonDriver))
                guard guest.isLive else { continue }
                try checkMonitor(row, guest)
            }
        }
        #expect(seen == ["running", "stopped", "paused"])
    }

    private func checkMonitor(_ row: Tree, _ guest: Guest) throws {
        let drives = try #require(row["blockstat"])
        #expect(drives.keys == ["scsi0", "scsi1", "scsi2", "ide2"])
        var (read, written) = (0, 0)
        for name in drives.keys {
            let drive = try #require(drives[name])
            #expect(drive.keys == (name == "ide2" ? Self.drive : Self.drive.union(["idle_time_ns"])))
            #expect(drive["timed_stats"] == .array([]) && drive["account_failed"] == .bool(true))
            read += try #require(drive["rd_bytes"]?.integer)
            written += try #require(drive["wr_bytes"]?.integer)
        }
        #expect(row["diskread"]?.integer == read && row["diskwrite"]?.integer == written)
        let cards = try #require(row["nics"])
        #expect(cards.keys == ["tap\(guest.vmid)i0", "tap\(guest.vmid)i1"])
        #expect(cards.keys.reduce(0) { $0 + (cards[$1]?["netin"]?.integer ?? 0) } == row["netin"]?.integer)
        #expect(cards.keys.reduce(0) { $0 + (cards[$1]?["netout"]?.integer ?? 0) } == row["netout"]?.integer)
        let balloon = try #require(row["ballooninfo"])
        let driver: Set<String> = [
            "total_mem", "free_mem", "mem_swapped_in", "mem_swapped_out", "major_page_faults", "minor_page_faults", "last_update",
        ]
        #expect(balloon.keys == (guest.hasBalloonDriver ? driver.union(["actual", "max_mem"]) : ["actual", "max_mem"]))
        for key in Self.process where key != "pid" { #expect(row[key]?.number != nil) }
        #expect(row["proxmox-support"]?.keys.count == 9 && row["proxmox-support"]?["pbs-masterkey"] == .bool(true))
        for key in ["pid", "uptime", "mem", "memhost", "maxmem", "maxdisk", "netin", "netout", "balloon", "cpus"] {
            #expect(row[key]?.integer != nil, "\(key)")
        }
    }

    @Test func `qemu, short`() throws {
        try everyNode { answers, view in
            for row in try rows(answers.qemuList(view, isFull: false)) {
                let guest = try guest(of: row, in: answers.inventory)
                #expect(row.keys.subtracting(Self.optional) == (guest.isLive ? Self.listed.union(Self.process) : Self.listed))
            }
        }
    }

    @Test func `containers give pressure as text`() throws {
        try everyNode { answers, view in
            for row in try rows(answers.lxcList(view)) {
                let guest = try guest(of: row, in: answers.inventory)
                #expect(row.keys.subtracting(Self.optional) == (guest.isLive ? Self.container.union(Self.process) : Self.container))
                for key in Self.process where key != "pid" && guest.isLive {
                    let text = try #require(row[key]?.string)
                    #expect(Double(text) != nil && text.dropFirst(text.count - 3).first == ".")
                }
                #expect((row["disk"]?.integer ?? 0 > 0) == guest.isLive)
            }
        }
    }

    @Test func `status of one guest adds what the cluster knows`() throws {
        try everyNode { answers, view in
            let vm = answers.inventory.guests[view.node.qemu[0]]
            let detail = try #require(try Tree(answers.qemuStatus(vm, view))["data"])
            let row = try #require(try rows(answers.qemuList(view, isFull: true)).first { $0["vmid"]?.integer == vm.vmid })
            #expect(detail.keys.subtracting(["ha", "agent"]) == row.keys)
            #expect(detail["ha"]?["managed"]?.integer == (vm.isManaged ? 1 : 0))
            let container = answers.inventory.guests[view.node.lxc[0]]
            #expect(try Tree(answers.lxcStatus(container, view))["data"]?["ha"]?["managed"] != nil)
        }
    }

    @Test func `resources`() throws {
        let answers = answers(try world(guests: 200), after: 1234)
        let all = try rows(answers.clusterResources(type: nil))
        let known: Set<String> = [
            "cpu", "disk", "diskread", "diskwrite", "id", "maxcpu", "maxdisk", "maxmem", "mem", "memhost", "name", "netin", "netout",
            "node",
            "status", "template", "type", "uptime", "vmid",
        ]
        var statuses: Set<String> = []
        for row in all {
            switch try #require(row["type"]?.string) {
            case "qemu", "lxc":
                #expect(row.keys.subtracting(["tags", "pool", "hastate", "lock"]) == known)
                #expect(row["template"]?.integer != nil)
                statuses.insert(try #require(row["status"]?.string))
            case "node":
                #expect(
                    row.keys == [
                        "cgroup-mode", "cpu", "disk", "hastate", "id", "level", "maxcpu", "maxdisk", "maxmem", "mem", "node", "status",
                        "type",
                        "uptime",
                    ])
            case "storage":
                #expect(
                    row.keys == ["content", "disk", "id", "maxdisk", "node", "plugintype", "shared", "status", "storage", "type"])
            case "pool": #expect(row.keys == ["cpu", "id", "maxcpu", "maxmem", "mem", "pool", "type", "uptime"])
            case "network": #expect(row.keys == ["id", "network", "network-type", "node", "status", "type"])
            case let other: Issue.record("a row of type \(other)")
            }
        }
        #expect(statuses == ["running", "stopped", "paused"])
        let counts = { (type: ProxmoxAnswers.ResourceType) in try rows(answers.clusterResources(type: type)).count }
        #expect(try counts(.vm) == 200 && counts(.node) == 4 && counts(.storage) == 12 && counts(.sdn) == 0)
        let shared = all.filter { $0["shared"]?.integer == 1 }
        #expect(shared.count == 4 && Set(shared.compactMap { $0["disk"]?.integer }).count == 1)
    }

    @Test func `pools sum their guests`() throws {
        let all = try rows(answers(try world(), after: 60).clusterResources(type: nil))
        for pool in all where pool["type"] == .string("pool") {
            let members = all.filter { $0["vmid"] != nil && $0["pool"] == pool["pool"] }
            let sum = { (key: String) in members.reduce(0) { $0 + ($1[key]?.integer ?? 0) } }
            #expect(
                pool["mem"]?.integer == sum("mem") && pool["maxmem"]?.integer == sum("maxmem") && pool["maxcpu"]?.integer == sum("maxcpu"))
        }
    }

    @Test func `node status`() throws {
        try everyNode { answers, view in
            let status = try #require(try Tree(answers.nodeStatus(view))["data"])
            #expect(
                status.keys == [
                    "boot-info", "cpu", "cpuinfo", "current-kernel", "idle", "ksm", "kversion", "loadavg", "memory", "pveversion", "rootfs",
                    "swap", "uptime", "wait",
                ])
            #expect(status["cpuinfo"]?.keys == ["cores", "cpus", "family", "flags", "hvm", "mhz", "model", "sockets", "user_hz", "vendor"])
            #expect(status["cpuinfo"]?["mhz"]?.kind == "string" && status["cpuinfo"]?["cores"]?.kind == "integer")
            let load = try #require(status["loadavg"]).elements
            #expect(load.count == 3 && load.allSatisfy { Double($0.string ?? "") != nil })
            let memory = try #require(status["memory"])
            #expect(memory["used"]?.integer == (memory["total"]?.integer ?? 0) - (memory["available"]?.integer ?? 0))
            let rows = try rows(answers.clusterResources(type: .node))
            let row = try #require(rows.first { $0["node"] == .string(view.node.name) })
            #expect(row["maxmem"] == memory["total"] && row["maxdisk"] == status["rootfs"]?["total"])
            #expect(abs((row["cpu"]?.number ?? 0) - (status["cpu"]?.number ?? 1)) < 0.05)
        }
    }

    @Test func `tasks`() throws {
        let world = try world([Step(after: 5000, scenario: .nodeDown, node: "pve2")])
        for seconds in [0.0, 601, 3333, 5600] {
            let answers = answers(world, after: seconds)
            let tasks = try rows(answers.clusterTasks())
            #expect(tasks.contains { $0["endtime"] == nil && $0["status"] == nil && $0["pid"] != nil })
            #expect(tasks.contains { $0["status"] == .string("OK") && $0["saved"] == .string("1") })
            #expect(tasks.compactMap { $0["starttime"]?.integer } == tasks.compactMap { $0["starttime"]?.integer }.sorted(by: >))
            #expect(seconds < 5000 || !tasks.contains { $0["node"] == .string("pve2") })
            let upid = try #require(tasks.first?["upid"]?.string).split(separator: ":", omittingEmptySubsequences: false)
            #expect(upid.count == 9 && upid[0] == "UPID" && upid[2].count == 8 && upid[8].isEmpty)
            #expect(Int(upid[4], radix: 16) == tasks.first?["starttime"]?.integer)
        }
        let answers = answers(world, after: 100)
        let view = world.view(of: 0, at: answers.moment)
        let listed = try Tree(answers.nodeTasks(view, TaskFilter()))
        #expect(listed["data"]?.elements.contains { $0["endtime"] == nil } == false)
        #expect(listed["data"]?.elements.count == 50 && listed["total"]?.integer ?? 0 > 50)
        let errors = try Tree(answers.nodeTasks(view, try TaskFilter([("errors", "1")])))
        #expect(errors["data"]?.elements.contains { $0["status"] == .string("job errors") } == true)
        #expect(errors["data"]?.elements.contains { $0["status"] == .string("OK") } == false)
        let few = try Tree(answers.nodeTasks(view, try TaskFilter([("limit", "2"), ("source", "all")])))
        #expect(few["data"]?.elements.count == 2 && few["total"]?.integer ?? 0 > 2)
    }
}
