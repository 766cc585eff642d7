import JSON
package import Primitives
package import Web

/// A row of `/nodes/N/replication`: a job whose source the node is, with its state.
package struct ReplicationStatus: Sendable {
    /// `100-0`
    package let id: String
    package let vmid: Int
    package let target: String
    package let isEnabled: Bool
    /// Seconds since 1970; nil when it never was.
    package let lastSync: Double?
    package let lastTry: Double?
    package let nextSync: Double?
    package let durationSeconds: Double?
    /// In a row.
    package let failureCount: Double?
    package let hasError: Bool

    init?(_ row: JSONValue) {
        guard let id = row["id"]?.word, let vmid = row["guest"]?.integer, vmid >= 0 else { return nil }
        self.id = id
        self.vmid = vmid
        target = row["target"]?.word ?? ""
        isEnabled = row["disable"]?.flag != true
        lastSync = row["last_sync"]?.number.flatMap { $0 > 0 ? $0 : nil }
        lastTry = row["last_try"]?.number.flatMap { $0 > 0 ? $0 : nil }
        nextSync = row["next_sync"]?.number.flatMap { $0 > 0 ? $0 : nil }
        durationSeconds = row["duration"]?.number
        failureCount = row["fail_count"]?.number
        hasError = row["error"]?.word != nil
    }
}

extension ProxmoxClient {
    package func replication(
        _ node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> Listing<ReplicationStatus> {
        try await get("/nodes/\(Self.pathPart(node))/replication", node: node, http: http, by: deadline) {
            Listing($0, ReplicationStatus.init)
        }
    }
}
