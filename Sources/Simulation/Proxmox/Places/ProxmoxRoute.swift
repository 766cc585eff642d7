/// A place of the API that is simulated.
enum ProxmoxRoute: Sendable, Equatable {
    case ticket
    case version
    case clusterStatus
    case clusterResources
    case clusterTasks
    case notBackedUp
    case qdevice
    case cluster(ClusterPlace)
    case access(AccessPlace)
    case nodes
    case nodeStatus(node: String)
    case nodeTasks(node: String)
    case ofNode(NodePlace, node: String)
    case subscription(node: String)
    case replication(node: String)
    case replicationStatus(node: String, job: String)
    case guests(Guest.Kind, node: String)
    case guestStatus(Guest.Kind, node: String, vmid: String)
    case guestConfiguration(Guest.Kind, node: String, vmid: String)
    case ofGuest(GuestPlace, Guest.Kind, node: String, vmid: String)
    /// Where a guest is started and stopped.
    case guestPower(Guest.Kind, node: String, vmid: String, action: String)
    /// Something else below `/api2/json`, possibly of a node.
    case unknown(node: String?)

    /// What all paths of the API begin with.
    static let base = "/api2/json"
    private static let actions: Set<Substring> = ["start", "stop", "shutdown", "reboot", "reset", "suspend", "resume"]

    /// The path below the base, doubled and trailing slashes taken out as the real server does; nil outside the base.
    static func apiPath(_ path: String) -> [Substring]? {
        let parts = path.split(separator: "/")
        guard parts.count >= 2, parts[0] == "api2", parts[1] == "json" else { return nil }
        return Array(parts.dropFirst(2))
    }

    /// The place that a path below the base names.
    init(_ path: [Substring]) {
        if let place = ClusterPlace(path) {
            self = .cluster(place)
            return
        }
        if let place = AccessPlace(path) {
            self = .access(place)
            return
        }
        switch path.first {
        case "nodes" where path.count > 1: self = Self.below(node: String(path[1]), path.dropFirst(2))
        case "nodes": self = .nodes
        case "cluster": self = Self.belowCluster(path.dropFirst())
        case "version" where path.count == 1: self = .version
        case "access" where path.count == 2 && path[1] == "ticket": self = .ticket
        default: self = .unknown(node: nil)
        }
    }

    private static func belowCluster(_ path: ArraySlice<Substring>) -> ProxmoxRoute {
        switch path.joined(separator: "/") {
        case "status": .clusterStatus
        case "resources": .clusterResources
        case "tasks": .clusterTasks
        case "backup-info/not-backed-up": .notBackedUp
        case "config/qdevice": .qdevice
        default: .unknown(node: nil)
        }
    }

    private static func below(node: String, _ path: ArraySlice<Substring>) -> ProxmoxRoute {
        if let place = NodePlace(Array(path)) { return .ofNode(place, node: node) }
        let rest = Array(path.dropFirst())
        switch path.first {
        case "status" where rest.isEmpty: return .nodeStatus(node: node)
        case "tasks" where rest.isEmpty: return .nodeTasks(node: node)
        case "subscription" where rest.isEmpty: return .subscription(node: node)
        case "replication" where rest.isEmpty: return .replication(node: node)
        case "replication" where rest.count == 2 && rest[1] == "status": return .replicationStatus(node: node, job: String(rest[0]))
        case "qemu": return guest(.qemu, node, rest)
        case "lxc": return guest(.lxc, node, rest)
        default: return .unknown(node: node)
        }
    }

    private static func guest(_ kind: Guest.Kind, _ node: String, _ path: [Substring]) -> ProxmoxRoute {
        guard let first = path.first else { return .guests(kind, node: node) }
        let vmid = String(first)
        if let place = GuestPlace(path.dropFirst(), kind) { return .ofGuest(place, kind, node: node, vmid: vmid) }
        switch path.count {
        case 2 where path[1] == "config": return .guestConfiguration(kind, node: node, vmid: vmid)
        case 3 where path[1] == "status" && path[2] == "current": return .guestStatus(kind, node: node, vmid: vmid)
        case 3 where path[1] == "status" && actions.contains(path[2]):
            return .guestPower(kind, node: node, vmid: vmid, action: String(path[2]))
        default: return .unknown(node: node)
        }
    }

    /// The node that the answer is about; nil for the cluster.
    var node: String? {
        switch self {
        case .ticket, .version, .clusterStatus, .clusterResources, .clusterTasks, .notBackedUp, .qdevice, .cluster, .access, .nodes: nil
        case .nodeStatus(let node), .nodeTasks(let node), .subscription(let node), .replication(let node), .replicationStatus(let node, _),
            .guests(_, let node), .guestStatus(_, let node, _), .guestConfiguration(_, let node, _), .guestPower(_, let node, _, _),
            .ofNode(_, let node),
            .ofGuest(_, _, let node, _):
            node
        case .unknown(let node): node
        }
    }

    /// How calls are counted: by the path, with `*` for node, vmid and job.
    var pattern: String {
        switch self {
        case .ticket: "/access/ticket"
        case .version: "/version"
        case .clusterStatus: "/cluster/status"
        case .clusterResources: "/cluster/resources"
        case .clusterTasks: "/cluster/tasks"
        case .notBackedUp: "/cluster/backup-info/not-backed-up"
        case .qdevice: "/cluster/config/qdevice"
        case .cluster(let place): place.pattern
        case .access(let place): place.pattern
        case .nodes: "/nodes"
        case .ofNode(let place, _): "/nodes/*/\(place.pattern)"
        case .ofGuest(let place, let kind, _, _): "/nodes/*/\(kind.rawValue)/*/\(place.pattern)"
        case .nodeStatus: "/nodes/*/status"
        case .nodeTasks: "/nodes/*/tasks"
        case .subscription: "/nodes/*/subscription"
        case .replication: "/nodes/*/replication"
        case .replicationStatus: "/nodes/*/replication/*/status"
        case .guests(let kind, _): "/nodes/*/\(kind.rawValue)"
        case .guestStatus(let kind, _, _): "/nodes/*/\(kind.rawValue)/*/status/current"
        case .guestConfiguration(let kind, _, _): "/nodes/*/\(kind.rawValue)/*/config"
        case .guestPower(let kind, _, _, let action): "/nodes/*/\(kind.rawValue)/*/status/\(action)"
        case .unknown: "other"
        }
    }

    /// The query parameters that the schema of the real API has here.
    var parameters: [String] {
        switch self {
        case .clusterResources: ["type"]
        case .cluster(let place): place.parameters
        case .ofNode(let place, _): place.parameters
        case .guests(.qemu, _): ["full"]
        case .guestConfiguration: ["current", "snapshot"]
        case .replication: ["guest"]
        case .nodeTasks:
            ["errors", "limit", "since", "source", "start", "statusfilter", "typefilter", "until", "userfilter", "vmid"]
        default: []
        }
    }

    /// The query parameters that must be there.
    var requiredParameters: [String] {
        if case .ofNode(let place, _) = self { place.requiredParameters } else { [] }
    }

    /// Whether the node that it is about is asked, and not the one that takes the call.
    var isPassedOn: Bool {
        if case .ofNode(let place, _) = self { place.isPassedOn } else { node != nil }
    }

    /// Whether the privileged daemon of the node that knows the answer gives it, and not the server that everybody talks to.
    var isProtected: Bool {
        switch self {
        case .ticket, .clusterStatus, .notBackedUp, .qdevice, .replication, .replicationStatus, .guests, .guestStatus, .guestPower,
            .ofGuest:
            true
        case .cluster(let place): place.isProtected
        case .ofNode(let place, _): place.isProtected
        case .version, .access, .clusterResources, .clusterTasks, .nodes, .nodeStatus, .nodeTasks, .subscription, .guestConfiguration,
            .unknown:
            false
        }
    }
}
