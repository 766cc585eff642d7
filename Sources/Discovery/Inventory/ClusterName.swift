import ProxmoxAPI

/// The value of the label `cluster`: the configured name, else the cluster's own, else that of the only node. As the exporter has it.
struct ClusterName: Sendable {
    private let configured: String?
    private var learnt: String?
    /// What was learnt is a cluster's name, and not a node's.
    private var isCluster = false

    init(configured: String?) { self.configured = configured }

    var value: String? { configured ?? learnt }

    mutating func follow(_ other: ClusterName) { (learnt, isCluster) = (other.learnt, other.isCluster) }

    /// The name that the answers would give it, if it has no configured one.
    func candidate(_ status: ClusterStatus?, _ resources: ClusterResources) -> String? {
        var copy = self
        return configured == nil && copy.learn(status, resources) == nil ? copy.learnt : nil
    }

    /// Learns from answers. Returns the name of a cluster that this cannot be: a cluster never takes another name, so somebody else answers.
    mutating func learn(_ status: ClusterStatus?, _ resources: ClusterResources) -> String? {
        if let name = status?.clusterName {
            if isCluster, let learnt, learnt != name { return name }
            (learnt, isCluster) = (name, true)
        } else if learnt == nil {
            let nodes = status?.nodes.map(\.name) ?? resources.nodes.map(\.name)
            if nodes.count == 1 { learnt = nodes[0] }
        }
        return nil
    }
}
