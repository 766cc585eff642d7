/// What is counted of one domain, and what it is busy with.
extension LibvirtAnswers {
    func answerWithCounters(
        _ procedure: LibvirtProcedure, _ arguments: inout LibvirtArguments, _ writer: inout XDRWriter
    ) throws(LibvirtError) -> Bool {
        switch procedure {
        case .connectGetAllDomainStats: try writeStatistics(&arguments, &writer)
        case .domainGetVcpus: try writeVcpus(&arguments, &writer)
        case .domainMemoryStats:
            let domain = try active(try arguments.domain())
            let most = try arguments.unsigned()
            writer.array(Self.memoryStatistics(world.memory(of: domain, at: moment)).prefix(Int(min(most, 1024)))) {
                $0.integer($1.tag)
                $0.unsignedHyper($1.value)
            }
        case .domainBlockStats:
            let domain = try active(try arguments.domain())
            let counters = try counters(ofDisk: try arguments.string(), domain)
            for value in [counters.readRequests, counters.readBytes, counters.writeRequests, counters.writeBytes] {
                writer.hyper(Int64(clamping: value))
            }
            writer.hyper(-1)
        case .domainBlockStatsFlags:
            let domain = try active(try arguments.domain())
            let path = try arguments.string()
            let wanted = try arguments.integer()
            guard (0...16).contains(wanted) else { throw LibvirtError(.internalError, "nparams too large", origin: .rpc) }
            let parameters = Self.parameters(try counters(ofDisk: path, domain))
            writer.array(wanted == 0 ? [] : Array(parameters.prefix(Int(wanted))), TypedParameter.write)
            writer.integer(wanted == 0 ? parameters.count : 0)
        case .domainGetBlockInfo:
            let domain = try arguments.domain()
            let path = try arguments.string()
            guard let disk = Self.disk(path, of: domain) else {
                throw LibvirtError(.invalidArgument, "invalid path \(HostileText.oneLine(path, limit: 200)) not assigned to domain")
            }
            guard disk.source != nil else {
                throw LibvirtError(.invalidArgument, "disk '\(disk.target)' does not currently have a source assigned")
            }
            let allocation = world.allocation(of: disk)
            writer.unsignedHyper(allocation)
            writer.unsignedHyper(disk.capacityBytes)
            writer.unsignedHyper(allocation)
        case .domainInterfaceStats:
            let domain = try active(try arguments.domain())
            let device = try arguments.string()
            guard let position = domain.cards.indices.first(where: { isCard($0, of: domain, called: device) }) else {
                throw LibvirtError(.invalidArgument, "invalid path, '\(HostileText.oneLine(device, limit: 100))' is not a known interface")
            }
            let counters = world.counters(of: domain.cards[position], domain, at: moment)
            for value in Self.values(counters) { writer.hyper(Int64(clamping: value)) }
        case .domainGetDiskErrors:
            let domain = try active(try arguments.domain())
            let most = Int(try arguments.unsigned())
            let errors = diskErrors(of: domain)
            writer.array(errors.prefix(min(most, 256))) {
                $0.string($1.disk)
                $0.integer($1.error)
            }
            // Who has no room for any asks how many there could be.
            writer.integer(most == 0 ? domain.disks.count : min(most, errors.count))
        case .domainGetBlockJobInfo:
            let domain = try active(try arguments.domain())
            let path = try arguments.string()
            guard let disk = Self.disk(path, of: domain) else {
                throw LibvirtError(.invalidArgument, "disk '\(HostileText.oneLine(path, limit: 200))' not found in domain")
            }
            let job = world.blockJob(of: disk, domain, at: moment)
            writer.boolean(job != nil)
            writer.integer(job?.kind.rawValue ?? 0)
            writer.unsignedHyper(0)
            writer.unsignedHyper(job?.done ?? 0)
            writer.unsignedHyper(job?.whole ?? 0)
        case .domainGetJobInfo:
            let domain = try active(try arguments.domain())
            DomainJob(world.job(of: domain, at: moment), domain).writeInfo(&writer)
        case .domainGetJobStats:
            let domain = try arguments.domain()
            // VIR_DOMAIN_JOB_STATS_COMPLETED: nobody keeps those that are over.
            let isCompletedAsked = try arguments.unsigned() & 1 != 0
            let job = isCompletedAsked ? nil : world.job(of: try active(domain), at: moment)
            DomainJob(job, domain).writeStatistics(&writer)
        case .domainInterfaceAddresses:
            let domain = try active(try arguments.domain())
            try writeAddresses(of: domain, source: try arguments.unsigned(), &writer)
        default: return false
        }
        return true
    }

    // MARK: Disks

    static func disk(_ path: String, of domain: DomainPlan) -> DomainPlan.Disk? {
        domain.disks.first { $0.target == path || (!path.isEmpty && $0.source?.path == path) }
    }

    /// Of a disk by its name or its path, or of all together by an empty one.
    private func counters(ofDisk path: String, _ domain: DomainPlan) throws(LibvirtError) -> KVMWorld.DiskCounters {
        if path.isEmpty {
            return domain.disks.reduce(into: KVMWorld.DiskCounters()) { $0.add(world.counters(of: $1, domain, at: moment)) }
        }
        guard let disk = Self.disk(path, of: domain) else {
            throw LibvirtError(.invalidArgument, "invalid path: \(HostileText.oneLine(path, limit: 200))")
        }
        return world.counters(of: disk, domain, at: moment)
    }

    private static func parameters(_ counters: KVMWorld.DiskCounters) -> [TypedParameter] {
        [
            ("wr_bytes", counters.writeBytes), ("wr_operations", counters.writeRequests), ("rd_bytes", counters.readBytes),
            ("rd_operations", counters.readRequests), ("flush_operations", counters.flushRequests),
            ("wr_total_times", counters.writeNanoseconds), ("rd_total_times", counters.readNanoseconds),
            ("flush_total_times", counters.flushNanoseconds),
        ].map { TypedParameter($0.0, .long(Int64(clamping: $0.1))) }
    }

    /// virDomainDiskErrorCode: 1 for any error, 2 when no room is left.
    func diskErrors(of domain: DomainPlan) -> [(disk: String, error: Int32)] {
        guard world.isVictim(domain), let first = domain.disks.first, let last = domain.disks.last(where: { !$0.isDrive }) else {
            return []
        }
        if world.trouble(.diskFailing, at: moment) != nil { return [(last.target, 1)] }
        guard case .paused(.inputOutputError, _, _) = world.life(of: domain, at: moment) else { return [] }
        return [(first.target, 2)]
    }

    // MARK: Cards

    private func isCard(_ position: Int, of domain: DomainPlan, called device: String) -> Bool {
        DomainXML.tap(position, domain, world) == device || domain.cards[position].address == device
    }

    static func values(_ counters: KVMWorld.CardCounters) -> [UInt64] {
        [
            counters.receivedBytes, counters.receivedPackets, counters.receivedErrors, counters.receivedDrops, counters.sentBytes,
            counters.sentPackets, counters.sentErrors, counters.sentDrops,
        ]
    }

    private func writeAddresses(of domain: DomainPlan, source: UInt32, _ writer: inout XDRWriter) throws(LibvirtError) {
        // VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE
        guard source == 0 else { throw LibvirtError(.agentUnresponsive, "QEMU guest agent is not connected") }
        let leased = domain.cards.indices.filter { domain.cards[$0].network != nil }
        writer.array(leased) { writer, position in
            writer.string(DomainXML.tap(position, domain, world))
            writer.optionalString(domain.cards[position].address)
            writer.array(address(of: position, domain).map { [$0] } ?? []) {
                $0.integer(Int32(0))
                $0.string($1)
                $0.unsignedInteger(24)
            }
        }
    }

    /// What the host's DHCP server has given a card; nil for one of the bridge, and when there are no more.
    func address(of position: Int, _ domain: DomainPlan) -> String? {
        guard let network = plan.networks.first(where: { $0.name == domain.cards[position].network }) else { return nil }
        let last = 10 + domain.index * 2 + position
        return last < 255 ? "\(network.subnet).\(last)" : nil
    }

    // MARK: Memory

    /// virDomainMemoryStatTags, in QEMU's order.
    static func memoryStatistics(_ memory: KVMWorld.Memory) -> [(tag: Int32, value: UInt64)] {
        var statistics: [(tag: Int32, value: UInt64)] = [(6, memory.balloon)]
        if let inside = memory.inside {
            statistics += [
                (0, inside.swappedIn), (1, inside.swappedOut), (2, inside.majorFaults), (3, inside.minorFaults), (4, inside.unused),
                (5, inside.available), (8, inside.usable),
            ]
        }
        statistics.append((9, memory.toldAt))
        if let inside = memory.inside { statistics += [(10, inside.diskCaches), (11, 0), (12, 0)] }
        return statistics + [(7, memory.resident)]
    }

    // MARK: vCPUs

    private func writeVcpus(_ arguments: inout LibvirtArguments, _ writer: inout XDRWriter) throws(LibvirtError) {
        let domain = try active(try arguments.domain())
        let (most, mapBytes) = (Int(try arguments.integer()), Int(try arguments.integer()))
        guard (0...16_384).contains(most), (0...2048).contains(mapBytes), most * mapBytes <= 8 << 20 else {
            throw LibvirtError(.internalError, "maxinfo * maplen > REMOTE_CPUMAPS_MAX", origin: .rpc)
        }
        let count = min(most, domain.vcpus)
        writer.array(0..<count) { writer, position in
            writer.integer(position)
            writer.integer(Int32(1))
            writer.unsignedHyper(world.vcpu(position, of: domain, at: moment).time)
            writer.integer((domain.index * 5 + position * 3) % KVMPlan.threads)
        }
        // Every vCPU may run everywhere.
        let map = (0..<mapBytes).map { UInt8($0 < KVMPlan.threads / 8 ? 0xFF : 0) }
        writer.opaque((0..<most).flatMap { $0 < count ? map : [UInt8](repeating: 0, count: mapBytes) })
    }
}

extension KVMWorld.DiskCounters {
    mutating func add(_ other: Self) {
        readRequests += other.readRequests
        readBytes += other.readBytes
        readNanoseconds += other.readNanoseconds
        writeRequests += other.writeRequests
        writeBytes += other.writeBytes
        writeNanoseconds += other.writeNanoseconds
        flushRequests += other.flushRequests
        flushNanoseconds += other.flushNanoseconds
    }
}
