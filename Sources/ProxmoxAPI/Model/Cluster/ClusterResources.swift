import JSON

/// `/cluster/resources`: nodes, guests and storages. Rows of other types are left out.
package struct ClusterResources: Sendable {
    package struct Node: Sendable {
        package let name: String
        /// `online`, `offline`, or `unknown` when the node's statistics daemon is silent.
        package let status: String?
        /// 0-1 of the whole node.
        package let cpuRatio: Double?
        package let cpus: Double?
        package let memoryUsedBytes: Double?
        package let memoryBytes: Double?
        package let uptimeSeconds: Double?
    }

    package struct Storage: Sendable {
        package let node: String
        package let name: String
        /// The plugin: `dir`, `zfspool`, `nfs`, …
        package let type: String
        /// `available` or `unknown`.
        package let status: String?
        /// What may lie there: `images`, `backup`, … in alphabetical order, as the API's order is another each time.
        package let content: [String]
        /// The same storage on all nodes; nil when the row does not tell.
        package let isShared: Bool?
        package let usedBytes: Double?
        package let totalBytes: Double?
    }

    package private(set) var nodes: [Node] = []
    package private(set) var guests: [GuestResource] = []
    package private(set) var storages: [Storage] = []
    /// Rows of a node, a guest or a storage that lack what tells which.
    package private(set) var unreadableCount = 0

    init?(_ data: JSONValue) {
        guard data.isArray, data.hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        data.forEachElement { row in
            switch row["type"]?.text {
            case "node": if let node = Node(row) { nodes.append(node) } else { unreadableCount += 1 }
            case "storage": if let storage = Storage(row) { storages.append(storage) } else { unreadableCount += 1 }
            case "qemu": if let guest = GuestResource(row, .qemu) { guests.append(guest) } else { unreadableCount += 1 }
            case "lxc": if let guest = GuestResource(row, .lxc) { guests.append(guest) } else { unreadableCount += 1 }
            default: break
            }
        }
        // Nodes are listed to whoever may ask, whatever else is hidden.
        guard !nodes.isEmpty, nodes.count <= ProxmoxClient.nodeLimit else { return nil }
    }
}

extension ClusterResources.Node {
    init?(_ row: JSONValue) {
        guard let name = row["node"]?.word else { return nil }
        self.name = name
        status = row["status"]?.text
        cpuRatio = row["cpu"]?.number
        cpus = row["maxcpu"]?.number
        memoryUsedBytes = row["mem"]?.number
        memoryBytes = row["maxmem"]?.number
        uptimeSeconds = row["uptime"]?.number
    }
}

extension ClusterResources.Storage {
    init?(_ row: JSONValue) {
        guard let node = row["node"]?.word, let name = row["storage"]?.word else { return nil }
        self.node = node
        self.name = name
        type = row["plugintype"]?.text ?? ""
        status = row["status"]?.text
        content = (row["content"]?.word ?? "").split(separator: ",").map(String.init).sorted()
        isShared = row["shared"]?.flag
        usedBytes = row["disk"]?.number
        totalBytes = row["maxdisk"]?.number
    }
}
