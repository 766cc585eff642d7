/// What the host and QEMU have counted of a domain since it was started.
extension KVMWorld {
    /// Nanoseconds of one vCPU.
    struct VcpuTimes: Sendable, Equatable {
        let time: UInt64
        /// Waiting, by the scheduler's statistics.
        let wait: UInt64
        /// Waiting on a run queue: what the guest sees as stolen.
        let delay: UInt64
    }

    struct CPUTimes: Sendable, Equatable {
        let total: UInt64
        let user: UInt64
        let system: UInt64
        let pollSucceeded: UInt64
        let pollFailed: UInt64
    }

    struct DiskCounters: Sendable, Equatable {
        var readRequests: UInt64 = 0
        var readBytes: UInt64 = 0
        var readNanoseconds: UInt64 = 0
        var writeRequests: UInt64 = 0
        var writeBytes: UInt64 = 0
        var writeNanoseconds: UInt64 = 0
        var flushRequests: UInt64 = 0
        var flushNanoseconds: UInt64 = 0
    }

    struct CardCounters: Sendable, Equatable {
        let receivedBytes: UInt64
        let receivedPackets: UInt64
        let receivedErrors: UInt64
        let receivedDrops: UInt64
        let sentBytes: UInt64
        let sentPackets: UInt64
        let sentErrors: UInt64
        let sentDrops: UInt64
    }

    /// A vCPU that works all it can.
    private static let saturation = 0.985
    private static let usualDelayShare = 0.004
    private static let stolenShare = 0.15

    /// Seconds that each vCPU has worked.
    private func work(of domain: DomainPlan, at moment: Double) -> Double {
        var work = area(domain.load, of: domain, at: moment)
        if isVictim(domain) {
            work +=
                Self.saturation * activeSeconds(of: domain, during: .cpuSaturation, at: moment)
                - area(domain.load, of: domain, during: .cpuSaturation, at: moment)
        }
        return work
    }

    func vcpu(_ position: Int, of domain: DomainPlan, at moment: Double) -> VcpuTimes {
        // The first ones get a little more to do than the last.
        let share = 1 - 0.02 * Double(position % 8)
        let work = work(of: domain, at: moment)
        let stolen = Self.stolenShare * activeSeconds(of: domain, during: .cpuSteal, at: moment)
        let delay = work * Self.usualDelayShare + stolen
        return VcpuTimes(
            time: Self.nanoseconds(work * share), wait: Self.nanoseconds(delay * share * 0.9), delay: Self.nanoseconds(delay * share))
    }

    func cpu(of domain: DomainPlan, at moment: Double) -> CPUTimes {
        let vcpus = (0..<domain.vcpus).reduce(UInt64(0)) { $0 + vcpu($1, of: domain, at: moment).time }
        // QEMU's own threads have something to do, too.
        let emulator = vcpus / 25 + Self.nanoseconds(activeSeconds(of: domain, at: moment) * 0.002)
        let system = vcpus / 10 + emulator / 2
        let idle = activeSeconds(of: domain, at: moment) * Double(domain.vcpus) - work(of: domain, at: moment) * Double(domain.vcpus)
        return CPUTimes(
            total: vcpus + emulator, user: vcpus + emulator - system, system: system, pollSucceeded: Self.nanoseconds(idle * 0.002),
            pollFailed: Self.nanoseconds(idle * 0.011))
    }

    // MARK: Disks

    private static let readBytesPerRequest = 24_576.0
    private static let writeBytesPerRequest = 12_288.0
    private static let readSeconds = 0.000_6
    private static let writeSeconds = 0.000_9
    private static let flushSeconds = 0.003
    /// What each request takes more where disks are slow.
    private static let slowSeconds = 0.14

    /// What QEMU counts of a disk. The disk of who stands still counts nothing more.
    func counters(of disk: DomainPlan.Disk, _ domain: DomainPlan, at moment: Double) -> DiskCounters {
        guard disk.source != nil else { return DiskCounters() }
        let (read, written) = (area(disk.reads, of: domain, at: moment), area(disk.writes, of: domain, at: moment))
        let slowReads = area(disk.reads, of: domain, during: .diskLatency, at: moment) / Self.readBytesPerRequest
        let slowWrites = area(disk.writes, of: domain, during: .diskLatency, at: moment) / Self.writeBytesPerRequest
        let (reads, writes) = (read / Self.readBytesPerRequest, written / Self.writeBytesPerRequest)
        return DiskCounters(
            readRequests: UInt64(reads), readBytes: Self.whole(read, of: 512),
            readNanoseconds: Self.nanoseconds(reads * Self.readSeconds + slowReads * Self.slowSeconds), writeRequests: UInt64(writes),
            writeBytes: Self.whole(written, of: 512),
            writeNanoseconds: Self.nanoseconds(writes * Self.writeSeconds + slowWrites * Self.slowSeconds),
            flushRequests: UInt64(writes / 9),
            flushNanoseconds: Self.nanoseconds(writes / 9 * Self.flushSeconds + slowWrites / 9 * Self.slowSeconds))
    }

    /// Bytes of a disk's image that are written, which is what it takes in its pool.
    func allocation(of disk: DomainPlan.Disk) -> UInt64 {
        switch disk.source {
        case nil: 0
        case .volume: disk.capacityBytes
        case .file: Self.whole(Double(disk.capacityBytes) * disk.writtenShare, of: 65_536)
        }
    }

    /// The images that a disk stands on, the nearest first.
    func backing(of disk: DomainPlan.Disk, _ domain: DomainPlan, at moment: Double) -> [String] {
        guard isVictim(domain), case .file(let path) = disk.source else { return disk.backing }
        // What is committed is a layer that goes into the one below it.
        let depth = trouble(.backingChainDeep, at: moment) != nil ? Self.deepChain : trouble(.blockJobStuck, at: moment) != nil ? 2 : 0
        guard depth > 0 else { return disk.backing }
        let stem = path.hasSuffix(".qcow2") ? String(path.dropLast(6)) : path
        let layers = (1..<depth).reversed().map { "\(stem).nightly-\($0 < 10 ? "0" : "")\($0)" }
        return layers + (disk.backing.isEmpty ? [KVMPlan.baseImage] : disk.backing)
    }

    /// Bytes of the newest of so many layers, and of those below it.
    func allocation(ofLayer position: Int, _ disk: DomainPlan.Disk) -> UInt64 {
        position == 0 ? allocation(of: disk) : Self.whole(Double(disk.capacityBytes) * 0.08 / Double(position), of: 65_536)
    }

    // MARK: Cards

    private static let bytesPerPacket = 780.0
    private static let dropShare = 0.02

    func counters(of card: DomainPlan.Card, _ domain: DomainPlan, at moment: Double) -> CardCounters {
        let (received, sent) = (area(card.received, of: domain, at: moment), area(card.sent, of: domain, at: moment))
        let lostIn = area(card.received, of: domain, during: .packetDrops, at: moment) / Self.bytesPerPacket * Self.dropShare
        let lostOut = area(card.sent, of: domain, during: .packetDrops, at: moment) / Self.bytesPerPacket * Self.dropShare
        return CardCounters(
            receivedBytes: UInt64(received), receivedPackets: UInt64(received / Self.bytesPerPacket), receivedErrors: 0,
            receivedDrops: UInt64(lostIn), sentBytes: UInt64(sent), sentPackets: UInt64(sent / Self.bytesPerPacket), sentErrors: 0,
            sentDrops: UInt64(lostOut))
    }

    // MARK: Numbers

    /// Seconds as whole nanoseconds; a sum that rounding has brought below 0 is 0.
    static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(max(0, seconds * 1e9)) }

    private static func whole(_ value: Double, of step: UInt64) -> UInt64 { UInt64(max(0, value)) / step * step }
}
