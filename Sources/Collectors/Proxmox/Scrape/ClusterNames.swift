import Synchronization

/// Which cluster has which name, so that two that call themselves the same are not mixed into one.
final class ClusterNames: Sendable {
    private struct State {
        /// By the name that a cluster has learnt, its position.
        var owners: [String: Int] = [:]
        /// By position, the name that a cluster calls itself now, and the one that it began with.
        var names: [Int: String] = [:]
        var firstNames: [Int: String] = [:]
    }

    /// Names that the settings give are theirs, whatever another cluster calls itself.
    private let configured: [String: Int]
    private let state = Mutex(State())

    init(_ clusters: [ProxmoxCluster]) {
        configured = Dictionary(
            clusters.compactMap { cluster in cluster.configuredName.map { ($0, cluster.position) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// The position, in the settings, of the cluster that has the name: of all that call themselves so from the beginning, the first.
    ///
    /// A name is free again when its owner takes another. One that takes a name later than it began takes it away from nobody: else
    /// whoever owns one cluster could make another vanish.
    func claim(_ name: String, by position: Int) -> Int {
        if let owner = configured[name] { return owner }
        return state.withLock { state in
            if let old = state.names.updateValue(name, forKey: position), old != name, state.owners[old] == position {
                state.owners[old] = nil
            }
            let isFirst = state.firstNames[position, default: name] == name
            state.firstNames[position] = state.firstNames[position] ?? name
            if let owner = state.owners[name], owner < position || !isFirst { return owner }
            state.owners[name] = position
            return position
        }
    }
}
