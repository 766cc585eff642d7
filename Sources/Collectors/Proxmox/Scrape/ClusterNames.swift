import Synchronization

/// Which cluster has which name, so that two that call themselves the same are not mixed into one.
final class ClusterNames: Sendable {
    private struct State {
        /// By the name that a cluster has learnt, its position.
        var owners: [String: Int] = [:]
        /// By position, the name that a cluster calls itself now.
        var names: [Int: String] = [:]
        /// Those that have had another name before.
        var renamed: Set<Int> = []
    }

    /// Names that the settings give are theirs, whatever another cluster calls itself.
    private let configured: [String: Int]
    private let state = Mutex(State())

    init(_ clusters: [ProxmoxCluster]) {
        configured = Dictionary(
            clusters.compactMap { cluster in cluster.configuredName.map { ($0, cluster.position) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Whether the cluster at a position has the name, as far as anybody claimed it.
    func isOwned(_ name: String, by position: Int) -> Bool {
        (configured[name] ?? state.withLock { $0.owners[name] }) == position
    }

    /// The position, in the settings, of the cluster that has the name: of all that have called themselves so from the beginning, the first.
    ///
    /// A name is free again when its owner takes another. One that takes a name later than it began takes it away from nobody: else
    /// whoever owns one cluster could make another vanish.
    func claim(_ name: String, by position: Int) -> Int {
        if let owner = configured[name] { return owner }
        return state.withLock { state in
            if let old = state.names.updateValue(name, forKey: position), old != name {
                state.renamed.insert(position)
                if state.owners[old] == position { state.owners[old] = nil }
            }
            if let owner = state.owners[name], owner < position || state.renamed.contains(position) { return owner }
            state.owners[name] = position
            return position
        }
    }
}
