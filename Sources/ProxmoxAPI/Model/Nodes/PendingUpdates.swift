import JSON
package import Primitives
package import Web

/// `/nodes/N/apt/update`: a row for each package of which a newer version is known.
package struct PendingUpdates: Sendable {
    package let count: Int

    init?(_ data: JSONValue) {
        guard data.hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        var count = 0
        data.forEachElement { if $0.isObject { count += 1 } }
        self.count = count
    }
}

extension ProxmoxClient {
    /// `/nodes/N/apt/update`, which needs Sys.Modify on the node: more than auditors have.
    package func pendingUpdates(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> PendingUpdates {
        try await get("/nodes/\(Self.pathPart(node))/apt/update", node: node, http: http, by: deadline, decode: PendingUpdates.init)
    }
}
