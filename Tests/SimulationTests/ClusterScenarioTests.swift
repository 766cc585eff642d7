import Testing
import Web

@testable import Simulation

/// What befalls the cluster, its storages, pools and copies, as the API shows it.
@Suite struct ClusterScenarioTests {
    private let day = 86_400

    private func api(_ scenario: Scenario, node: String? = "pve2", guests: Int = 100, hasCeph: Bool = false) async throws -> SimulatedAPI {
        let api = try SimulatedAPI(guests: guests, hasCeph: hasCeph)
        try await api.begin(scenario, node: node)
        api.clock.now += 60
        return api
    }

    private func now(_ api: SimulatedAPI) -> Int { Int(api.clock.now) }

    @Test func `ha-failed: its manager is silent, one service is in error, the others wait`() async throws {
        let api = try await api(.haFailed, node: "pve1")
        let rows = try await api.data("/cluster/ha/status/current").elements
        let manager = try #require(rows.first { $0["id"] == .string("lrm:pve1") })
        #expect(now(api) - (manager["timestamp"]?.integer ?? 0) >= 60)
        let own = rows.filter { $0["type"] == .string("service") && $0["node"] == .string("pve1") && $0["crm_state"] != nil }
        #expect(!own.isEmpty && own.count { $0["crm_state"] == .string("error") } >= 1)
        #expect(own.allSatisfy { [.string("error"), .string("fence"), .string("stopped")].contains($0["crm_state"]) })
        let node = try await api.data("/cluster/resources", [("type", "node")]).elements.first { $0["node"] == .string("pve1") }
        #expect(node?["hastate"] == .string("fence") && node?["status"] == .string("online"))
    }

    @Test func `qdevice-down: it does not vote`() throws {
        func answers(_ steps: [Step]) throws -> ProxmoxAnswers {
            let inventory = Inventory(seed: 7, nodeCount: 4, guestCount: 20, cluster: "lab", hasQDevice: true)
            return ProxmoxAnswers(world: World(inventory: inventory, timeline: try timeline(steps)), unixSeconds: epoch + 60)
        }
        #expect(try Tree(answers([]).qdevice())["data"]?["State"] == .string("Connected"))
        let lost = try answers([Step(after: 0, scenario: .qdeviceDown)])
        #expect(try Tree(lost.qdevice())["data"]?["State"] == .string("Connect failed"))
        #expect(lost.isQuorate(lost.world.views(at: lost.moment)))
    }

    @Test func `version-mismatch: everywhere the node says it`() async throws {
        let api = try await api(.versionMismatch)
        let version = try #require(try await api.data("/nodes/pve2/version")["version"]?.string)
        #expect(try await api.data("/nodes/pve1/version")["version"]?.string != version)
        #expect(try await api.data("/version")["version"]?.string != version)
        #expect(try await api.data("/nodes/pve2/status")["pveversion"]?.string?.hasPrefix("pve-manager/\(version)/") == true)
        #expect(try await api.data("/nodes/pve1/status")["pveversion"]?.string?.hasPrefix("pve-manager/\(version)/") == false)
        let package = try await api.data("/nodes/pve2/apt/versions").elements.first { $0["Package"] == .string("pve-manager") }
        #expect(package?["Version"]?.string == version)
        let first = try await self.api(.versionMismatch, node: "pve1")
        #expect(try await first.data("/version")["version"]?.string == version)
    }

    @Test(arguments: ["pve1", "pve2"]) func `certificates end soon, or have ended`(node: String) async throws {
        for (scenario, range) in [(Scenario.certificateExpiring, 4 * 86_400...5 * 86_400), (.certificateExpired, -7200...(-3600))] {
            let api = try await api(scenario, node: node)
            let served = try #require(try await api.data("/nodes/\(node)/certificates/info").elements.last)
            #expect(range.contains((served["notafter"]?.integer ?? 0) - now(api)))
            #expect((served["notbefore"]?.integer ?? .max) < now(api))
            // Nobody touched that of the cluster.
            let authority = try await api.data("/nodes/\(node)/certificates/info").elements.first
            #expect((authority?["notafter"]?.integer ?? 0) - now(api) > 1000 * day)
        }
    }

    @Test func `subscription-expiring: due in twelve days, and it lasted a year`() async throws {
        let api = try await api(.subscriptionExpiring)
        let node = api.inventory.nodes[1]
        let world = api.service.source.current()
        let dates = world.dates(of: try #require(node.subscription), of: node, at: world.moment(of: api.clock.now))
        #expect((11...12).contains((dates.nextDue - now(api)) / day))
        #expect((dates.nextDue - dates.registered) % (365 * day) == 0)
    }

    @Test func `ceph-error: data are missing`() async throws {
        let usual = try await api(.normal, hasCeph: true).data("/cluster/ceph/status")
        #expect(usual["health"]?["status"] == .string("HEALTH_WARN"))
        let broken = try await api(.cephError, hasCeph: true).data("/cluster/ceph/status")
        #expect(broken["health"]?["status"] == .string("HEALTH_ERR") && broken["health"]?["checks"]?["PG_AVAILABILITY"] != nil)
        #expect((broken["osdmap"]?["num_up_osds"]?.integer ?? 99) < usual["osdmap"]?["num_up_osds"]?.integer ?? 0)
    }

    @Test func `disk-failing: one expects to fail, one is worn`() async throws {
        let api = try await api(.diskFailing, node: "pve1")
        let disks = try await api.data("/nodes/pve1/disks/list").elements
        #expect(disks.filter { $0["health"] == .string("FAILED!") }.map { $0["devpath"] } == [.string("/dev/sda")])
        #expect(disks.first { $0["devpath"] == .string("/dev/nvme1n1") }?["wearout"]?.integer ?? 100 < 10)
        let smart = try await api.data("/nodes/pve1/disks/smart", [("disk", "/dev/nvme1n1")])
        #expect(smart["text"]?.string?.contains("96%") == true)
    }

    @Test func `storage-full: the storage and the pool that it is on`() async throws {
        let api = try await api(.storageFull)
        let row = try await api.data("/cluster/resources", [("type", "storage")]).elements.first {
            $0["id"] == .string("storage/pve2/local-zfs")
        }
        #expect((row?["disk"]?.number ?? 0) / (row?["maxdisk"]?.number ?? 1) > 0.95)
        let pool = try await api.data("/nodes/pve2/disks/zfs").elements.first { $0["name"] == .string("rpool") }
        #expect(pool?["alloc"]?.integer == row?["disk"]?.integer)
    }

    @Test func `storage-lost: inactive at once, unknown to the cluster after 5 minutes`() async throws {
        let api = try await api(.storageLost)
        func status(_ node: String) async throws -> Tree? {
            try await api.data("/cluster/resources", [("type", "storage")]).elements.first { $0["id"] == .string("storage/\(node)/nas") }
        }
        let storage = try await api.data("/nodes/pve2/storage").elements.first { $0["storage"] == .string("nas") }
        #expect(storage?["active"]?.integer == 0 && storage?["total"]?.integer == 0)
        #expect(try await status("pve2")?["status"] == .string("available"))
        api.clock.now += 300
        let forgotten = try await status("pve2")
        #expect(forgotten?["status"] == .string("unknown") && forgotten?["disk"] == nil)
        #expect(try await status("pve1")?["status"] == .string("available"))
    }

    private func pool(_ api: SimulatedAPI, _ node: String, _ name: String) async throws -> (row: Tree, detail: Tree) {
        let row = try await api.data("/nodes/\(node)/disks/zfs").elements.first { $0["name"] == .string(name) }
        return (try #require(row), try await api.data("/nodes/\(node)/disks/zfs/\(name)"))
    }

    @Test func `pools lose disks`() async throws {
        let degraded = try await pool(api(.zfsDegraded, node: "pve1"), "pve1", "rpool")
        #expect(degraded.row["health"] == .string("DEGRADED") && degraded.detail["state"] == .string("DEGRADED"))
        #expect(degraded.detail["errors"] == .string("No known data errors"))
        let mirror = degraded.detail["children"]?.elements.first?["children"]?.elements.first
        #expect(mirror?["children"]?.elements.map { $0["state"] } == [.string("ONLINE"), .string("UNAVAIL")])
        let faulted = try await pool(api(.zfsFaulted, node: "pve1"), "pve1", "tank")
        #expect(faulted.row["health"] == .string("FAULTED") && faulted.detail["state"] == .string("FAULTED"))
        let world = try world([Step(after: 0, scenario: .zfsFaulted, node: "pve1")])
        #expect(try Exposition(world, node: 0, after: 60)?[#"node_zfs_zpool_state{state="faulted",zpool="tank"}"#] == 1)
    }

    @Test func `zfs-full and scrub-overdue`() async throws {
        let full = try await pool(api(.zfsFull), "pve2", "tank")
        #expect((full.row["alloc"]?.number ?? 0) / (full.row["size"]?.number ?? 1) > 0.92 && full.row["frag"]?.integer ?? 0 > 60)
        let api = try await api(.scrubOverdue)
        let late = try #require(try await pool(api, "pve2", "rpool").detail["scan"]?.string)
        #expect(late.hasPrefix("scrub repaired 0B in 01:02:03 with 0 errors on "))
        let usual = try #require(try await pool(api, "pve1", "rpool").detail["scan"]?.string)
        #expect(late.suffix(24) != usual.suffix(24))
        let start = try #require(api.service.source.current().trouble(.scrubOverdue, node: 1, at: 1000)).start
        // Of the Sundays, the last one that was at least two months before.
        let latest = LocalTime(unixSeconds: Int(epoch + start) - 60 * day)
        #expect(late.hasSuffix(String(latest.longText.suffix(4))))
    }

    @Test func `zfs-errors: they grow while it lasts, and stay`() async throws {
        let api = try SimulatedAPI()
        func errors() async throws -> (Int, Tree?) {
            let detail = try await pool(api, "pve2", "rpool").detail
            let leaf = detail["children"]?.elements.first?["children"]?.elements.first?["children"]?.elements.last
            return (leaf?["cksum"]?.integer ?? -1, detail["errors"])
        }
        #expect(try await errors().0 == 0)
        try await api.begin(.zfsErrors, node: "pve2")
        api.clock.now += 100
        let first = try await errors()
        #expect(first.0 == 10 && first.1 == .string("3 data errors, use '-v' for a list"))
        api.clock.now += 100
        #expect(try await errors().0 == 20)
        try await api.begin(.normal)
        api.clock.now += 100
        #expect(try await errors().0 == 20)
    }

    @Test func `backup-failed: the newest run of the nightly job`() async throws {
        let api = try SimulatedAPI(guests: 100)
        let before = try await api.data("/nodes/pve2/tasks", [("typefilter", "vzdump"), ("limit", "500")]).elements
        try await api.begin(.backupFailed, node: "pve2")
        api.clock.now += 300
        let after = try await api.data("/nodes/pve2/tasks", [("typefilter", "vzdump"), ("limit", "500")]).elements
        let new = try #require(after.first { task in !before.contains { $0["upid"] == task["upid"] } && task["id"] == .string("") })
        #expect(new["status"] == .string("job errors"))
        let upid = try #require(new["upid"]?.string)
        let log = try await api.data("/nodes/pve2/tasks/\(upid)/log", [("limit", "0")]).elements.compactMap { $0["t"]?.string }
        #expect(log.first?.contains("--job-id backup-daily") == true && log.last == "TASK ERROR: job errors")
        #expect(log.contains { $0.hasPrefix("ERROR: Backup of VM ") })
        // Past runs stay as they were when it is over, and so does this one.
        try await api.begin(.normal)
        api.clock.now += 60
        #expect(try await api.data("/nodes/pve2/tasks/\(upid)/status")["exitstatus"] == .string("job errors"))
    }

    @Test func `backup-stale: nothing newer than twenty days`() async throws {
        let api = try await api(.backupStale)
        let tasks = try await api.data("/nodes/pve2/tasks", [("typefilter", "vzdump"), ("limit", "500")]).elements
        #expect(tasks.count > 5 && tasks.allSatisfy { now(api) - ($0["endtime"]?.integer ?? now(api)) > 19 * day })
        let upid = try #require(tasks.first?["upid"]?.string)
        #expect(try await api.data("/nodes/pve2/tasks/\(upid)/status")["type"] == .string("vzdump"))
        let other = try await api.data("/nodes/pve1/tasks", [("typefilter", "vzdump"), ("limit", "500")]).elements
        #expect(other.contains { now(api) - ($0["endtime"]?.integer ?? 0) < 2 * day })
    }

    @Test func `backup-missing: in no job, and the cluster says so`() async throws {
        let usual = try await api(.normal).data("/cluster/backup-info/not-backed-up").elements
        let api = try await api(.backupMissing)
        let missing = Set(try await api.data("/cluster/backup-info/not-backed-up").elements.compactMap { $0["vmid"]?.integer })
        let own = api.inventory.nodes[1].qemu + api.inventory.nodes[1].lxc
        #expect(missing.isSuperset(of: own.map { api.inventory.guests[$0].vmid }) && missing.count > usual.count)
        for job in try await api.data("/cluster/backup").elements {
            let listed = Set((job["vmid"]?.string ?? "").split(separator: ",").compactMap { Int($0) })
            #expect(listed.isDisjoint(with: own.map { api.inventory.guests[$0].vmid }))
        }
    }

    @Test func `snapshot-old: each guest has one`() async throws {
        let api = try await api(.snapshotOld)
        for index in api.inventory.nodes[1].lxc where api.inventory.guests[index].role == .running {
            let place = "/nodes/pve2/lxc/\(api.inventory.guests[index].vmid)"
            let oldest = try #require(try await api.data("\(place)/snapshot").elements.first)
            #expect(now(api) - (oldest["snaptime"]?.integer ?? now(api)) >= 20 * day)
            #expect(try await api.data("\(place)/config")["parent"] != nil)
        }
    }

    @Test func `copies fail, or are not made`() async throws {
        let failed = try await api(.replicationFailed).data("/nodes/pve2/replication").elements.filter { $0["disable"] == nil }
        #expect(!failed.isEmpty && failed.allSatisfy { $0["fail_count"]?.integer ?? 0 > 0 && $0["error"] != nil })
        let api = try await api(.replicationStale)
        let late = try await api.data("/nodes/pve2/replication").elements.filter { $0["disable"] == nil }
        #expect(late.allSatisfy { now(api) - ($0["last_sync"]?.integer ?? now(api)) > 5 * 3600 && $0["fail_count"]?.integer == 0 })
        let others = try await api.data("/nodes/pve1/replication").elements.filter { $0["disable"] == nil }
        #expect(others.allSatisfy { now(api) - ($0["last_sync"]?.integer ?? 0) < 4 * 3600 })
    }

    // MARK: guests

    @Test func `guest-crashed: they are off though they should run, until it is over`() async throws {
        let api = try SimulatedAPI(guests: 100)
        func running() async throws -> Set<Int> {
            Set(
                try await api.data("/cluster/resources", [("type", "vm")]).elements.filter { $0["status"] == .string("running") }
                    .compactMap { $0["vmid"]?.integer })
        }
        let before = try await running()
        try await api.begin(.guestCrashed, node: "pve2")
        api.clock.now += 30
        let crashed = try await before.subtracting(running())
        #expect(crashed.count == 3)
        for vmid in crashed {
            let guest = try #require(api.inventory.guest(vmid: vmid))
            let place = "/nodes/pve2/\(guest.kind.rawValue)/\(vmid)"
            #expect(try await api.data("\(place)/config")["onboot"]?.integer == 1)
            #expect(try await api.data("\(place)/status/current")["status"] == .string("stopped"))
            #expect(!guest.isManaged)
        }
        try await api.begin(.normal)
        api.clock.now += 30
        #expect(try await running() == before)
        let vmid = try #require(crashed.first)
        let row = try await api.data("/cluster/resources", [("type", "vm")]).elements.first { $0["vmid"]?.integer == vmid }
        #expect(row?["uptime"]?.integer ?? 99 <= 30)
        // Whom somebody starts meanwhile runs on.
        try await api.begin(.guestCrashed, node: "pve2")
        api.clock.now += 30
        let body = Array(#"{"status":"running"}"#.utf8)
        let response = await api.service.answer(HTTPServerRequest(method: "PUT", path: "\(GuestEndpoint.path)/\(vmid)", body: body))
        #expect(response.status == 200)
        api.clock.now += 30
        #expect(try await before.subtracting(running()) == crashed.subtracting([vmid]))
        try await api.begin(.normal)
        api.clock.now += 30
        #expect(try await running() == before)
        let started = try await api.data("/cluster/resources", [("type", "vm")]).elements.first { $0["vmid"]?.integer == vmid }
        #expect(started?["uptime"]?.integer ?? 0 >= 40)
    }

    @Test func `exporters-dead: of the host and its guests, which run`() throws {
        let inventory = Inventory(seed: 7, nodeCount: 4, guestCount: 100, cluster: "lab", firstGuestAddress: IPv4Address(127, 16, 0, 1))
        let world = World(inventory: inventory, timeline: try timeline([Step(after: 600, scenario: .exportersDead, node: "pve2")]))
        for guest in inventory.guests where guest.role == .running {
            #expect(world.hasAnsweringExporter(guest, at: 500))
            #expect(world.hasAnsweringExporter(guest, at: 700) == (guest.node != 1))
        }
        #expect(
            try rows(answers(world, after: 700).clusterResources(type: .vm)).contains {
                $0["node"] == .string("pve2") && $0["status"] == .string("running")
            })
    }

    @Test func `guest-service-dead: it starts by itself and does not run`() throws {
        let world = try world([Step(after: 600, scenario: .guestServiceDead, node: "pve2")])
        let guest = try #require(world.inventory.guests.first { $0.role == .running && $0.node == 1 && world.isWindows($0) })
        for (seconds, runs) in [(500.0, 1.0), (700, 0)] {
            let inside = try #require(try Exposition(world, guest: guest.index, after: seconds))
            #expect(inside[#"windows_service_state{name="MSSQLSERVER",state="running"}"#] == runs)
            #expect(inside[#"windows_service_start_mode{name="MSSQLSERVER",start_mode="auto"}"#] == 1)
            #expect(
                inside.values.keys.contains { $0.hasPrefix("windows_process_cpu_time_total") && $0.contains("sqlservr") } == (runs == 1))
        }
    }
}
