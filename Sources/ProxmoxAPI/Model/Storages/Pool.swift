import JSON
package import Primitives
package import Web

/// A row of `/nodes/N/disks/zfs`: what `zpool list` says of a pool.
package struct Pool: Sendable {
    package let name: String
    /// `ONLINE`, `DEGRADED`, …
    package let health: String?
    package let sizeBytes: Double?
    package let allocatedBytes: Double?
    package let freeBytes: Double?
    /// In percent.
    package let fragmentation: Double?
    package let deduplicationRatio: Double?

    /// Whether it can be asked for in detail: a name that is no pool's makes no path.
    package var hasDetail: Bool { name.utf8.count <= 255 }

    init?(_ row: JSONValue) {
        guard let name = row["name"]?.word else { return nil }
        self.name = name
        health = row["health"]?.word
        sizeBytes = row["size"]?.number
        allocatedBytes = row["alloc"]?.number
        freeBytes = row["free"]?.number
        fragmentation = row["frag"]?.number
        deduplicationRatio = row["dedup"]?.number
    }
}

extension ProxmoxClient {
    /// `/nodes/N/disks/zfs`, in the order of their names.
    package func pools(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> [Pool] {
        try await get("/nodes/\(Self.pathPart(node))/disks/zfs", node: node, http: http, by: deadline) {
            $0.rows(upTo: 256, by: \.name, Pool.init)
        }
    }
}
