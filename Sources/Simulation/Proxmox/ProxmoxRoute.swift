/// A place of the API that is simulated.
enum ProxmoxRoute: Sendable, Equatable {
    case version
    case clusterStatus
    case clusterResources
    case clusterTasks
    case nodes
    case nodeStatus(node: String)
    case nodeTasks(node: String)
    case qemuList(node: String)
    case lxcList(node: String)
    case qemuStatus(node: String, vmid: String)
    case lxcStatus(node: String, vmid: String)
    /// Something else below `/api2/json`, possibly of a node.
    case unknown(node: String?)

    /// What all paths of the API begin with.
    static let base = "/api2/json"

    /// The path below the base, doubled and trailing slashes taken out as the real server does; nil outside the base.
    static func apiPath(_ path: String) -> [Substring]? {
        let parts = path.split(separator: "/")
        guard parts.count >= 2, parts[0] == "api2", parts[1] == "json" else { return nil }
        return Array(parts.dropFirst(2))
    }

    /// The place that a path below the base names.
    init(_ path: [Substring]) {
        let node = path.count > 1 && path[0] == "nodes" ? String(path[1]) : nil
        switch (path.count, node) {
        case (1, _) where path[0] == "version": self = .version
        case (1, _) where path[0] == "nodes": self = .nodes
        case (2, _) where path[0] == "cluster" && path[1] == "status": self = .clusterStatus
        case (2, _) where path[0] == "cluster" && path[1] == "resources": self = .clusterResources
        case (2, _) where path[0] == "cluster" && path[1] == "tasks": self = .clusterTasks
        case (3, let node?) where path[2] == "status": self = .nodeStatus(node: node)
        case (3, let node?) where path[2] == "tasks": self = .nodeTasks(node: node)
        case (3, let node?) where path[2] == "qemu": self = .qemuList(node: node)
        case (3, let node?) where path[2] == "lxc": self = .lxcList(node: node)
        case (6, let node?) where path[2] == "qemu" && path[4] == "status" && path[5] == "current":
            self = .qemuStatus(node: node, vmid: String(path[3]))
        case (6, let node?) where path[2] == "lxc" && path[4] == "status" && path[5] == "current":
            self = .lxcStatus(node: node, vmid: String(path[3]))
        default: self = .unknown(node: node)
        }
    }

    /// The node that must be asked for the answer; nil when the node that was asked knows it.
    var node: String? {
        switch self {
        case .version, .clusterStatus, .clusterResources, .clusterTasks, .nodes: nil
        case .nodeStatus(let node), .nodeTasks(let node), .qemuList(let node), .lxcList(let node), .qemuStatus(let node, _),
            .lxcStatus(let node, _):
            node
        case .unknown(let node): node
        }
    }

    /// How calls are counted: by the path, with `*` for node and vmid.
    var pattern: String {
        switch self {
        case .version: "/version"
        case .clusterStatus: "/cluster/status"
        case .clusterResources: "/cluster/resources"
        case .clusterTasks: "/cluster/tasks"
        case .nodes: "/nodes"
        case .nodeStatus: "/nodes/*/status"
        case .nodeTasks: "/nodes/*/tasks"
        case .qemuList: "/nodes/*/qemu"
        case .lxcList: "/nodes/*/lxc"
        case .qemuStatus: "/nodes/*/qemu/*/status/current"
        case .lxcStatus: "/nodes/*/lxc/*/status/current"
        case .unknown: "other"
        }
    }

    /// The query parameters that the schema of the real API has here.
    var parameters: [String] {
        switch self {
        case .clusterResources: ["type"]
        case .qemuList: ["full"]
        case .nodeTasks:
            ["errors", "limit", "since", "source", "start", "statusfilter", "typefilter", "until", "userfilter", "vmid"]
        default: []
        }
    }
}
