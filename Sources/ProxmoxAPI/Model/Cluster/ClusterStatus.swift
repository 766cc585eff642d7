import JSON

/// `/cluster/status`
package struct ClusterStatus: Sendable {
    package struct Node: Sendable {
        package let name: String
        /// Corosync counts it as a member; nil when the row does not tell.
        package let isOnline: Bool?
        /// Where corosync knows it; nil when the row does not tell.
        package let address: String?
        /// It is the one that answered; nil when the row does not tell.
        package let isLocal: Bool?
    }

    /// nil on a node without a cluster.
    package private(set) var clusterName: String?
    /// nil on a node without a cluster.
    package private(set) var isQuorate: Bool?
    package private(set) var nodes: [Node] = []

    init?(_ data: JSONValue) {
        guard data.isArray else { return nil }
        var isWhole = true
        var seen: Set<String> = []
        data.forEachElement { row in
            switch row["type"]?.text {
            case "cluster":
                clusterName = row["name"]?.word
                isQuorate = row["quorate"]?.flag
            case "node":
                guard let name = row["name"]?.word else { return isWhole = false }
                // Of two rows about a node the first counts.
                guard seen.insert(name).inserted else { return }
                nodes.append(
                    Node(name: name, isOnline: row["online"]?.flag, address: row["ip"]?.word, isLocal: row["local"]?.flag))
            default: break
            }
        }
        // Somebody answered, so there is a node; and there is no cluster of thousands, which would mean three times as many calls.
        // With a node that has no name nobody can be said to be missing, or how many there are.
        guard isWhole, !nodes.isEmpty, nodes.count <= ProxmoxClient.nodeLimit else { return nil }
    }
}
