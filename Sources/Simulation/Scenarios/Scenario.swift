package import Primitives

/// What happens in a simulated world.
package enum Scenario: String, Sendable, CaseIterable {
    /// Nothing out of the ordinary.
    case normal
    /// One node is off.
    case nodeDown = "node-down"
    /// One VM and one container use all their CPUs.
    case cpuSaturation = "cpu-saturation"
    /// One node is on and sends no numbers round: they stand still, and after 5 minutes the cluster forgets them.
    case statisticsDead = "statistics-dead"
    /// One node answers only what it may without its privileged daemon.
    case daemonDead = "daemon-dead"
    /// Nobody gets through to the API of one node, which the cluster sees nevertheless.
    case linkCut = "link-cut"
    /// One node takes calls and never answers.
    case nodeHangs = "node-hangs"
    /// The node that answers sees no other node any more.
    case quorumLost = "quorum-lost"
    /// Whoever asks may see nothing any more.
    case rightsLost = "rights-lost"
    /// The node that answers has lost the configuration of the cluster, and with it all rights.
    case pmxcfsDead = "pmxcfs-dead"

    // What burdens a host.

    /// All threads of a host work, more wait for them, and its guests feel it.
    case hostSaturated = "host-saturated"
    /// Somebody below takes CPU time from a host and its guests: the host is a virtual machine itself.
    case cpuSteal = "cpu-steal"
    /// A host and the guests on it have next to no memory left.
    case memoryHigh = "memory-high"
    /// A host and its guests move memory out to disks and back again.
    case swapping
    /// The kernel of a host kills processes for want of memory, every 5 minutes one.
    case oomKill = "oom-kill"
    /// A host has lost so much of its memory that its guests were promised more than there is.
    case overcommitted
    /// Every request to a disk of a host and of its guests takes long.
    case diskLatency = "disk-latency"
    /// The root of a host and the volumes of its guests are full.
    case diskFull = "disk-full"
    /// The root and the pool of a host fill, in hours.
    case diskFilling = "disk-filling"
    /// Network cards of a host and of its guests lose packets.
    case packetDrops = "packet-drops"
    /// A host's bond has lost one of its two cards.
    case bondDegraded = "bond-degraded"
    /// Processor and disks of a host are nearly too hot.
    case overheating
    /// The clock of a host has lost its source and goes wrong.
    case clockSkew = "clock-skew"
    /// A host starts anew, once.
    case reboot
    /// One disk of a host expects to fail, another is worn out.
    case diskFailing = "disk-failing"
    /// A service of Proxmox VE has failed on a host: the local manager of HA.
    case serviceDead = "service-dead"
    /// Exporters of a host and of its guests do not answer, though all of them run.
    case exportersDead = "exporters-dead"

    // What befalls guests.

    /// Up to three guests that start with their host have crashed.
    case guestCrashed = "guest-crashed"
    /// In each Windows on a host a service has stopped that starts by itself.
    case guestServiceDead = "guest-service-dead"

    // What befalls the cluster.

    /// HA gives a node up: its manager is silent, one service is in error, the others wait for the fence.
    case haFailed = "ha-failed"
    /// The cluster has lost its quorum device.
    case qdeviceDown = "qdevice-down"
    /// A node has an older release than the others.
    case versionMismatch = "version-mismatch"
    /// The certificate that a node serves ends in five days.
    case certificateExpiring = "certificate-expiring"
    /// The certificate that a node serves has ended.
    case certificateExpired = "certificate-expired"
    /// The subscription of a node is due in twelve days.
    case subscriptionExpiring = "subscription-expiring"
    /// Ceph has lost so much that data are missing.
    case cephError = "ceph-error"

    // What befalls storages, pools and copies.

    /// The pool on which a node keeps its guests is full.
    case storageFull = "storage-full"
    /// A node has lost the storage that all share.
    case storageLost = "storage-lost"
    /// The first pool of a node has lost a disk.
    case zfsDegraded = "zfs-degraded"
    /// The second pool of a node has lost both disks.
    case zfsFaulted = "zfs-faulted"
    /// The second pool of a node is full and in pieces.
    case zfsFull = "zfs-full"
    /// Disks of a node's first pool return wrong data, again and again.
    case zfsErrors = "zfs-errors"
    /// The first pool of a node was scrubbed two months ago.
    case scrubOverdue = "scrub-overdue"
    /// The cache of ZFS on a node rarely has what is read.
    case arcCold = "arc-cold"
    /// A run of the nightly job fails on a node.
    case backupFailed = "backup-failed"
    /// The last backups of a node's guests are twenty days old.
    case backupStale = "backup-stale"
    /// Somebody has taken the guests of a node out of all backup jobs.
    case backupMissing = "backup-missing"
    /// Each guest of a node has a snapshot that is ninety days old.
    case snapshotOld = "snapshot-old"
    /// Copies of a node's guests to other nodes fail.
    case replicationFailed = "replication-failed"
    /// Copies of a node's guests to other nodes have not been made for six hours, and nobody says why.
    case replicationStale = "replication-stale"

    // What befalls graphics cards: the second one where nothing else is said, or the only one.

    /// All cards work as much as they can.
    case gpuSaturated = "gpu-saturated"
    /// A card gets no air: it heats up until it slows itself down.
    case gpuHot = "gpu-hot"
    /// Power runs short: all cards are held back.
    case gpuThrottled = "gpu-throttled"
    /// A card has fallen off the bus.
    case gpuLost = "gpu-lost"
    /// A card wants to be reset.
    case gpuResetRequired = "gpu-reset-required"
    /// A card is not there any more: somebody has taken it out. The last one.
    case gpuRemoved = "gpu-removed"
    /// A card has errors of its links, every minute.
    case gpuXID = "gpu-xid"
    /// The memory of a card has errors that cannot be corrected.
    case gpuECC = "gpu-ecc"
    /// Whoever asks a card anything waits for ever.
    case gpuHang = "gpu-hang"
    /// The driver was replaced under a library that is still the old one.
    case gpuDriverMismatch = "gpu-driver-mismatch"
    /// The memory of the first card is full.
    case gpuMemoryFull = "gpu-memory-full"
    /// The first vGPU has lost its licence.
    case vgpuUnlicensed = "vgpu-unlicensed"

    // What befalls servers of models: all of them where none is named.

    /// More ask than can be served: they wait.
    case queueBacklog = "queue-backlog"
    /// Prompts are so long that the cache of keys and values is full: requests lose their places.
    case kvSaturation = "kv-saturation"
    /// Prompts are read slowly.
    case slowFirstToken = "slow-first-token"
    /// Servers live and take requests, and not one token comes any more.
    case stalled
    /// A third of the requests fails, others are given up.
    case errors

    // What befalls the KVM host: its second domain where it is about one.

    /// The QEMU of a domain does not answer its monitor any more, and nobody is told.
    case guestHung = "guest-hung"
    /// The QEMUs of all domains do so.
    case guestsHung = "guests-hung"
    /// Somebody has the lock of a domain and does not come back.
    case guestLocked = "guest-locked"
    /// A domain stands still, as there is no room to write to.
    case guestPausedIOError = "guest-paused-ioerror"
    /// The pool of images is full.
    case poolFull = "pool-full"
    /// libvirtd starts anew, once: it closes all connections and takes none for some seconds.
    case daemonRestart = "daemon-restart"
    /// libvirtd is not there.
    case daemonDown = "daemon-down"
    /// A job of a disk makes no progress.
    case blockJobStuck = "block-job-stuck"
    /// The images of a disk stand on many others.
    case backingChainDeep = "backing-chain-deep"
    /// The live migration of a domain goes round and round, as it writes faster than is sent.
    case migrationStuck = "migration-stuck"

    /// Other names under which a scenario may be asked for.
    package static let aliases: KeyValuePairs<String, Scenario> = [
        "high-load": .cpuSaturation, "degraded": .nodeDown, "failure": .nodeDown, "storage-down": .storageLost,
    ]

    /// Who has a scenario when no node is named.
    enum Reach: Sendable {
        /// The cluster, whoever is named.
        case cluster
        /// The first node, which is asked.
        case firstNode
        /// The last one: the first is asked.
        case lastNode
        /// All nodes.
        case everyNode
        /// The first node that has the guests for it.
        case suitableNode
    }

    /// A daemon that is dead is felt most where it is asked, and the last node was not bought anything. Memory runs short everywhere, so that no node could take over the guests of another.
    var reach: Reach {
        switch self {
        case .normal, .quorumLost, .rightsLost, .pmxcfsDead, .qdeviceDown, .cephError: .cluster
        // The machine with the cards is one.
        case .gpuSaturated, .gpuHot, .gpuThrottled, .gpuLost, .gpuResetRequired, .gpuRemoved, .gpuXID, .gpuECC, .gpuHang,
            .gpuDriverMismatch,
            .gpuMemoryFull, .vgpuUnlicensed:
            .cluster
        // Servers of models are no nodes.
        case .queueBacklog, .kvSaturation, .slowFirstToken, .stalled, .errors: .cluster
        // The KVM host is none of the cluster.
        case .guestHung, .guestsHung, .guestLocked, .guestPausedIOError, .poolFull, .daemonRestart, .daemonDown, .blockJobStuck,
            .backingChainDeep, .migrationStuck:
            .cluster
        case .daemonDead, .subscriptionExpiring: .firstNode
        case .cpuSaturation: .suitableNode
        case .memoryHigh: .everyNode
        default: .lastNode
        }
    }

    /// Whether one node can have it for itself.
    var isAboutNode: Bool { reach != .cluster }

    /// Whether it is about servers of models, of which one can have it for itself.
    var isAboutServer: Bool {
        switch self {
        case .queueBacklog, .kvSaturation, .slowFirstToken, .stalled, .errors: true
        default: false
        }
    }

    /// The position of the node that has it when none is named, of so many. nil when it is not about one node, or chooses by itself.
    func chosenNode(of count: Int) -> Int? {
        switch reach {
        case .firstNode: 0
        case .lastNode: count - 1
        case .cluster, .everyNode, .suitableNode: nil
        }
    }

    /// What the first aliases mean to servers of models.
    static let aliasesOfServers: KeyValuePairs<String, Scenario> = [
        "high-load": .queueBacklog, "degraded": .slowFirstToken, "failure": .errors,
    ]

    /// What the aliases mean to a KVM host.
    static let aliasesOfDomains: KeyValuePairs<String, Scenario> = [
        "high-load": .cpuSaturation, "degraded": .guestHung, "failure": .daemonDown, "storage-down": .storageLost,
    ]

    /// The scenario of that name or alias. The error names the nearest and all others.
    package init(named name: String) throws(Failure) { try self.init(named: name, aliases: Self.aliases) }

    init(named name: String, aliases: KeyValuePairs<String, Scenario>) throws(Failure) {
        if let known = Scenario(rawValue: name) ?? aliases.first(where: { $0.key == name })?.value {
            self = known
            return
        }
        let names = Self.allCases.map(\.rawValue) + aliases.map(\.key)
        let hint = nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ";"
        throw Failure(
            .malformed, "unknown scenario \"\(HostileText.oneLine(name, limit: 40))\"\(hint) known are \(names.joined(separator: ", "))")
    }
}
