/// Which hypervisor is simulated, and how long things take there.
package struct SimulatedSettings: Sendable {
    /// How the hypervisor does long work.
    package enum Kind: String, Sendable, CaseIterable {
        /// As libvirt: in the provider, which takes it along when it dies.
        case local
        /// As Proxmox VE: in tasks of the hypervisor, under an id that it gives.
        case upid
        /// As vSphere: in tasks of the hypervisor, with a progress and a token of the caller's.
        case moref
    }

    package var kind: Kind
    /// Where the hypervisor's file, the provider's journal and `faults.json` are; made when it is missing.
    package var folder: String
    /// How long a disk, a snapshot or an image takes, in seconds.
    package var taskSeconds: Double
    /// How often tasks are looked at, in seconds.
    package var pollSeconds: Double
    /// Pools by name, with their capacity. The first by the alphabet is used when nobody says which.
    package var poolsGiB: [String: Int]

    package init(
        _ kind: Kind, folder: String, taskSeconds: Double = 2, pollSeconds: Double = 0.2,
        poolsGiB: [String: Int] = ["default": 1000, "fast": 200]
    ) {
        self.kind = kind
        self.folder = folder
        self.taskSeconds = taskSeconds
        self.pollSeconds = pollSeconds
        self.poolsGiB = poolsGiB
    }

    package var hypervisorFile: String { folder + "/hypervisor.db" }
    package var journalFile: String { folder + "/tasks.db" }
    package var faultsFile: String { folder + "/faults.json" }
    /// Where disks are exported to and imported from; no path outside is touched.
    package var exchangeFolder: String { folder + "/exchange" }
}
