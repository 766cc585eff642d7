import JSON
package import Primitives
package import Web

/// `/cluster/ha/status/current`: what HA's managers say is, not what somebody wishes for.
package struct HAStatus: Sendable {
    package struct Service: Sendable {
        package let kind: GuestKind
        package let vmid: Int
        package let node: String
        /// `started`, `stopped`, `error`, `fence`, …
        package let state: String?
        /// What somebody wishes for.
        package let requestedState: String?
        package let group: String?
        package let maximumRestarts: String?
        package let maximumRelocations: String?
    }

    /// When a manager was last heard of, in seconds since 1970.
    package struct Sign: Sendable {
        package let node: String
        package let timestamp: Double?
    }

    package private(set) var services: [Service] = []
    package private(set) var isQuorate: Bool?
    /// Whether nodes that are lost are fenced.
    package private(set) var isFencingArmed: Bool?
    /// The manager of the cluster; nil while there is none.
    package private(set) var master: Sign?
    /// The local managers.
    package private(set) var nodes: [Sign] = []

    init?(_ data: JSONValue) {
        guard data.isArray, data.hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        var seen: Set<String> = []
        data.forEachElement { row in
            switch row["type"]?.text {
            case "quorum": isQuorate = isQuorate ?? row["quorate"]?.flag
            case "fencing": isFencingArmed = isFencingArmed ?? row["armed-state"]?.text.map { $0 == "armed" }
            case "master": master = master ?? Sign(row)
            case "lrm": if let sign = Sign(row), nodes.count < ProxmoxClient.nodeLimit { nodes.append(sign) }
            case "service":
                if let service = Service(row), seen.insert("\(service.kind.rawValue):\(service.vmid)").inserted { services.append(service) }
            default: break
            }
        }
        nodes.sort { $0.node < $1.node }
        services.sort { ($0.vmid, $0.kind.rawValue) < ($1.vmid, $1.kind.rawValue) }
    }
}

extension HAStatus.Sign {
    init?(_ row: JSONValue) {
        guard let node = row["node"]?.word else { return nil }
        self.init(node: node, timestamp: row["timestamp"]?.number)
    }
}

extension HAStatus.Service {
    init?(_ row: JSONValue) {
        // `vm:100`, `ct:210`
        guard let sid = row["sid"]?.text, sid.utf8.count <= 32 else { return nil }
        let parts = sid.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let vmid = Int(parts[1]), vmid >= 0 else { return nil }
        switch parts[0] {
        case "vm": kind = .qemu
        case "ct": kind = .lxc
        default: return nil
        }
        self.vmid = vmid
        node = row["node"]?.word ?? ""
        requestedState = row["request_state"]?.word
        // Of what HA ignores its manager says nothing.
        state = row["crm_state"]?.word ?? (requestedState == "ignored" ? "ignored" : nil)
        group = row["group"]?.word
        maximumRestarts = row["max_restart"]?.integer.map(String.init)
        maximumRelocations = row["max_relocate"]?.integer.map(String.init)
    }
}

extension ProxmoxClient {
    package func haStatus(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> HAStatus {
        try await get("/cluster/ha/status/current", http: http, by: deadline, decode: HAStatus.init)
    }
}
