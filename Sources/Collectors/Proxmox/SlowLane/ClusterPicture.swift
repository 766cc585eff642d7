import ProxmoxAPI

/// What the last scrape saw of a cluster: whom slow sources may ask about, and under which labels their answers are written.
struct ClusterPicture: Sendable {
    struct Guest: Sendable {
        let vmid: Int
        let node: String
        let kind: GuestKind
        let identity: GuestIdentity
        /// The state of its process; nil when nobody knows.
        let isRunning: Bool?
    }

    struct Storage: Sendable, Hashable {
        let node: String
        let name: String
    }

    /// The value of the label `cluster`.
    let cluster: String
    let version: ProxmoxVersion?
    /// In the order of their names, whether they are online or not.
    let nodes: [String]
    /// In the order of their names.
    let onlineNodes: [String]
    /// Those that may have values: no template, and on a node that is online. By node, and there in the order of their numbers.
    let guestsInOrder: [Guest]
    /// Those on nodes that are not online, in the same order: nothing of now is said of them, and their past stays true.
    let lostGuestsInOrder: [Guest]
    /// Those that somebody wants to see nothing of.
    let hiddenGuests: Set<Int>
    private let filter: GuestFilter
    /// The plugin of each storage on each node, and on none for any.
    private let storageTypes: [Storage: String]
    private let guests: [Int: Guest]
    private let online: Set<String>

    init(
        cluster: String, version: ProxmoxVersion?, nodes: [String], onlineNodes: [String], guests: [Guest], hiddenGuests: Set<Int>,
        filter: GuestFilter, storageTypes: [Storage: String]
    ) {
        let online = Set(onlineNodes)
        let inOrder = guests.filter { !$0.identity.isTemplate }.sorted { ($0.node, $0.vmid) < ($1.node, $1.vmid) }
        self.cluster = cluster
        self.version = version
        self.nodes = nodes
        self.hiddenGuests = hiddenGuests
        self.filter = filter
        self.onlineNodes = onlineNodes
        self.storageTypes = storageTypes.merging(
            storageTypes.sorted { $0.key.node < $1.key.node }.map { (Storage(node: "", name: $0.key.name), $0.value) }
        ) { first, _ in first }
        guestsInOrder = inOrder.filter { online.contains($0.node) }
        lostGuestsInOrder = inOrder.filter { !online.contains($0.node) }
        self.guests = Dictionary(guestsInOrder.map { ($0.vmid, $0) }, uniquingKeysWith: { first, _ in first })
        self.online = online
    }

    func isOnline(_ node: String) -> Bool { online.contains(node) }

    /// Whether somebody wants to see nothing of the node.
    func isHidden(node: String) -> Bool { !filter.takes(node: node) }

    /// The plugin of a storage, as the node tells or else any other: they all have one configuration.
    func storageType(_ storage: Storage) -> String? { storageTypes[storage] ?? storageTypes[Storage(node: "", name: storage.name)] }

    func guest(_ vmid: Int) -> Guest? { guests[vmid] }

    /// The guest, if it still is where it was when it was asked about.
    func guest(_ subject: SlowSubject) -> Guest? {
        guard let asked = subject.guest, let guest = guests[asked.vmid], guest.kind == asked.kind, guest.node == subject.node else {
            return nil
        }
        return guest
    }
}
