/// Memory, jobs and pools at a moment.
extension KVMWorld {
    /// What QEMU and the balloon's driver tell, in KiB but for the faults and the time.
    struct Memory: Sendable, Equatable {
        /// What the driver inside tells; nil where none does.
        struct Inside: Sendable, Equatable {
            let swappedIn: UInt64
            let swappedOut: UInt64
            let majorFaults: UInt64
            let minorFaults: UInt64
            let unused: UInt64
            let available: UInt64
            let usable: UInt64
            let diskCaches: UInt64
        }

        let balloon: UInt64
        let resident: UInt64
        /// Unix time of the driver's last word; 0 for never.
        let toldAt: UInt64
        let inside: Inside?
    }

    /// How often the driver inside tells.
    static let memoryPeriodSeconds = 10.0
    private static let swappedPagesPerSecond = 1600.0
    private static let kibibytesPerPage = 4.0

    func memory(of domain: DomainPlan, at moment: Double) -> Memory {
        let balloon = domain.balloonKiB
        let resident = balloon * 93 / 100 + 60_000
        guard domain.tellsMemory else { return Memory(balloon: balloon, resident: resident, toldAt: 0, inside: nil) }
        // Who stands still tells nothing: its last numbers stay.
        var told = moment
        if domain.role == .paused { told = Self.pausedAt }
        if isVictim(domain) {
            for scenario in [Scenario.guestHung, .guestPausedIOError] {
                if let span = trouble(scenario, at: moment) { told = span.start }
            }
        }
        if domain.role == .running, let span = trouble(.guestsHung, at: moment) { told = span.start }
        let seconds = ((timeline.epoch + told) / Self.memoryPeriodSeconds).rounded(.down) * Self.memoryPeriodSeconds
        told = seconds - timeline.epoch
        let isShort = trouble(.memoryHigh, at: told) != nil
        let available = balloon * 97 / 100
        let need = isShort ? 0.965 : min(0.9, domain.memoryUse.value(at: told))
        let usable = UInt64(Double(available) * (1 - need))
        let caches = UInt64(Double(usable) * 0.7)
        let swapped = activeSeconds(of: domain, during: .swapping, at: moment) * Self.swappedPagesPerSecond * Self.kibibytesPerPage
        let work = area(domain.load, of: domain, at: moment)
        return Memory(
            balloon: balloon, resident: resident, toldAt: UInt64(max(0, seconds)),
            inside: Memory.Inside(
                swappedIn: UInt64(swapped), swappedOut: UInt64(swapped * 1.1), majorFaults: UInt64(work * 2 + swapped / 8),
                minorFaults: UInt64(work * 900), unused: usable - caches, available: available, usable: usable, diskCaches: caches))
    }

    /// What the host has; memory that was taken out of it leaves a fifth less than its domains were promised.
    func hostMemoryKiB(at moment: Double) -> UInt64 {
        guard trouble(.overcommitted, at: moment) != nil else { return plan.memoryKiB }
        let promised = plan.domains.reduce(UInt64(0)) { $1.role == .off ? $0 : $0 + $1.memoryKiB }
        return min(plan.memoryKiB, max(1 << 20, promised * 4 / 5))
    }

    // MARK: Jobs

    /// What a domain is busy with beside itself.
    enum Job: Sendable, Equatable {
        /// The hourly backup of a disk to elsewhere.
        case backup(sinceSeconds: Double, doneBytes: UInt64, totalBytes: UInt64)
        /// A live migration whose memory is written faster than it is sent.
        case migration(sinceSeconds: Double)
    }

    /// A job of one of a domain's disks (virDomainBlockJobInfo).
    struct BlockJob: Sendable, Equatable {
        enum Kind: Int32, Sendable {
            case activeCommit = 4
            case backup = 5
        }

        let kind: Kind
        let done: UInt64
        let whole: UInt64
    }

    /// Every hour of unix time, for ten minutes.
    private static let backupPeriodSeconds = 3600.0
    private static let backupSeconds = 600.0
    /// How far the job gets that nobody sees the end of.
    private static let stuckShare = 0.61

    /// Those with a second disk are worth a backup; one that migrates has none.
    private func backup(of domain: DomainPlan, at moment: Double) -> (since: Double, share: Double)? {
        guard domain.disks.count > 1, domain.isPersistent, case .running(let bootedAt) = life(of: domain, at: moment),
            !hangs(domain, at: moment), trouble(.migrationStuck, at: moment) == nil || !isVictim(domain)
        else { return nil }
        let unixSeconds = timeline.epoch + moment
        let into = unixSeconds - (unixSeconds / Self.backupPeriodSeconds).rounded(.down) * Self.backupPeriodSeconds
        guard into < Self.backupSeconds, moment - into > bootedAt else { return nil }
        return (into, into / Self.backupSeconds)
    }

    func job(of domain: DomainPlan, at moment: Double) -> Job? {
        guard life(of: domain, at: moment).isActive else { return nil }
        if isVictim(domain), let span = trouble(.migrationStuck, at: moment) { return .migration(sinceSeconds: moment - span.start) }
        guard let backup = backup(of: domain, at: moment), let disk = domain.disks.first else { return nil }
        return .backup(
            sinceSeconds: backup.since, doneBytes: UInt64(Double(disk.capacityBytes) * backup.share), totalBytes: disk.capacityBytes)
    }

    func blockJob(of disk: DomainPlan.Disk, _ domain: DomainPlan, at moment: Double) -> BlockJob? {
        guard disk.target == domain.disks.first?.target, life(of: domain, at: moment).isActive else { return nil }
        if isVictim(domain), trouble(.blockJobStuck, at: moment) != nil {
            return BlockJob(
                kind: .activeCommit, done: UInt64(Double(disk.capacityBytes) * Self.stuckShare), whole: disk.capacityBytes)
        }
        guard case .backup(_, let done, let total) = job(of: domain, at: moment) else { return nil }
        return BlockJob(kind: .backup, done: done, whole: total)
    }

    // MARK: Snapshots

    /// How long ago somebody took the one that is too old.
    private static let oldSnapshotDays = 90.0

    func snapshots(of domain: DomainPlan, at moment: Double) -> [DomainPlan.Snapshot] {
        guard trouble(.snapshotOld, at: moment) != nil, domain.isPersistent, domain.snapshots.isEmpty else { return domain.snapshots }
        return [DomainPlan.Snapshot(name: "forgotten", at: -Self.oldSnapshotDays * 86_400, parent: nil)]
    }

    // MARK: Pools

    /// Of its capacity a pool that fills takes so much an hour.
    private static let fillingPerHour = 0.06

    /// Whether a pool is there: who shares the folder of images has lost it.
    func isActive(_ pool: KVMPlan.Pool, at moment: Double) -> Bool {
        pool.isActive && (pool.kind != .folder || trouble(.storageLost, at: moment) == nil)
    }

    /// Bytes of a pool that are taken.
    func allocation(of pool: KVMPlan.Pool, at moment: Double) -> UInt64 {
        guard isActive(pool, at: moment) else { return 0 }
        var share = min(0.9, pool.usedShare + pool.growthPerDay * max(0, moment) / 86_400)
        if pool.kind == .folder {
            if trouble(.poolFull, at: moment) != nil { share = 0.991 }
            if let span = trouble(.diskFilling, at: moment) {
                share = min(0.99, max(share, 0.66) + Self.fillingPerHour * (moment - span.start) / 3600)
            }
            // Nothing is left, and that is why a guest stands still.
            if trouble(.guestPausedIOError, at: moment) != nil { share = 1 }
        }
        return min(pool.capacityBytes, UInt64(Double(pool.capacityBytes) * share) / 4096 * 4096)
    }

    /// The volumes of a pool, with what they take.
    func volumes(of pool: KVMPlan.Pool, at moment: Double) -> [Volume] {
        guard isActive(pool, at: moment) else { return [] }
        let disks = plan.domains.flatMap { domain in domain.disks.map { (domain, $0) } }
        switch pool.kind {
        case .volumeGroup:
            return disks.compactMap { _, disk in
                guard case .volume(let path) = disk.source else { return nil }
                return Volume(path: path, isBlock: true, capacity: disk.capacityBytes, allocation: disk.capacityBytes)
            }
        case .folder:
            return disks.compactMap { _, disk in
                guard case .file(let path) = disk.source else { return nil }
                return Volume(path: path, isBlock: false, capacity: disk.capacityBytes, allocation: allocation(of: disk))
            }
        }
    }

    struct Volume: Sendable {
        let path: String
        let isBlock: Bool
        let capacity: UInt64
        let allocation: UInt64

        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    }
}
