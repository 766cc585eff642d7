import ProxmoxAPI

/// What `/cluster/resources` says, of two rows about one thing the first, completed by what earlier scrapes have seen.
struct Inventory: Sendable {
    let nodes: [String: ClusterResources.Node]
    let guests: [Int: GuestResource]
    /// With those that the filter leaves out; nil when nobody knows.
    private let rows: [Int: GuestResource]?
    /// Guests that the filter leaves out, of those that are listed; nil when nobody knows.
    let hidden: Set<Int>?
    /// In the order of their labels.
    let storages: [ClusterResources.Storage]
    private let cluster: ProxmoxCluster

    init(_ resources: ClusterResources?, _ cluster: ProxmoxCluster) {
        nodes = Dictionary((resources?.nodes ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        rows = resources.map { Dictionary($0.guests.map { ($0.vmid, $0) }, uniquingKeysWith: { first, _ in first }) }
        let guests = rows ?? [:]
        let filter = cluster.filter
        let taken = guests.filter { vmid, row in
            // What a row of a silent node does not tell is known from before.
            let last = row.name == nil ? cluster.remembered(vmid) : nil
            let (tags, pool) = (row.tags ?? last?.tags ?? "", row.pool ?? last?.pool ?? "")
            return filter.takes(node: row.node) && filter.takes(vmid: vmid, tags: tags, pool: pool)
        }
        self.guests = taken
        hidden = rows.map { Set($0.keys).subtracting(taken.keys) }
        var seen: Set<[String]> = []
        storages = (resources?.storages ?? []).filter { seen.insert([$0.node, $0.name, $0.type]).inserted }
            .sorted { ($0.node, $0.name, $0.type) < ($1.node, $1.name, $1.type) }
        self.cluster = cluster
    }

    /// Whether a list of the node can hold anybody who is wanted.
    func mayHave(_ kind: GuestKind, on node: String) -> Bool {
        rows == nil || !cluster.filter.isAboutGuests || guests.values.contains { $0.kind == kind && $0.node == node }
    }

    /// What the guest is: from `/cluster/resources`, else from the node's list, else as it was last seen.
    func identity(
        _ vmid: Int, listedName: String? = nil, listedTags: String? = nil, listedTemplate: Bool? = nil
    ) -> GuestIdentity {
        let row = rows?[vmid]
        // A row without a name is what is left of a guest whose node fell silent; without a row, nobody was asked.
        let last = row?.name == nil ? cluster.remembered(vmid) : nil
        // The node's list knows all but the pool.
        let unlisted = listedName == nil ? last : nil
        var identity = GuestIdentity()
        identity.name = row?.name ?? listedName ?? unlisted?.name ?? ""
        identity.isTemplate = row?.isTemplate ?? listedTemplate ?? unlisted?.isTemplate ?? false
        identity.tags = row?.tags ?? listedTags ?? unlisted?.tags ?? ""
        identity.pool = row?.pool ?? last?.pool ?? ""
        return identity
    }
}
