import JSON
import Metrics

/// What `/cluster/status` told: samples, and the names that other calls and families need.
struct ClusterRows: Sendable {
    let buffer: SampleBuffer
    /// Of the first row: the cluster, or the node that stands alone.
    let firstName: String
    /// nil on a node without a cluster.
    private(set) var clusterName: String?
    /// The node that was asked; nil when no row says that it is.
    private(set) var localNode: String?

    /// nil for what is no such answer.
    init?(_ data: JSONValue, _ families: DropInFamilies, _ collectors: DropInCollectors, isCluster: Bool) {
        guard data.isArray else { return nil }
        var buffer = SampleBuffer(part: "status")
        var names: [String] = []
        var hasUnknown = false
        var (cluster, local): (String?, String?)
        data.forEachElement { row in
            let name = row["name"]?.shortText ?? ""
            names.append(name)
            switch row["type"]?.text {
            case "node":
                if local == nil, row["local"]?.flag == true { local = name }
                guard isCluster else { return }
                if collectors.status { families.status.writeUp(row, isNode: true, into: &buffer) }
                if collectors.node { families.status.writeNode(row, into: &buffer) }
            case "cluster":
                cluster = cluster ?? name
                guard isCluster else { return }
                if collectors.status { families.status.writeUp(row, isNode: false, into: &buffer) }
                if collectors.cluster { families.status.writeCluster(row, into: &buffer) }
            default: hasUnknown = true
            }
        }
        // Somebody answered, so there is a row; and a row of another kind may mean that something is down.
        guard let first = names.first, !(hasUnknown && isCluster && collectors.status) else { return nil }
        self.buffer = buffer
        firstName = first
        clusterName = cluster
        localNode = local
    }
}
