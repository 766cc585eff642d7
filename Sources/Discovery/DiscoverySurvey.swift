package import Exporting
package import Primitives
import ProxmoxAPI
package import ProxmoxConfiguration

/// One look at a cluster, as discovery would see it at its start: which guests and nodes there are, and at which address each would be
/// scraped.
package struct DiscoverySurvey: Sendable {
    /// A guest, or a node.
    package struct Target: Sendable {
        package let isNode: Bool
        package let isVirtualMachine: Bool
        /// nil of a node.
        package let vmid: Int?
        package let name: String
        package let node: String
        /// Whether an exporter can be expected in it: it runs, or the node is online.
        package let isActive: Bool
        package let isWindows: Bool
        /// Whether the configuration has an agent; nil when it was not read.
        package let hasAgent: Bool?
        /// `192.0.2.7:9100`; nil when nobody knows where it is.
        package let address: String?
        /// Why not, as the label `reason` of discovery's metrics has it.
        package let reason: String?
    }

    package let targets: [Target]
    /// Why there are none.
    package let problem: PartProblem?

    /// - Parameter guestLimit: how many guests are asked about, each with one call or two; of the others nothing but their row is known.
    package static func run(
        _ cluster: ConfiguredCluster, _ settings: DiscoverySettings, _ context: CollectionContext, guestLimit: Int, by deadline: Deadline
    ) async -> DiscoverySurvey {
        let watch = ClusterWatch(cluster, settings, position: 0, names: NameRegistry(configured: [cluster.name]))
        guard await watch.lookOnce(context, guestLimit: guestLimit, by: deadline) else {
            return DiscoverySurvey(targets: [], problem: watch.problem)
        }
        let (book, name) = watch.knowledge
        let targets = TargetEntry.all(of: book, cluster: name, settings).map { entry in
            let record = entry.vmid.flatMap { book.guests[$0] }
            return Target(
                isNode: entry.kind == .node, isVirtualMachine: entry.kind == .qemu, vmid: entry.vmid,
                name: record?.row.name ?? entry.node, node: entry.node,
                isActive: entry.kind == .node ? entry.status == "online" : entry.isActive, isWindows: entry.system == .windows,
                hasAgent: record?.details?.hasAgent, address: entry.target?.text(port: entry.port),
                reason: entry.silence?.rawValue)
        }
        return DiscoverySurvey(targets: targets, problem: nil)
    }
}
