/// What somebody gets who may do nothing.
enum RightlessAnswer: Sendable, Equatable {
    /// The same as everybody.
    case full
    /// 200 with less in it.
    case bare
    /// 200 with an empty list.
    case emptyList
    /// 403 with this text.
    case refused(String)

    /// - Parameter place: what the right would be for, with its name.
    static func lacking(_ place: String) -> RightlessAnswer { .refused("Permission check failed (\(place))\n") }
}

extension ProxmoxRoute {
    /// As the real server treats a token without any right here.
    ///
    /// - Parameter agentPrivilege: the right that agents are asked by.
    func withoutRights(agentPrivilege: String) -> RightlessAnswer {
        switch self {
        case .ticket, .version, .unknown: .full
        case .clusterResources, .nodes, .subscription: .bare
        case .clusterTasks, .nodeTasks, .replication, .guests: .emptyList
        case .clusterStatus, .notBackedUp, .qdevice: .lacking("/, Sys.Audit")
        case .nodeStatus(let node): .lacking("/nodes/\(node), Sys.Audit")
        case .replicationStatus(_, let job): .lacking("/vms/\(job.prefix { $0 != "-" }), VM.Audit")
        case .guestStatus(_, _, let vmid), .guestConfiguration(_, _, let vmid): .lacking("/vms/\(vmid), VM.Audit")
        case .guestPower(_, _, let vmid, _): .lacking("/vms/\(vmid), VM.PowerMgmt")
        case .cluster(let place): place.withoutRights
        case .ofNode(let place, let node): place.withoutRights(node)
        case .ofGuest(.agent, _, _, let vmid): .lacking("/vms/\(vmid), \(agentPrivilege)")
        case .ofGuest(_, _, _, let vmid): .lacking("/vms/\(vmid), VM.Audit")
        }
    }
}

extension ClusterPlace {
    fileprivate var withoutRights: RightlessAnswer {
        switch self {
        case .permissions: .bare
        case .deviceMappings, .pools, .storages: .emptyList
        case .pool(let name): .lacking("/pool/\(name), Pool.Audit")
        default: .lacking("/, Sys.Audit")
        }
    }
}

extension NodePlace {
    fileprivate func withoutRights(_ node: String) -> RightlessAnswer {
        switch self {
        case .version, .certificates: .full
        case .storages: .emptyList
        case .disks: .refused("Permission check failed\n")
        case .smart, .pools, .pool: .lacking("/, Sys.Audit")
        case .devices: .lacking("/, Sys.Audit|Sys.Modify")
        case .updates: .lacking("/nodes/\(node), Sys.Modify")
        default: .lacking("/nodes/\(node), Sys.Audit")
        }
    }
}
