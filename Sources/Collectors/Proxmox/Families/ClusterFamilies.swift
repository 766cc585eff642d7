import Metrics
import ProxmoxAPI
import ProxmoxConfiguration

/// Families of a cluster as a whole.
struct ClusterFamilies: Sendable {
    static let labels = LabelSchema("cluster")
    private static let versionLabels = labels.adding("version", "release", "repoid")

    private static let rightLabels = labels.adding("privilege", "path")

    private let version: Metric
    private let missingPrivilege: Metric
    private let quorate: Metric
    private let nodes: Metric
    private let nodesOnline: Metric

    init(_ catalogue: inout Catalogue) {
        version = catalogue.info(
            "pve_version_info", "Version of Proxmox VE on the node that was asked.", labels: Self.versionLabels,
            source: "/version version, release, repoid")
        missingPrivilege = catalogue.info(
            "pve_missing_privilege_info",
            "A right that the credential does not have on everything below the path: what needs it is missing, and lists may be short without a word.",
            labels: Self.rightLabels, source: "/access/permissions")
        quorate = catalogue.gauge(
            "pve_cluster_quorate", "1 if the cluster has quorum; absent on a node without a cluster.", labels: Self.labels,
            source: "/cluster/status quorate")
        nodes = catalogue.gauge(
            "pve_cluster_nodes_total", "Nodes of the cluster.", labels: Self.labels, source: "/cluster/status rows of type node")
        nodesOnline = catalogue.gauge(
            "pve_cluster_nodes_online", "Nodes that corosync counts as members.", labels: Self.labels,
            source: "/cluster/status rows of type node with online 1")
    }

    func write(_ cluster: String, _ answer: ProxmoxVersion, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.versionLabels, cluster, answer.version, answer.release, answer.repositoryID)
        buffer.add(version, labels, true)
    }

    func write(_ cluster: String, missing: [RequiredPrivilege], into buffer: inout SampleBuffer) {
        for need in missing {
            buffer.add(missingPrivilege, buffer.labels(Self.rightLabels, cluster, need.privilege, need.path), true)
        }
    }

    func write(_ cluster: String, _ status: ClusterStatus, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, cluster)
        buffer.add(quorate, labels, status.isQuorate)
        buffer.add(nodes, labels, Double(status.nodes.count))
        buffer.add(nodesOnline, labels, Double(status.nodes.count { $0.isOnline == true }))
    }
}
