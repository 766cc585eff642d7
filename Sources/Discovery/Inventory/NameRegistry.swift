import Synchronization

/// Which cluster of the settings has which name: targets of two of one name could not be told apart, and whoever owns one cluster must not
/// make another vanish by taking its name.
final class NameRegistry: Sendable {
    /// By name, the position in the settings.
    private let owners: Mutex<[String: Int]>

    /// - Parameter configured: names that the settings give, which are theirs whatever another calls itself.
    init(configured: [String?]) {
        var owners: [String: Int] = [:]
        for (position, name) in configured.enumerated() { if let name, owners[name] == nil { owners[name] = position } }
        self.owners = Mutex(owners)
    }

    /// Whether the name belongs to the cluster at the position: of those that claim it, to the first, for as long as this runs.
    func claim(_ name: String, by position: Int) -> Bool {
        owners.withLock { owners in
            let owner = owners[name] ?? position
            owners[name] = owner
            return owner == position
        }
    }
}
