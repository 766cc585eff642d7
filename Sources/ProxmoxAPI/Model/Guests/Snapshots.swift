import JSON
package import Primitives
package import Web

/// `/nodes/N/qemu/ID/snapshot`, or a container's: the snapshots of a guest, without what it is now.
package struct Snapshots: Sendable {
    package private(set) var count = 0
    /// Seconds since 1970, of those that tell.
    package private(set) var oldest: Double?
    package private(set) var newest: Double?

    init?(_ data: JSONValue) {
        guard data.isArray, data.hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        data.forEachElement { row in
            guard let name = row["name"]?.text, name != "current" else { return }
            count += 1
            guard let time = row["snaptime"]?.number else { return }
            oldest = min(oldest ?? time, time)
            newest = max(newest ?? time, time)
        }
    }
}

extension ProxmoxClient {
    package func snapshots(
        of vmid: Int, _ kind: GuestKind, on node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> Snapshots {
        try await get(
            "/nodes/\(Self.pathPart(node))/\(kind.rawValue)/\(vmid)/snapshot", node: node, http: http, by: deadline,
            decode: Snapshots.init)
    }
}
