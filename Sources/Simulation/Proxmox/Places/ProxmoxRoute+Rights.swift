/// What somebody must be allowed so that a place answers at all.
struct AccessNeed: Sendable {
    /// One of these is enough.
    let privileges: [Privilege]
    /// On one of these paths.
    let paths: [String]

    fileprivate init(_ privileges: Privilege..., at paths: String...) {
        self.privileges = privileges
        self.paths = paths
    }

    func isMet(by rights: AccessRights, in inventory: Inventory) -> Bool {
        let privileges = Privileges(privileges)
        return paths.contains { rights.holds(any: privileges, at: $0, pool: inventory.pool(at: $0)) }
    }

    /// What the real server says to somebody who lacks it. Where there are several ways it names none.
    var refusal: String {
        guard paths.count == 1 else { return "Permission check failed\n" }
        return "Permission check failed (\(paths[0]), \(privileges.map(\.rawValue).joined(separator: "|")))\n"
    }
}

extension ProxmoxRoute {
    /// nil where everybody is answered, if with less, and where the place itself looks at who asks.
    func need(of release: Release) -> AccessNeed? {
        switch self {
        case .ticket, .version, .unknown, .access: nil
        case .clusterResources, .nodes, .subscription, .clusterTasks, .nodeTasks, .replication, .guests: nil
        case .clusterStatus, .notBackedUp, .qdevice: AccessNeed(.sysAudit, at: "/")
        case .nodeStatus(let node): AccessNeed(.sysAudit, at: "/nodes/\(node)")
        case .replicationStatus(_, let job): AccessNeed(.vmAudit, at: "/vms/\(job.prefix { $0 != "-" })")
        case .guestStatus(_, _, let vmid), .guestConfiguration(_, _, let vmid): AccessNeed(.vmAudit, at: "/vms/\(vmid)")
        case .guestPower(_, _, let vmid, _): AccessNeed(.vmPowerMgmt, at: "/vms/\(vmid)")
        case .cluster(let place): place.need
        case .ofNode(let place, let node): place.need(node)
        case .ofGuest(.agent, _, _, let vmid): Self.agentNeed(vmid, release)
        case .ofGuest(_, _, _, let vmid): AccessNeed(.vmAudit, at: "/vms/\(vmid)")
        }
    }

    /// Who may run programs through an agent may ask it things too.
    private static func agentNeed(_ vmid: String, _ release: Release) -> AccessNeed {
        switch release {
        case .v84: AccessNeed(.vmMonitor, at: "/vms/\(vmid)")
        case .v92: AccessNeed(.vmGuestAgentAudit, .vmGuestAgentUnrestricted, at: "/vms/\(vmid)")
        }
    }
}

extension ClusterPlace {
    fileprivate var need: AccessNeed? {
        switch self {
        case .permissions, .deviceMappings, .pools, .storages: nil
        case .pool(let name): AccessNeed(.poolAudit, at: "/pool/\(name)")
        case .ceph: AccessNeed(.sysAudit, .datastoreAudit, at: "/")
        default: AccessNeed(.sysAudit, at: "/")
        }
    }
}

extension NodePlace {
    fileprivate func need(_ node: String) -> AccessNeed? {
        switch self {
        case .version, .certificates, .storages: nil
        case .disks: AccessNeed(.sysAudit, .datastoreAudit, at: "/", "/nodes/\(node)")
        case .smart, .pools, .pool: AccessNeed(.sysAudit, at: "/")
        case .devices: AccessNeed(.sysAudit, .sysModify, at: "/")
        case .updates: AccessNeed(.sysModify, at: "/nodes/\(node)")
        default: AccessNeed(.sysAudit, at: "/nodes/\(node)")
        }
    }
}
