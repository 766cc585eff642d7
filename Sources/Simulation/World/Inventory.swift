/// What there is in a simulated cluster; fixed by seed and counts.
final class Inventory: Sendable {
    /// A storage that every node has, or that all share.
    struct Storage: Sendable {
        /// On the node's root file system, on its pool of disks, or on a file server.
        enum Kind: Sendable { case root, pool, share }

        let name: String
        let kind: Kind
        let pluginType: String
        let content: String
        var isShared: Bool { kind == .share }
    }

    /// A group of guests.
    struct Pool: Sendable {
        let name: String
        /// Positions of its guests.
        let members: [Int]
    }

    let seed: UInt64
    let cluster: String
    let nodes: [Node]
    /// In the order of vmids, which begin at `firstVMID` and have no gap.
    let guests: [Guest]
    let pools: [Pool]
    let storages: [Storage]
    /// Position of the node that HA is moving guests away from.
    let nodeInMaintenance: Int?
    /// By node: the replication jobs of its guests, in the order of their names.
    let replication: [[ReplicationJob]]
    /// Positions of the guests that no backup job covers.
    let notBackedUp: [Int]
    let backupJobs: [BackupJob]
    /// Devices of their nodes that virtual machines have, as their configurations write it, by position.
    let passthrough: [Int: String]
    /// Whether a host outside has a vote in the cluster's quorum.
    let hasQDevice: Bool
    let release: Release
    /// Whether Ceph is installed.
    let hasCeph: Bool
    /// Of the storage that all nodes share.
    let shareBytes: Int
    let shareUsed: Wave

    /// The smallest that Proxmox VE gives.
    static let firstVMID = 100

    /// Deals guests, builds nodes that can carry them, and gathers pools and storages.
    init(
        seed: UInt64, nodeCount: Int, guestCount: Int, cluster: String, hasQDevice: Bool = false, release: Release = .current,
        hasCeph: Bool = false
    ) {
        let plan = GuestPlan(seed: seed, nodeCount: nodeCount, guestCount: guestCount)
        let availability = AvailabilityPlan(guests: plan.guests, nodeCount: nodeCount)
        self.seed = seed
        self.cluster = cluster
        self.hasQDevice = hasQDevice && nodeCount > 1
        self.release = release
        self.hasCeph = hasCeph
        let guests = AlertTags.added(to: availability.guests)
        self.guests = guests
        nodeInMaintenance = availability.nodeInMaintenance
        replication = ReplicationPlan(seed: seed, nodeCount: nodeCount, guests: guests).jobs
        let notBackedUp = Self.notBackedUp(seed: seed, guests: guests)
        self.notBackedUp = notBackedUp
        let nodes = NodePlan(seed: seed, nodeCount: nodeCount, guests: guests).nodes
        self.nodes = nodes
        passthrough = Passthrough(guests: guests, nodes: nodes).devices
        let pools: [Pool] = GuestPlan.environments.compactMap { name in
            let members = guests.filter { $0.pool == name }.map(\.index)
            return members.isEmpty ? nil : Pool(name: name, members: members)
        }
        self.pools = pools
        backupJobs = BackupPlan(guests: guests, nodeCount: nodeCount, notBackedUp: notBackedUp, pool: pools.first?.name).jobs
        storages = [
            Storage(name: "local", kind: .root, pluginType: "dir", content: "backup,iso,snippets,vztmpl"),
            Storage(name: "local-zfs", kind: .pool, pluginType: "zfspool", content: "images,rootdir"),
            Storage(name: "nas", kind: .share, pluginType: "nfs", content: "images,backup"),
        ]
        shareBytes = 24 << 40
        var generator = SeededGenerator(seed: seed, "share")
        shareUsed = Wave(base: Double(shareBytes) * 0.5, depth: 0.1, &generator)
    }

    /// One in seven, and every template.
    private static func notBackedUp(seed: UInt64, guests: [Guest]) -> [Int] {
        guests.filter { guest in
            var generator = SeededGenerator(seed: seed, "backup", guest.index)
            return guest.role == .template || generator.fraction() < 1 / 7
        }.map(\.index)
    }

    /// nil when no guest has that number.
    func guest(vmid: Int) -> Guest? {
        let index = vmid - Self.firstVMID
        return guests.indices.contains(index) ? guests[index] : nil
    }

    /// The position of the node of that name.
    func node(named name: String) -> Int? { Self.nodeIndex(name, count: nodes.count) }

    /// `pve1` is 0; nil for what is no name of one of `count` nodes.
    static func nodeIndex(_ name: String, count: Int) -> Int? {
        guard name.hasPrefix("pve"), let number = Int(name.dropFirst(3)), (1...max(1, count)).contains(number), name == nodeName(number - 1)
        else { return nil }
        return number - 1
    }

    /// `pve1` for the first.
    static func nodeName(_ index: Int) -> String { "pve\(index + 1)" }

    /// The guests that a saturated world drives to their limit: the first running VM and container of one node.
    ///
    /// - Parameter node: by default the first node that has both.
    func saturated(onNode node: Int?) -> [Int] {
        func firstRunning(_ positions: [Int]) -> Int? { positions.first { guests[$0].role == .running } }
        let candidates = node.map { [nodes[$0]] } ?? nodes
        let pairs = candidates.map { [firstRunning($0.qemu), firstRunning($0.lxc)].compactMap { $0 } }
        return pairs.first { $0.count == 2 } ?? pairs.first { !$0.isEmpty } ?? []
    }
}
