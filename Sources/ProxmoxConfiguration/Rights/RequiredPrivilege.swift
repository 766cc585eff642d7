package import ProxmoxAPI

/// A right that something of martlet's needs, on everything below a path.
package struct RequiredPrivilege: Sendable, Equatable {
    /// `VM.Audit`
    package let privilege: String
    /// `/vms`
    package let path: String
    /// What is missing without it, a list as a person reads it: "Missing without it: …".
    package let purpose: String

    /// What all families together need, of a version of Proxmox VE.
    ///
    /// - Parameter version: nil when nobody knows it; then the right to ask agents, which 9 has another word for, is left out.
    package static func all(of version: ProxmoxVersion?) -> [RequiredPrivilege] {
        let agent = version.flatMap(agentPrivilege).map { privilege in
            RequiredPrivilege(privilege: privilege, path: "/vms", purpose: "file system, address and system inside virtual machines")
        }
        return [
            RequiredPrivilege(
                privilege: "Sys.Audit", path: "/",
                purpose: "quorum, HA, backup jobs, guests that no job covers, quorum device, SMART of disks, ZFS pools, Ceph"),
            RequiredPrivilege(
                privilege: "Sys.Audit", path: "/nodes",
                purpose: "memory, load, file system and version of nodes, services, pressure, disks; backups that somebody else made"),
            RequiredPrivilege(
                privilege: "VM.Audit", path: "/vms",
                purpose: "guests, or some of them: their numbers, configurations, snapshots, replication, targets of discovery"),
            RequiredPrivilege(privilege: "Datastore.Audit", path: "/storage", purpose: "storages"),
            RequiredPrivilege(privilege: "Pool.Audit", path: "/pool", purpose: "pools on /pve"),
            RequiredPrivilege(privilege: "Mapping.Audit", path: "/mapping", purpose: "pve_pci_mapping_info"),
        ] + (agent.map { [$0] } ?? [])
    }

    /// The right to ask guest agents. Up to 8 it is one that also lets its holder run programs inside guests; nil when the version does not
    /// tell which it is.
    package static func agentPrivilege(of version: ProxmoxVersion) -> String? {
        version.major.map { $0 >= 9 ? "VM.GuestAgent.Audit" : "VM.Monitor" }
    }

    /// Whether who holds the right holds more power than reading needs.
    package var isDangerous: Bool { privilege == "VM.Monitor" }

    /// Those that do not hold.
    package static func missing(in permissions: Permissions, of version: ProxmoxVersion?) -> [RequiredPrivilege] {
        all(of: version).filter { !permissions.holds($0.privilege, below: $0.path) }
    }
}
