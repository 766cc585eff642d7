/// What a node tells of itself when it is asked, beyond its status, tasks and guests.
enum NodePlace: Sendable, Equatable {
    case version
    case time
    case storages
    case certificates
    case services
    case updates
    case packages
    case disks
    case smart
    case pools
    case pool(String)
    case statistics
    case devices
    case taskLog(String)
    case taskStatus(String)

    /// The place that a path below a node names; nil for what is none of these.
    init?(_ path: [Substring]) {
        switch path.joined(separator: "/") {
        case "version": self = .version
        case "time": self = .time
        case "storage": self = .storages
        case "certificates/info": self = .certificates
        case "services": self = .services
        case "apt/update": self = .updates
        case "apt/versions": self = .packages
        case "disks/list": self = .disks
        case "disks/smart": self = .smart
        case "disks/zfs": self = .pools
        case "rrddata": self = .statistics
        case "hardware/pci": self = .devices
        default:
            guard path.count == 3 else { return nil }
            switch (path[0], path[1], path[2]) {
            case ("disks", "zfs", let name): self = .pool(String(name))
            case ("tasks", let upid, "log"): self = .taskLog(String(upid))
            case ("tasks", let upid, "status"): self = .taskStatus(String(upid))
            default: return nil
            }
        }
    }

    /// Below the node, with `*` for names.
    var pattern: String {
        switch self {
        case .version: "version"
        case .time: "time"
        case .storages: "storage"
        case .certificates: "certificates/info"
        case .services: "services"
        case .updates: "apt/update"
        case .packages: "apt/versions"
        case .disks: "disks/list"
        case .smart: "disks/smart"
        case .pools: "disks/zfs"
        case .pool: "disks/zfs/*"
        case .statistics: "rrddata"
        case .devices: "hardware/pci"
        case .taskLog: "tasks/*/log"
        case .taskStatus: "tasks/*/status"
        }
    }

    /// The query parameters of the real schema.
    var parameters: [String] {
        switch self {
        case .storages: ["content", "enabled", "format", "storage", "target"]
        case .disks: ["include-partitions", "skipsmart", "type"]
        case .smart: ["disk", "healthonly"]
        case .statistics: ["cf", "timeframe"]
        case .devices: ["pci-class-blacklist", "verbose"]
        case .taskLog: ["download", "limit", "start"]
        default: []
        }
    }

    /// Those of them that must be there.
    var requiredParameters: [String] {
        switch self {
        case .smart: ["disk"]
        case .statistics: ["timeframe"]
        default: []
        }
    }

    /// Whether the node itself is asked. Statistics are copied to all nodes, so whoever is asked has them.
    var isPassedOn: Bool { self != .statistics }

    /// Whether the privileged daemon of the node that answers does it.
    var isProtected: Bool {
        switch self {
        case .version, .time, .packages: false
        default: true
        }
    }
}
