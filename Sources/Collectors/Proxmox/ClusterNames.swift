import Synchronization

/// Which cluster has which name, so that two that call themselves the same are not mixed into one.
final class ClusterNames: Sendable {
    private let owners = Mutex<[String: Int]>([:])

    /// The position, in the settings, of the cluster that has the name: of all that ever claimed it, the first.
    func claim(_ name: String, by position: Int) -> Int {
        owners.withLock { owners in
            let owner = min(owners[name] ?? position, position)
            owners[name] = owner
            return owner
        }
    }
}
