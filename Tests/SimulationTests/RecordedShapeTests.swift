import Testing

@testable import Simulation

/// What is asked on timers, beside what a real Proxmox VE 9.2 answered.
@Suite struct RecordedShapeTests {
    private let answers: ProxmoxAnswers
    private let views: [NodeView]

    init() throws {
        answers = ProxmoxAnswers(world: try world(guests: 200), unixSeconds: epoch + 7200)
        views = answers.world.views(at: answers.moment)
    }

    private func data(_ bytes: [UInt8]?) throws -> Tree {
        let bytes = try #require(bytes)
        return try #require(try Tree(bytes)["data"])
    }

    private func rows(ofEveryNode answer: (NodeView) -> [UInt8]) throws -> [Tree] {
        try views.flatMap { try data(answer($0)).elements }
    }

    @Test func `rights`() throws {
        let (recorded, simulated) = (try Recorded.data("access-permissions"), try data(answers.permissions(path: nil)))
        #expect(simulated["/"]?.keys == recorded["/"]?.keys)
        for path in recorded.keys where !path.hasPrefix("/vms/") && !path.hasPrefix("/storage/") {
            #expect(simulated[path] == recorded[path])
        }
        let guest = try #require(answers.inventory.guests.first { $0.pool != nil })
        #expect(simulated["/vms/\(guest.vmid)"] == recorded["/vms/100"])
        #expect(try data(answers.permissions(path: "/vms/100")) == Recorded.data("access-permissions-path"))
    }

    @Test(arguments: ["quorum", "master", "fencing", "lrm", "service"]) func `rows of HA`(type: String) throws {
        let ofType = { (rows: [Tree]) in rows.filter { $0["type"] == .string(type) } }
        let simulated = ofType(try data(answers.availability()).elements)
        let recorded = ofType(try Recorded.data("cluster-ha-status-current").elements)
        #expect(!simulated.isEmpty && Shape(recorded).faults(in: simulated) == [])
    }

    @Test func `resources of HA`() throws {
        let simulated = try data(answers.managedResources()).elements
        #expect(simulated.count == answers.inventory.guests.count { $0.haState != nil })
        #expect(try Shape(Recorded.data("cluster-ha-resources").elements).faults(in: simulated) == [])
    }

    @Test func `backup jobs`() throws {
        let simulated = try data(answers.backupJobs()).elements
        #expect(try simulated.count == 3 && Shape(Recorded.data("cluster-backup").elements).faults(in: simulated) == [])
        let one = try data(answers.backupJob("backup-daily"))
        #expect(try one.keys == (Recorded.data("cluster-backup-one")).keys)
        #expect(answers.backupJob("nosuch") == nil)
    }

    @Test func `tasks`() throws {
        let filter = try TaskFilter([("typefilter", "vzdump"), ("limit", "500")])
        let simulated = try rows { answers.nodeTasks($0, filter) }
        #expect(try Shape(Recorded.data("more-nodes-pve1-tasks-typefilter-vzdump-source-all").elements).faults(in: simulated) == [])
        let none = try TaskFilter([("typefilter", "imgcopy")])
        #expect(try answers.nodeTasks(views[0], none) == (Recorded.bytes("more-nodes-pve2-tasks-typefilter-vzdump-source-all")))
    }

    @Test func `storages`() throws {
        let recorded = Shape(try Recorded.data("nodes-pve1-storage").elements)
        let simulated = try rows { answers.storages($0, .init()) }
        #expect(recorded.faults(in: simulated) == [] && simulated.contains { $0["enabled"]?.integer == 0 })
        var filter = ProxmoxAnswers.StorageFilter()
        filter.isEnabledOnly = true
        #expect(try rows { answers.storages($0, filter) }.allSatisfy { $0["enabled"]?.integer == 1 })
        let configured = try data(answers.storageConfiguration()).elements
        #expect(
            Shape(try Recorded.data("storage").elements).faults(in: configured, optional: ["path"], more: ["pool", "server", "export"])
                == [])
    }

    @Test func `certificates`() throws {
        let simulated = try rows { answers.certificates($0) }
        #expect(try Shape(Recorded.data("nodes-pve1-certificates-info").elements).faults(in: simulated) == [])
    }

    @Test func `disks`() throws {
        let recorded = Shape(try Recorded.data("nodes-pve1-disks-list").elements)
        let simulated = try rows { answers.disks($0, isHealthAsked: false, type: nil) }
        // The recorded disk is mounted as a whole, and has no serial number to be found by. Texts stand where a number is known.
        #expect(
            Set(recorded.faults(in: simulated, optional: ["mounted", "used"], more: ["by_id_link"]))
                .subtracting(["rpm is string, not [\"number\"]"]) == [])
        #expect(simulated.allSatisfy { $0["health"] == .string("UNKNOWN") && $0["wearout"] == .string("N/A") })
        let stick = try #require(answers.smart("/dev/sdd", views[2], isHealthOnly: false))
        #expect(try stick == (Recorded.bytes("nodes-pve1-disks-smart-vda")))
    }

    @Test func `pools`() throws {
        let simulated = try rows { answers.storagePools($0) }
        #expect(try Shape(Recorded.data("nodes-pve1-disks-zfs").elements).faults(in: simulated) == [])
        let details = try views.flatMap { view in try ["rpool", "tank"].map { try data(answers.storagePool($0, view)) } }
        // Spares and their heading have no errors to count; what is well needs no explanation.
        let optional: Set<String> = ["status", "action", "see", "state", "read", "write", "cksum", "children"]
        #expect(try Shape([Recorded.data("nodes-pve1-disks-zfs-tank")]).faults(in: details, optional: optional, more: ["children"]) == [])
        #expect(try Tree(answers.storagePool("nosuch", views[0])) == Tree(try Recorded.bytes("more-nodes-pve1-disks-zfs-rpool")))
    }

    @Test func `statistics`() throws {
        let simulated = try data(answers.statistics(views[0], .hour)).elements
        let recorded = try Recorded.data("nodes-pve1-rrddata-average").elements
        #expect(simulated.count == recorded.count && Shape(recorded).faults(in: simulated) == [])
        #expect(simulated.last?.keys == recorded.last?.keys)
        let times = simulated.compactMap { $0["time"]?.integer }
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 60 } && times.allSatisfy { $0 % 60 == 0 })
    }

    @Test func `snapshots`() throws {
        for (kind, names) in [
            (Guest.Kind.qemu, ["nodes-pve1-qemu-101-snapshot", "more-nodes-pve1-qemu-100-snapshot"]),
            (.lxc, ["more-nodes-pve1-lxc-200-snapshot"]),
        ] {
            let guests = answers.inventory.guests.filter { $0.kind == kind }
            let simulated = try guests.flatMap { try data(answers.snapshots($0)).elements }
            for isCurrent in [true, false] {
                let ofKind = { (rows: [Tree]) in rows.filter { ($0["name"] == .string("current")) == isCurrent } }
                let recorded = ofKind(try names.flatMap { try Recorded.data($0).elements })
                guard !recorded.isEmpty else { continue }
                #expect(!ofKind(simulated).isEmpty && Shape(recorded).faults(in: ofKind(simulated), more: ["parent"]) == [])
            }
        }
    }

    @Test func `devices and pools of guests`() throws {
        let devices = try data(answers.devices(isVerbose: true)).elements
        #expect(try Shape(Recorded.data("nodes-pve1-hardware-pci").elements).faults(in: devices, more: ["mdev"]) == [])
        #expect(try Shape(Recorded.data("pools").elements).faults(in: data(answers.pools()).elements) == [])
        // Storages in a pool have other keys; simulated pools have none.
        let recorded = try Recorded.data("pools-prod")
        let machines = (recorded["members"]?.elements ?? []).filter { $0["type"] == .string("qemu") }
        let simulated = try data(answers.pool("prod", isListed: false, type: .qemu))
        #expect(simulated.keys == recorded.keys)
        #expect(Shape(machines).faults(in: simulated["members"]?.elements ?? []) == [])
        #expect(try data(answers.pool("prod", isListed: true, type: nil)).elements.count == 1)
        #expect(answers.pool("nosuch", isListed: false, type: nil) == nil)
    }

    @Test func `addresses of containers`() throws {
        let recorded = Shape(try Recorded.data("nodes-pve1-lxc-200-interfaces").elements)
        let containers = answers.inventory.guests.filter { $0.kind == .lxc }
        for guest in containers {
            let answer = answers.interfaces(guest, views[guest.node])
            guard guest.isLive else {
                #expect(try answer == (Recorded.bytes("more-nodes-pve2-lxc-210-interfaces")))
                continue
            }
            #expect(try recorded.faults(in: data(answer).elements, more: ["inet", "inet6"]) == [])
        }
    }

    @Test func `packages`() throws {
        let simulated = try data(answers.packages(answers.world.view(of: 0, at: answers.moment))).elements
        #expect(
            Shape(try Recorded.data("nodes-pve1-apt-versions").elements).faults(in: simulated, more: ["ManagerVersion", "RunningKernel"])
                == [])
    }

    @Test func `services have the keys of the schema`() throws {
        let simulated = try rows { answers.services($0) }
        #expect(simulated.allSatisfy { $0.keys == ["service", "name", "desc", "state", "active-state", "unit-state"] })
        #expect(Set(simulated.compactMap { $0["state"]?.string }) == ["running", "dead", "failed"])
    }

    @Test func `what somebody without rights sees`() throws {
        var answers = answers
        answers.rights = .none(of: .v92)
        let resources = Shape(try Recorded.data("noperm-cluster-resources", "pve-9.2-noperm").elements)
        #expect(try resources.faults(in: data(answers.clusterResources(type: nil)).elements) == [])
        let nodes = Shape(try Recorded.data("noperm-nodes", "pve-9.2-noperm").elements)
        #expect(try nodes.faults(in: data(answers.nodes()).elements) == [])
        let subscription = try Recorded.data("noperm-nodes-pve1-subscription", "pve-9.2-noperm")
        #expect(try data(answers.bareSubscription(views[3])) == subscription)
        #expect(try answers.permissions(path: nil) == (Recorded.bytes("noperm-access-permissions", "pve-9.2-noperm")))
    }
}
