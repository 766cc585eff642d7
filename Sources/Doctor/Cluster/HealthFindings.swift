import ProxmoxAPI
import ProxmoxConfiguration

/// Judges how the cluster is, and what of it is wanted.
struct HealthFindings: Sendable {
    let status: Result<ClusterStatus, ProxmoxError>
    let resources: Result<ClusterResources, ProxmoxError>
    let filter: GuestFilter

    private static let check = "cluster"

    var findings: [Finding] { health + filtered }

    private var health: [Finding] {
        var findings: [Finding] = []
        var nodes: [(name: String, isOnline: Bool)] = []
        switch status {
        case .success(let status):
            nodes = status.nodes.map { ($0.name, $0.isOnline ?? false) }
            if status.isQuorate == false {
                findings.append(
                    Finding(
                        Self.check, .problem,
                        "the part of the cluster that answers has no quorum: it can start and change nothing, and the others are not seen",
                        remedies: [
                            Finding.Remedy(
                                .node, "see who is there, and to the network between the nodes",
                                lines: ["pvecm status", "systemctl status corosync"])
                        ]))
            }
        case .failure(let error):
            // Who lacks the right was told so.
            if error.kind != .forbidden { findings.append(Finding(Self.check, .problem, error.description, remedies: daemons)) }
        }
        if case .success(let resources) = resources {
            if nodes.isEmpty { nodes = resources.nodes.map { ($0.name, $0.status == "online") } }
            findings += silent(resources, nodes)
        } else if case .failure(let error) = resources {
            findings.append(Finding(Self.check, .problem, error.description, remedies: daemons))
        }
        let wanted = nodes.filter { filter.takes(node: $0.name) }
        let off = wanted.filter { !$0.isOnline }.map(\.name)
        if !off.isEmpty {
            findings.append(
                Finding(
                    Self.check, .problem,
                    "\(enumeration(off.map { named($0) })) \(off.count == 1 ? "is" : "are") offline, so numbers of \(off.count == 1 ? "its" : "their") guests are missing",
                    remedies: [Finding.Remedy(.node, "see who is there", lines: ["pvecm status"])]))
        }
        if findings.isEmpty, !nodes.isEmpty {
            let quorum = (try? status.get())?.isQuorate == true ? "quorate, " : ""
            findings.append(
                Finding(
                    Self.check, .ok,
                    "\(quorum)\(counted(nodes.count, "node")) online: \(enumeration(nodes.map { named($0.name) }, limit: 8))"))
        }
        return findings
    }

    /// Nodes that are there and whose numbers nobody hears.
    private func silent(_ resources: ClusterResources, _ nodes: [(name: String, isOnline: Bool)]) -> [Finding] {
        let online = Set(nodes.filter(\.isOnline).map(\.name))
        let silent = resources.nodes.filter { $0.status == "unknown" && online.contains($0.name) && filter.takes(node: $0.name) }.map(
            \.name)
        guard !silent.isEmpty else { return [] }
        return [
            Finding(
                Self.check, .problem,
                "the statistics of \(enumeration(silent.map { named($0) })) are silent: numbers of the node and of its guests stand still or are missing",
                remedies: [
                    Finding.Remedy(
                        .node, "on the one that is silent",
                        lines: ["systemctl status pvestatd", "systemctl restart pvestatd", "pvesm status"])
                ])
        ]
    }

    private var daemons: [Finding.Remedy] {
        [Finding.Remedy(.node, "see how its daemons are", lines: ["systemctl status pveproxy pvedaemon pve-cluster corosync"])]
    }

    // MARK: the filter

    private var filtered: [Finding] {
        guard case .success(let resources) = resources else { return [] }
        let nodes = resources.nodes.map(\.name)
        let taken = nodes.filter { filter.takes(node: $0) }
        guard !taken.isEmpty else {
            return [
                Finding(
                    "filter", .problem,
                    "the filter takes none of the nodes, which are called \(enumeration(nodes.sorted().map { named($0) }, limit: 8))",
                    remedies: [
                        Finding.Remedy(
                            .settings, "see to filter.nodes and filter.exclude_nodes of the cluster, or to the variable TARGET_NODES")
                    ])
            ]
        }
        let guests = resources.guests
        let left = guests.filter { !filter.takes(node: $0.node) || !filter.takes(vmid: $0.vmid, tags: $0.tags ?? "", pool: $0.pool ?? "") }
        if !guests.isEmpty, left.count == guests.count {
            return [
                Finding(
                    "filter", .problem, "the filter leaves out all \(counted(guests.count, "guest"))",
                    remedies: [Finding.Remedy(.settings, "see to the section filter of the cluster")])
            ]
        }
        guard taken.count < nodes.count || !left.isEmpty else { return [] }
        let missing = nodes.filter { !filter.takes(node: $0) }.sorted()
        let parts = [
            missing.isEmpty ? nil : "\(counted(missing.count, "node")) (\(enumeration(missing.map { named($0) })))",
            left.isEmpty ? nil : "\(left.count) of \(counted(guests.count, "guest"))",
        ].compactMap { $0 }
        return [Finding("filter", .information, "left out, as the filter says: \(parts.joined(separator: ", "))")]
    }
}
