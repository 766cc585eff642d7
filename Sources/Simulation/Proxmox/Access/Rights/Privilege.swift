/// A right of Proxmox VE, under the name that its API gives it.
enum Privilege: String, Sendable, CaseIterable {
    case datastoreAllocate = "Datastore.Allocate"
    case datastoreAllocateSpace = "Datastore.AllocateSpace"
    case datastoreAllocateTemplate = "Datastore.AllocateTemplate"
    case datastoreAudit = "Datastore.Audit"
    case groupAllocate = "Group.Allocate"
    case mappingAudit = "Mapping.Audit"
    case mappingModify = "Mapping.Modify"
    case mappingUse = "Mapping.Use"
    case permissionsModify = "Permissions.Modify"
    case poolAllocate = "Pool.Allocate"
    case poolAudit = "Pool.Audit"
    case realmAllocate = "Realm.Allocate"
    case realmAllocateUser = "Realm.AllocateUser"
    case sdnAllocate = "SDN.Allocate"
    case sdnAudit = "SDN.Audit"
    case sdnUse = "SDN.Use"
    case sysAccessNetwork = "Sys.AccessNetwork"
    case sysAudit = "Sys.Audit"
    case sysConsole = "Sys.Console"
    case sysIncoming = "Sys.Incoming"
    case sysModify = "Sys.Modify"
    case sysPowerMgmt = "Sys.PowerMgmt"
    case sysSyslog = "Sys.Syslog"
    case userModify = "User.Modify"
    case vmAllocate = "VM.Allocate"
    case vmAudit = "VM.Audit"
    case vmBackup = "VM.Backup"
    case vmClone = "VM.Clone"
    case vmConfigCDROM = "VM.Config.CDROM"
    case vmConfigCPU = "VM.Config.CPU"
    case vmConfigCloudinit = "VM.Config.Cloudinit"
    case vmConfigDisk = "VM.Config.Disk"
    case vmConfigHWType = "VM.Config.HWType"
    case vmConfigMemory = "VM.Config.Memory"
    case vmConfigNetwork = "VM.Config.Network"
    case vmConfigOptions = "VM.Config.Options"
    case vmConsole = "VM.Console"
    case vmGuestAgentAudit = "VM.GuestAgent.Audit"
    case vmGuestAgentFileRead = "VM.GuestAgent.FileRead"
    case vmGuestAgentFileSystemMgmt = "VM.GuestAgent.FileSystemMgmt"
    case vmGuestAgentFileWrite = "VM.GuestAgent.FileWrite"
    case vmGuestAgentUnrestricted = "VM.GuestAgent.Unrestricted"
    case vmMigrate = "VM.Migrate"
    case vmMonitor = "VM.Monitor"
    case vmPowerMgmt = "VM.PowerMgmt"
    case vmReplicate = "VM.Replicate"
    case vmSnapshot = "VM.Snapshot"
    case vmSnapshotRollback = "VM.Snapshot.Rollback"

    /// What kind of thing it is about; predefined roles come by area.
    enum Area: String, Sendable, CaseIterable {
        case datastore = "Datastore"
        case mapping = "Mapping"
        case pool = "Pool"
        case sdn = "SDN"
        case system = "Sys"
        /// Users, their groups and realms.
        case user = "User"
        case guest = "VM"
    }

    /// Who gets it of the predefined roles: each level has what those after it have.
    enum Level: Sendable { case administrator, admin, user, auditor }

    /// nil for the one that is about rights themselves.
    var area: Area? {
        switch self {
        case .permissionsModify: nil
        case .groupAllocate, .realmAllocate, .realmAllocateUser, .userModify: .user
        default: Area(rawValue: String(rawValue.prefix { $0 != "." }))
        }
    }

    var level: Level {
        switch self {
        case .permissionsModify, .realmAllocate, .sysAccessNetwork, .sysIncoming, .sysModify, .sysPowerMgmt: .administrator
        case .datastoreAudit, .mappingAudit, .poolAudit, .sdnAudit, .sysAudit, .vmAudit, .vmGuestAgentAudit: .auditor
        case .datastoreAllocateSpace, .mappingUse, .sdnUse, .vmBackup, .vmConfigCDROM, .vmConfigCloudinit, .vmConsole, .vmPowerMgmt,
            .vmGuestAgentFileRead, .vmGuestAgentFileSystemMgmt, .vmGuestAgentFileWrite:
            .user
        default: .admin
        }
    }

    /// 9.0 put five rights about agents, and one about replication, where 8.4 had one about the machine's monitor.
    func exists(in release: Release) -> Bool {
        switch self {
        case .vmMonitor: release == .v84
        case .vmGuestAgentAudit, .vmGuestAgentFileRead, .vmGuestAgentFileSystemMgmt, .vmGuestAgentFileWrite, .vmGuestAgentUnrestricted,
            .vmReplicate:
            release != .v84
        default: true
        }
    }
}
