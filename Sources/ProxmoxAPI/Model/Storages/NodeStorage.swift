import JSON
package import Primitives
package import Web

/// A row of `/nodes/N/storage`: a storage as the node itself finds it, which waits for it when it hangs.
package struct NodeStorage: Sendable {
    package let name: String
    /// The plugin: `dir`, `zfspool`, `nfs`, …
    package let type: String
    package let isEnabled: Bool?
    /// What whoever is not root may still write; nil when the storage is not there, as 0 is then said of it.
    package let availableBytes: Double?

    init?(_ row: JSONValue) {
        guard let name = row["storage"]?.word else { return nil }
        self.name = name
        type = row["type"]?.word ?? ""
        isEnabled = row["enabled"]?.flag
        availableBytes = row["active"]?.flag == true ? row["avail"]?.number : nil
    }
}

extension ProxmoxClient {
    /// `/nodes/N/storage`, in the order of their names. Without rights it is empty.
    package func storages(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> [NodeStorage] {
        try await get("/nodes/\(Self.pathPart(node))/storage", node: node, http: http, by: deadline) {
            $0.rows(upTo: 4096, by: \.name, NodeStorage.init)
        }
    }
}
