import JSON
package import Primitives
package import Web

/// `/cluster/ceph/status`, which is what `ceph status` says.
package struct CephStatus: Sendable {
    /// Something that Ceph complains about.
    package struct Check: Sendable {
        /// `OSD_DOWN`, …
        package let code: String
        /// `HEALTH_WARN` or `HEALTH_ERR`; empty when it is not said.
        package let severity: String
    }

    package struct PlacementGroups: Sendable {
        /// `active+clean`, …
        package let state: String
        package let count: Double
    }

    /// `HEALTH_OK`, `HEALTH_WARN` or `HEALTH_ERR`.
    package let health: String?
    /// In the order of their codes.
    package let checks: [Check]
    package let totalBytes: Double?
    package let usedBytes: Double?
    package let availableBytes: Double?
    package let osds: Double?
    package let osdsUp: Double?
    package let osdsIn: Double?
    /// In the order of their states.
    package let placementGroups: [PlacementGroups]
    package let monitorsInQuorum: Int?

    /// Codes and states are words of Ceph's, some dozens of each.
    private static let wordLimit = 512

    init?(_ data: JSONValue) {
        guard data.isObject else { return nil }
        let health = data["health"]
        self.health = health?["status"]?.word
        checks = health?["checks"].map(Self.checks) ?? []
        let groups = data["pgmap"]
        totalBytes = groups?["bytes_total"]?.number
        usedBytes = groups?["bytes_used"]?.number
        availableBytes = groups?["bytes_avail"]?.number
        placementGroups = groups?["pgs_by_state"]?.rows(upTo: Self.wordLimit, by: \.state, PlacementGroups.init) ?? []
        // Before Octopus it was one floor deeper.
        let map = data["osdmap"]?["osdmap"] ?? data["osdmap"]
        osds = map?["num_osds"]?.number
        osdsUp = map?["num_up_osds"]?.number
        osdsIn = map?["num_in_osds"]?.number
        monitorsInQuorum = data["quorum_names"].flatMap { names in
            guard names.hasElements(upTo: ProxmoxClient.nodeLimit) else { return nil }
            var count = 0
            names.forEachElement { _ in count += 1 }
            return count
        }
    }

    private static func checks(_ value: JSONValue) -> [Check] {
        var checks: [String: Check] = [:]
        value.forEachMember { key, check in
            let code = key.word
            guard !code.isEmpty, checks.count < wordLimit, checks[code] == nil else { return }
            checks[code] = Check(code: code, severity: check["severity"]?.word ?? "")
        }
        return checks.values.sorted { $0.code < $1.code }
    }
}

extension CephStatus.PlacementGroups {
    init?(_ row: JSONValue) {
        guard let state = row["state_name"]?.word, let count = row["count"]?.number else { return nil }
        self.state = state
        self.count = count
    }
}

extension ProxmoxError {
    /// Whether it only says that there is no Ceph: no program, no configuration, or no such path.
    package var isLackOfCeph: Bool {
        switch kind {
        case .refused(status: 501): true
        case .refused(status: 500):
            ["not installed", "not initialized", "not fully configured"].contains { description.contains($0) }
        default: false
        }
    }
}

extension ProxmoxClient {
    /// `/cluster/ceph/status`
    package func cephStatus(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> CephStatus {
        try await get("/cluster/ceph/status", http: http, by: deadline, decode: CephStatus.init)
    }
}
