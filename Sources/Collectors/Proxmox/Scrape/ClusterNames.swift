import Synchronization

/// Which cluster has which name, so that two that call themselves the same are not mixed into one.
final class ClusterNames: Sendable {
    /// Names that the settings give are theirs, whatever another cluster calls itself.
    private let configured: [String: Int]
    private let learnt = Mutex<[String: Int]>([:])

    init(_ clusters: [ProxmoxCluster]) {
        configured = Dictionary(
            clusters.compactMap { cluster in cluster.configuredName.map { ($0, cluster.position) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// The position, in the settings, of the cluster that has the name: of all that ever claimed a learnt one, the first.
    func claim(_ name: String, by position: Int) -> Int {
        if let owner = configured[name] { return owner }
        return learnt.withLock { learnt in
            let owner = min(learnt[name] ?? position, position)
            learnt[name] = owner
            return owner
        }
    }
}
