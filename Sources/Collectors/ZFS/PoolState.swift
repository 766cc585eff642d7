/// How a pool is, in the order of the numbers of `zfs_pool_health`.
enum PoolState: String, Sendable, CaseIterable {
    case online = "ONLINE"
    case degraded = "DEGRADED"
    case faulted = "FAULTED"
    case offline = "OFFLINE"
    case unavailable = "UNAVAIL"
    case removed = "REMOVED"
    case suspended = "SUSPENDED"

    var number: Double {
        switch self {
        case .online: 0
        case .degraded: 1
        case .faulted: 2
        case .offline: 3
        case .unavailable: 4
        case .removed: 5
        case .suspended: 6
        }
    }

    /// As the kernel, `zpool list` or `zpool status` has it; nil for what is no state.
    init?(word: some StringProtocol) {
        if let state = PoolState(rawValue: String(word)) {
            self = state
            return
        }
        switch word {
        // What the JSON of some versions says of a device, and what a spare says of itself.
        case "HEALTHY", "AVAIL", "INUSE": self = .online
        case "CANT_OPEN", "CAN'T_OPEN": self = .unavailable
        default: return nil
        }
    }
}
