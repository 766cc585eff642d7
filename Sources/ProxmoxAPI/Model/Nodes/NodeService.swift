import JSON
package import Primitives
package import Web

/// A row of `/nodes/N/services`: a service of systemd that belongs to Proxmox VE, or that it needs.
package struct NodeService: Sendable {
    package let name: String
    /// systemd's SubState: `running`, `dead`, `exited`, …
    package let state: String?
    /// systemd's UnitFileState: `enabled`, `static`, `masked`, …
    package let unitState: String?

    init?(_ row: JSONValue) {
        // `name` is that of the unit, which may serve under another: rsyslog as syslog.
        guard let name = row["service"]?.word ?? row["name"]?.word else { return nil }
        self.name = name
        state = row["state"]?.word
        unitState = row["unit-state"]?.word
    }

    /// Whether somebody wants it to run.
    package var isWanted: Bool { !["masked", "disabled", "not-found"].contains(unitState) }

    /// Nil when nobody knows.
    package var isRunning: Bool? { state.map { $0 == "running" } }
}

extension ProxmoxClient {
    /// `/nodes/N/services`, in the order of their names.
    package func services(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> [NodeService] {
        try await get("/nodes/\(Self.pathPart(node))/services", node: node, http: http, by: deadline) {
            $0.rows(upTo: 1024, by: \.name, NodeService.init)
        }
    }
}
