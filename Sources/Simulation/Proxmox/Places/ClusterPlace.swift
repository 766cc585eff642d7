/// What the node that was asked knows of the whole cluster, beyond rows, members and tasks.
enum ClusterPlace: Sendable, Equatable {
    case permissions
    case availability
    case managedResources
    case availabilityGroups
    case availabilityRules
    case backupJobs
    case backupJob(String)
    case ceph
    case deviceMappings
    case pools
    case pool(String)
    case storages

    /// The place that a path below the base names; nil for what is none of these.
    init?(_ path: [Substring]) {
        switch path.joined(separator: "/") {
        case "access/permissions": self = .permissions
        case "cluster/ha/status/current": self = .availability
        case "cluster/ha/resources": self = .managedResources
        case "cluster/ha/groups": self = .availabilityGroups
        case "cluster/ha/rules": self = .availabilityRules
        case "cluster/backup": self = .backupJobs
        case "cluster/ceph/status": self = .ceph
        case "cluster/mapping/pci": self = .deviceMappings
        case "pools": self = .pools
        case "storage": self = .storages
        default:
            switch path.count {
            case 2 where path[0] == "pools": self = .pool(String(path[1]))
            case 3 where path[0] == "cluster" && path[1] == "backup": self = .backupJob(String(path[2]))
            default: return nil
            }
        }
    }

    /// With `*` for names.
    var pattern: String {
        switch self {
        case .permissions: "/access/permissions"
        case .availability: "/cluster/ha/status/current"
        case .managedResources: "/cluster/ha/resources"
        case .availabilityGroups: "/cluster/ha/groups"
        case .availabilityRules: "/cluster/ha/rules"
        case .backupJobs: "/cluster/backup"
        case .backupJob: "/cluster/backup/*"
        case .ceph: "/cluster/ceph/status"
        case .deviceMappings: "/cluster/mapping/pci"
        case .pools: "/pools"
        case .pool: "/pools/*"
        case .storages: "/storage"
        }
    }

    /// The query parameters of the real schema.
    var parameters: [String] {
        switch self {
        case .permissions: ["path", "userid"]
        case .managedResources, .availabilityRules, .storages: ["type"]
        case .deviceMappings: ["check-node"]
        case .pools: ["poolid", "type"]
        case .pool: ["type"]
        default: []
        }
    }

    /// Whether the privileged daemon answers.
    var isProtected: Bool { self == .ceph }
}
