import Testing

@testable import Simulation

/// What burdens a host, as its exporter, its API and its guests show it.
@Suite struct HostScenarioTests {
    private struct Scene {
        let world: World
        let old: Exposition
        let new: Exposition
        let answers: ProxmoxAnswers
        var node: Node { world.inventory.nodes[1] }
        var view: NodeView { world.view(of: 1, at: answers.moment) }

        func rate(_ family: String, _ labels: String = "") -> Double {
            SimulationTests.rate(old, new, over: 300, family, labels)
        }
        /// The newest row of its statistics.
        func statistics() throws -> Tree { try #require(try rows(answers.statistics(view, .hour)).last) }
        func status() throws -> Tree { try #require(try Tree(answers.nodeStatus(view))["data"]) }
        /// The detail of a guest of its node.
        func guests() throws -> [Tree] {
            try rows(answers.qemuList(view, isFull: true)).filter {
                try guest(of: $0, in: world.inventory).role == .running
            }
        }
        /// What the exporters inside its running guests say.
        func inside(_ seconds: Double = 1200) throws -> [(guest: Guest, exposition: Exposition)] {
            try (node.qemu + node.lxc).map { world.inventory.guests[$0] }.filter { $0.role == .running }.compactMap { guest in
                try Exposition(world, guest: guest.index, after: seconds).map { (guest, $0) }
            }
        }
    }

    /// pve2, ten minutes after it began, and five before that.
    private func scene(_ scenario: Scenario) throws -> Scene {
        let world = try world([Step(after: 600, scenario: scenario, node: "pve2")])
        return Scene(
            world: world, old: try #require(try Exposition(world, node: 1, after: 900)),
            new: try #require(try Exposition(world, node: 1, after: 1200)), answers: answers(world, after: 1200))
    }

    @Test func `host-saturated: threads work, more wait, guests feel it`() throws {
        let scene = try scene(.hostSaturated)
        let threads = Double(scene.node.threads)
        let busy = threads - scene.rate("node_cpu_seconds_total", #"mode="idle""#) - scene.rate("node_cpu_seconds_total", #"mode="iowait""#)
        #expect(busy / threads > 0.94 && busy / threads <= 1)
        #expect(try abs((scene.status()["cpu"]?.number ?? 0) - busy / threads) < 0.02)
        #expect((scene.new["node_load1"] ?? 0) / threads > 2)
        #expect(try Double(scene.status()["loadavg"]?.elements.first?.string ?? "") == scene.new["node_load1"])
        let pressure =
            ((scene.new["node_pressure_cpu_waiting_seconds_total"] ?? 0) - (scene.old["node_pressure_cpu_waiting_seconds_total"] ?? 0))
            / 300
        #expect(pressure > 0.5 && pressure < 0.7)
        #expect(try abs((scene.statistics()["pressurecpusome"]?.number ?? 0) / 100 - pressure) < 0.05)
        #expect(try scene.guests().allSatisfy { $0["pressurecpusome"]?.number == 45 })
    }

    @Test func `cpu-steal: of the host and of each Linux`() throws {
        let scene = try scene(.cpuSteal)
        #expect(scene.rate("node_cpu_seconds_total", #"mode="steal""#) / Double(scene.node.threads) > 0.1)
        for (guest, new) in try scene.inside() where !scene.world.isWindows(guest) {
            let old = try #require(try Exposition(scene.world, guest: guest.index, after: 900))
            #expect(rate(old, new, over: 300, "node_cpu_seconds_total", #"mode="steal""#) / Double(guest.cpus) > 0.14)
        }
    }

    @Test func `memory-high: neither host nor guests have any left, and the cache has given up its own`() throws {
        let scene = try scene(.memoryHigh)
        let total = try #require(scene.new["node_memory_MemTotal_bytes"])
        let reclaimable = (scene.new["node_zfs_arc_size"] ?? 0) - (scene.new["node_zfs_arc_c_min"] ?? 0)
        #expect(reclaimable == 0)
        #expect(1 - (scene.new["node_memory_MemAvailable_bytes"] ?? 0) / total > 0.98)
        #expect(try (scene.status()["memory"]?["used"]?.number ?? 0) / total > 0.98)
        for (guest, inside) in try scene.inside() {
            let (size, available) =
                scene.world.isWindows(guest)
                ? (inside["windows_memory_physical_total_bytes"], inside["windows_memory_available_bytes"])
                : (inside["node_memory_MemTotal_bytes"], inside["node_memory_MemAvailable_bytes"])
            #expect((available ?? 1) / (size ?? 1) < 0.05, "\(guest.name)")
        }
        #expect(try scene.guests().allSatisfy { ($0["mem"]?.number ?? 0) / ($0["maxmem"]?.number ?? 1) > 0.95 })
    }

    @Test func `swapping: pages go out and come back, and tasks wait for them`() throws {
        let scene = try scene(.swapping)
        func rate(_ name: String) -> Double { ((scene.new[name] ?? 0) - (scene.old[name] ?? 0)) / 300 }
        #expect(rate("node_vmstat_pswpin") + rate("node_vmstat_pswpout") > 1000)
        #expect(rate("node_pressure_memory_waiting_seconds_total") > 0.15)
        #expect(try (scene.statistics()["pressurememorysome"]?.number ?? 0) > 15)
        #expect(try (scene.status()["swap"]?["used"]?.number ?? 0) / Double(scene.node.swapBytes) > 0.6)
        for (guest, new) in try scene.inside() {
            let old = try #require(try Exposition(scene.world, guest: guest.index, after: 900))
            let isWindows = scene.world.isWindows(guest)
            let size = new[isWindows ? "windows_memory_physical_total_bytes" : "node_memory_MemTotal_bytes"]
            let available = new[isWindows ? "windows_memory_available_bytes" : "node_memory_MemAvailable_bytes"]
            // Short, and not so short that other alerts tell of it first.
            #expect((0.05..<0.2).contains((available ?? 1) / (size ?? 1)), "\(guest.name)")
            let name = scene.world.isWindows(guest) ? "windows_memory_swap_pages_read_total" : "node_vmstat_pswpin"
            #expect(((new[name] ?? 0) - (old[name] ?? 0)) / 300 > (scene.world.isWindows(guest) ? 1000 : 400))
        }
        // Without it nothing is moved, though something was.
        let calm = try world()
        let (first, later) = (
            try #require(try Exposition(calm, node: 1, after: 0)), try #require(try Exposition(calm, node: 1, after: 9000))
        )
        #expect(first["node_vmstat_pswpout"] == later["node_vmstat_pswpout"] && first["node_vmstat_pswpout"] ?? 0 > 0)
    }

    @Test func `oom-kill: one at once, then one every five minutes`() throws {
        let world = try world([Step(after: 600, scenario: .oomKill, node: "pve2")])
        func kills(_ seconds: Double) throws -> Double? { try Exposition(world, node: 1, after: seconds)?["node_vmstat_oom_kill"] }
        #expect(try [kills(599), kills(601), kills(890), kills(901), kills(1201)] == [0, 1, 1, 2, 3])
    }

    @Test func `overcommitted: guests were promised more than there is`() throws {
        let scene = try scene(.overcommitted)
        let total = try #require(scene.new["node_memory_MemTotal_bytes"])
        let promised = (scene.node.qemu + scene.node.lxc).map { scene.world.inventory.guests[$0] }.reduce(0) {
            $0 + ($1.isLive ? $1.memoryBytes : 0)
        }
        #expect(Double(promised) / total > 1.2)
        #expect(try scene.status()["memory"]?["total"]?.number == total)
        let row = try rows(scene.answers.clusterResources(type: .node)).first { $0["node"] == .string("pve2") }
        #expect(row?["maxmem"]?.number == total)
        #expect((scene.new["node_memory_MemAvailable_bytes"] ?? 0) > 0)
    }

    @Test func `disk-latency: host, hypervisor and guests agree that requests take long`() throws {
        let scene = try scene(.diskLatency)
        for device in ["nvme0n1", "sda"] {
            let labels = #"device="\#(device)""#
            let operations = scene.rate("node_disk_reads_completed_total", labels) + scene.rate("node_disk_writes_completed_total", labels)
            let seconds = scene.rate("node_disk_read_time_seconds_total", labels) + scene.rate("node_disk_write_time_seconds_total", labels)
            #expect(operations > 1 && seconds / operations > 0.06, "\(device): \(seconds) for \(operations)")
            #expect(scene.rate("node_disk_io_time_seconds_total", labels) <= 1)
        }
        let earlier = try rows(answers(scene.world, after: 900).qemuList(scene.view, isFull: true))
        for row in try scene.guests() where try guest(of: row, in: scene.world.inventory).role == .running {
            let old = try #require(earlier.first { $0["vmid"] == row["vmid"] })
            func growth(_ name: String) -> Double {
                (row["blockstat"]?["scsi0"]?[name]?.number ?? 0) - (old["blockstat"]?["scsi0"]?[name]?.number ?? 0)
            }
            let operations = growth("rd_operations") + growth("wr_operations")
            #expect(operations > 300 && (growth("rd_total_time_ns") + growth("wr_total_time_ns")) / operations > 60e6)
            #expect(row["pressureiosome"]?.number == 45)
        }
        for (guest, new) in try scene.inside() {
            let old = try #require(try Exposition(scene.world, guest: guest.index, after: 900))
            let isWindows = scene.world.isWindows(guest)
            let (times, counts) =
                isWindows
                ? (
                    ["windows_logical_disk_read_write_latency_seconds_total"],
                    ["windows_logical_disk_reads_total", "windows_logical_disk_writes_total"]
                )
                : (
                    ["node_disk_read_time_seconds_total", "node_disk_write_time_seconds_total"],
                    ["node_disk_reads_completed_total", "node_disk_writes_completed_total"]
                )
            let labels = isWindows ? #"volume="C:""# : guest.kind == .lxc ? #"device="nvme0n1""# : #"device="sda""#
            func growth(_ families: [String]) -> Double { families.reduce(0) { $0 + rate(old, new, over: 300, $1, labels) } }
            #expect(growth(counts) > 1 && growth(times) / growth(counts) > 0.06, "\(guest.name)")
        }
    }

    @Test func `disk-full: the root, its inodes, and the guests' volumes`() throws {
        let scene = try scene(.diskFull)
        let root = #"{device="/dev/mapper/pve-root",fstype="ext4",mountpoint="/"}"#
        let size = try #require(scene.new["node_filesystem_size_bytes" + root])
        #expect((scene.new["node_filesystem_free_bytes" + root] ?? size) / size < 0.04)
        #expect((scene.new["node_filesystem_files_free" + root] ?? 0) / (scene.new["node_filesystem_files" + root] ?? 1) < 0.02)
        #expect(try (scene.status()["rootfs"]?["used"]?.number ?? 0) / size > 0.96)
        let storage = try rows(scene.answers.storages(scene.view, ProxmoxAnswers.StorageFilter())).first {
            $0["storage"] == .string("local")
        }
        #expect(storage?["used_fraction"]?.number ?? 0 > 0.96)
        for (guest, inside) in try scene.inside() {
            let isWindows = scene.world.isWindows(guest)
            let labels = isWindows ? #"volume="C:""# : #"mountpoint="/""#
            let free = inside.sum(isWindows ? "windows_logical_disk_free_bytes" : "node_filesystem_free_bytes", labels)
            let size = inside.sum(isWindows ? "windows_logical_disk_size_bytes" : "node_filesystem_size_bytes", labels)
            #expect(size > 0 && free / size < 0.02, "\(guest.name)")
        }
    }

    @Test func `disk-filling: full within a day, and the pool within four`() throws {
        let world = try world([Step(after: 600, scenario: .diskFilling, node: "pve2")])
        let root = #"node_filesystem_avail_bytes{device="/dev/mapper/pve-root",fstype="ext4",mountpoint="/"}"#
        let old = try #require(try Exposition(world, node: 1, after: 700)?[root])
        let new = try #require(try Exposition(world, node: 1, after: 1000)?[root])
        #expect(new > 0 && new + (new - old) / 300 * 86_400 < 0)
        func pool(_ seconds: Double) throws -> Double {
            let answers = answers(world, after: seconds)
            let row = try rows(answers.clusterResources(type: .storage)).first { $0["id"] == .string("storage/pve2/local-zfs") }
            return (row?["disk"]?.number ?? 0) / (row?["maxdisk"]?.number ?? 1)
        }
        let (before, after) = (try pool(700), try pool(1000))
        #expect(before > 0.6 && after < 0.95 && after + (after - before) / 300 * 4 * 86_400 > 1)
    }

    @Test func `packet-drops: one in two hundred, on the host and inside`() throws {
        let scene = try scene(.packetDrops)
        for device in ["eno1", "bond0"] {
            let labels = #"device="\#(device)""#
            #expect(
                scene.rate("node_network_receive_drop_total", labels) / scene.rate("node_network_receive_packets_total", labels) > 0.001)
            #expect(scene.rate("node_network_receive_errs_total", labels) > 1)
        }
        for (guest, new) in try scene.inside() {
            let old = try #require(try Exposition(scene.world, guest: guest.index, after: 900))
            let family = scene.world.isWindows(guest) ? "windows_net_packets_received_discarded_total" : "node_network_receive_drop_total"
            #expect(rate(old, new, over: 300, family) > 2, "\(guest.name)")
        }
        let calm = try world()
        let (first, later) = (
            try #require(try Exposition(calm, node: 1, after: 0)), try #require(try Exposition(calm, node: 1, after: 90_000))
        )
        #expect(first.sum("node_network_receive_drop_total") == later.sum("node_network_receive_drop_total"))
    }

    @Test func `bond-degraded: the second card is silent, and the first carries all`() throws {
        let scene = try scene(.bondDegraded)
        #expect(scene.new[#"node_bonding_slaves{master="bond0"}"#] == 2 && scene.new[#"node_bonding_active{master="bond0"}"#] == 1)
        #expect(scene.new[#"node_network_carrier{device="eno2"}"#] == 0 && scene.new[#"node_network_up{device="eno2"}"#] == 0)
        #expect(scene.rate("node_network_receive_bytes_total", #"device="eno2""#) == 0)
        let (one, bond) = (
            scene.rate("node_network_receive_bytes_total", #"device="eno1""#),
            scene.rate("node_network_receive_bytes_total", #"device="bond0""#)
        )
        #expect(one > 0 && abs(one - bond) < 1)
        let calm = try #require(try Exposition(try world(), node: 1, after: 900))
        #expect(calm[#"node_bonding_active{master="bond0"}"#] == 2 && calm[#"node_network_up{device="eno2"}"#] == 1)
    }

    @Test func `overheating: sensors are near what harms them, and the disks say the same`() throws {
        let scene = try scene(.overheating)
        let critical = try #require(scene.new[#"node_hwmon_temp_crit_celsius{chip="nvme_nvme0",sensor="temp1"}"#])
        let heat = try #require(scene.new[#"node_hwmon_temp_celsius{chip="nvme_nvme0",sensor="temp1"}"#])
        #expect(heat > critical - 5)
        let text = try #require(
            try Tree(scene.answers.smart("/dev/nvme0n1", scene.view, isHealthOnly: false) ?? [])["data"]?["text"]?.string)
        #expect(text.contains("\(Int(heat.rounded(.up))) Celsius"))
        let calm = try #require(try Exposition(try world(), node: 1, after: 900))
        #expect(calm.max("node_hwmon_temp_celsius") ?? 99 < 75)
    }

    @Test func `clock-skew: it has lost its source`() throws {
        let scene = try scene(.clockSkew)
        #expect(scene.new["node_timex_sync_status"] == 0 && scene.new["node_timex_offset_seconds"] ?? 0 > 0.05)
        #expect(scene.new["node_time_seconds"] == epoch + 1200.35)
    }

    @Test func `reboot: away for half a minute, then all begins anew, once`() throws {
        let world = try world([Step(after: 600, scenario: .reboot, node: "pve2"), Step(after: 610, scenario: .normal)])
        #expect(try Exposition(world, node: 1, after: 620) == nil)
        for seconds in [640.0, 4000] {
            let host = try #require(try Exposition(world, node: 1, after: seconds))
            #expect(host["node_boot_time_seconds"] == epoch + 630)
            let guest = try #require(world.inventory.nodes[1].qemu.first { world.inventory.guests[$0].role == .running })
            let inside = try #require(try Exposition(world, guest: guest, after: seconds))
            #expect((inside["node_boot_time_seconds"] ?? inside["windows_system_boot_time_timestamp"]) == epoch + 630)
        }
        let uptime = try rows(answers(world, after: 700).clusterResources(type: .node)).first { $0["node"] == .string("pve2") }?["uptime"]
        #expect(uptime?.integer ?? 0 <= 70)
    }

    @Test func `service-dead: in the API, in systemd, and where its beat is missed`() throws {
        let scene = try scene(.serviceDead)
        let service = try rows(scene.answers.services(scene.view)).first { $0["service"] == .string("pve-ha-lrm") }
        #expect(service?["state"] == .string("failed"))
        #expect(scene.new[#"node_systemd_unit_state{name="pve-ha-lrm.service",state="failed",type="forking"}"#] == 1)
        #expect(scene.new[#"node_systemd_unit_state{name="pve-ha-lrm.service",state="active",type="forking"}"#] == 0)
        let manager = try rows(scene.answers.availability()).first { $0["id"] == .string("lrm:pve2") }
        #expect(manager?["timestamp"]?.integer ?? 0 <= Int(epoch) + 600)
    }

    @Test func `what systemd and the API say of services is the same`() throws {
        let world = try world([Step(after: 600, scenario: .statisticsDead, node: "pve2")])
        let answers = answers(world, after: 700)
        for node in 0..<4 {
            let host = try #require(try Exposition(world, node: node, after: 700))
            for row in try rows(answers.services(world.view(of: node, at: answers.moment))) where row["unit-state"] != .string("not-found")
            {
                let name = row["service"]?.string == "sshd" ? "ssh" : row["service"]?.string ?? ""
                let activity = row["active-state"]?.string ?? ""
                #expect(host.sum("node_systemd_unit_state", #"name="\#(name).service",state="\#(activity)""#) == 1, "\(name)")
            }
        }
    }

    @Test func `the cache of ZFS is as large as the API says, and arc-cold has no luck`() throws {
        let world = try world([Step(after: 600, scenario: .arcCold, node: "pve2")])
        func share(_ from: Double, _ to: Double) throws -> Double {
            let (old, new) = (
                try #require(try Exposition(world, node: 1, after: from)), try #require(try Exposition(world, node: 1, after: to))
            )
            let (hits, misses) = (
                (new["node_zfs_arc_hits"] ?? 0) - (old["node_zfs_arc_hits"] ?? 0),
                (new["node_zfs_arc_misses"] ?? 0) - (old["node_zfs_arc_misses"] ?? 0)
            )
            #expect((hits + misses) / (to - from) > 100)
            return hits / (hits + misses)
        }
        #expect(try share(100, 500) > 0.95)
        #expect(try share(700, 1000) < 0.5)
        for seconds in [0.0, 5000] {
            let answers = answers(world, after: seconds)
            // A row is of the middle of its minute.
            let row = try #require(try rows(answers.statistics(world.view(of: 1, at: answers.moment), .hour)).last)
            let time = Double(row["time"]?.integer ?? 0) - epoch
            #expect(try Exposition(world, node: 1, after: time - 30)?["node_zfs_arc_size"] == row["arcsize"]?.number)
            let host = try #require(try Exposition(world, node: 1, after: seconds))
            #expect(
                (host["node_zfs_arc_c_min"] ?? 0) <= host["node_zfs_arc_size"] ?? 0
                    && host["node_zfs_arc_size"] ?? 0 <= host["node_zfs_arc_c_max"] ?? 0)
        }
    }
}
