import ProxmoxAPI

/// Who belongs to the cluster and who is there: corosync's word, or what `/cluster/resources` made of it when that is all there is.
struct Members: Sendable {
    /// In the order of their names; a node is named once.
    let all: [(name: String, isOnline: Bool)]
    /// Names of nodes, when there are some and the filter takes none; else empty.
    let refused: [String]
    private let onlineNames: Set<String>

    /// - Parameter filter: nodes that it leaves out are as if they were not there.
    init(_ status: ClusterStatus?, _ resources: ClusterResources?, _ filter: GuestFilter) {
        var seen: Set<String> = []
        var all: [(name: String, isOnline: Bool)] = []
        if let status {
            for node in status.nodes where seen.insert(node.name).inserted {
                if let isOnline = node.isOnline { all.append((node.name, isOnline)) }
            }
        } else {
            for node in resources?.nodes ?? [] {
                // `unknown` means that the node's statistics daemon is silent: nobody says whether the node is there.
                guard node.status == "online" || node.status == "offline", seen.insert(node.name).inserted else { continue }
                all.append((node.name, node.status == "online"))
            }
        }
        let members = all.map(\.name).sorted()
        self.all = all.filter { filter.takes(node: $0.name) }.sorted { $0.name < $1.name }
        refused = self.all.isEmpty ? members : []
        onlineNames = Set(self.all.filter(\.isOnline).map(\.name))
    }

    var online: [String] { all.filter(\.isOnline).map(\.name) }

    func isOnline(_ node: String) -> Bool { onlineNames.contains(node) }
}
