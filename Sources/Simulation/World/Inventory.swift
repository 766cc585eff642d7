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
        var members: [Int]
    }

    let seed: UInt64
    let cluster: String
    let nodes: [Node]
    /// In the order of vmids, which begin at `firstVMID` and have no gap. Those that somebody has deleted keep their place.
    let guests: [Guest]
    /// Whether somebody has deleted any.
    private let hasGone: Bool
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
    /// The address of the first guest, from which the others count on; nil for addresses that nobody can reach.
    let firstGuestAddress: IPv4Address?
    /// Of the storage that all nodes share.
    let shareBytes: Int
    let shareUsed: Wave

    /// The smallest that Proxmox VE gives.
    static let firstVMID = 100

    /// Deals guests, builds nodes that can carry them, and gathers pools and storages.
    init(
        seed: UInt64, nodeCount: Int, guestCount: Int, cluster: String, hasQDevice: Bool = false, release: Release = .current,
        hasCeph: Bool = false, firstGuestAddress: IPv4Address? = nil
    ) {
        let plan = GuestPlan(seed: seed, nodeCount: nodeCount, guestCount: guestCount)
        let availability = AvailabilityPlan(guests: plan.guests, nodeCount: nodeCount)
        self.seed = seed
        self.cluster = cluster
        self.hasQDevice = hasQDevice && nodeCount > 1
        self.release = release
        self.hasCeph = hasCeph
        self.firstGuestAddress = firstGuestAddress
        let guests = AlertTags.added(to: availability.guests)
        self.guests = guests
        hasGone = false
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

    /// The same cluster after its guests were changed: on other nodes, with other names, or gone.
    init(_ dealt: Inventory, changedTo guests: [Guest]) {
        func present(_ positions: [Int]) -> [Int] { positions.filter { !guests[$0].isGone } }
        func byNode(_ positions: [Int]) -> [[Int]] {
            var sorted = [[Int]](repeating: [], count: dealt.nodes.count)
            for index in positions where !guests[index].isGone { sorted[guests[index].node].append(index) }
            return sorted
        }
        seed = dealt.seed
        cluster = dealt.cluster
        self.guests = guests
        hasGone = guests.contains(where: \.isGone)
        let placed = byNode(Array(guests.indices))
        nodes = dealt.nodes.map { node in
            var node = node
            node.qemu = placed[node.index].filter { guests[$0].kind == .qemu }
            node.lxc = placed[node.index].filter { guests[$0].kind == .lxc }
            return node
        }
        pools = dealt.pools.map { pool in
            var pool = pool
            pool.members = present(pool.members)
            return pool
        }
        storages = dealt.storages
        nodeInMaintenance = dealt.nodeInMaintenance
        replication = ReplicationPlan.moved(dealt.replication, with: guests)
        notBackedUp = present(dealt.notBackedUp)
        backupJobs = dealt.backupJobs.map { job in
            var job = job
            job.guests = present(job.guests)
            job.guestsByNode = byNode(job.guests)
            return job
        }
        passthrough = dealt.passthrough
        hasQDevice = dealt.hasQDevice
        release = dealt.release
        hasCeph = dealt.hasCeph
        firstGuestAddress = dealt.firstGuestAddress
        shareBytes = dealt.shareBytes
        shareUsed = dealt.shareUsed
    }

    /// All but those that were deleted.
    var presentGuests: [Guest] { hasGone ? guests.filter { !$0.isGone } : guests }

    /// nil when no guest has that number.
    func guest(vmid: Int) -> Guest? {
        let index = vmid - Self.firstVMID
        return guests.indices.contains(index) && !guests[index].isGone ? guests[index] : nil
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
