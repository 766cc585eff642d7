/// What `virConnectGetAllDomainStats` says of one domain: named values in libvirt's order, group by group.
struct DomainStatistics {
    /// virDomainStatsTypes.
    struct Groups: OptionSet, Sendable {
        let rawValue: UInt32

        static let state = Groups(rawValue: 1 << 0)
        static let cpu = Groups(rawValue: 1 << 1)
        static let balloon = Groups(rawValue: 1 << 2)
        static let vcpu = Groups(rawValue: 1 << 3)
        static let interface = Groups(rawValue: 1 << 4)
        static let block = Groups(rawValue: 1 << 5)
        static let perf = Groups(rawValue: 1 << 6)
        static let ioThread = Groups(rawValue: 1 << 7)
        static let memory = Groups(rawValue: 1 << 8)
        static let dirtyRate = Groups(rawValue: 1 << 9)
        static let vm = Groups(rawValue: 1 << 10)

        /// What libvirt 9.0 and QEMU 7.2 have.
        static let all = Groups(rawValue: (1 << 11) - 1)
        /// For which QEMU is asked, and the domain's lock is needed.
        static let asking: Groups = [.cpu, .balloon, .vcpu, .block, .ioThread, .dirtyRate, .vm]
    }

    let world: KVMWorld
    let domain: DomainPlan
    let moment: Double
    /// Whether QEMU can be asked.
    let hasLock: Bool
    /// Whether the images below a disk are listed too.
    let withBacking: Bool

    private var life: KVMWorld.Life { world.life(of: domain, at: moment) }

    func parameters(_ groups: Groups) -> [TypedParameter] {
        var parameters: [TypedParameter] = []
        if groups.contains(.state) {
            let state = life.state
            parameters += [TypedParameter("state.state", .integer(state.state)), TypedParameter("state.reason", .integer(state.reason))]
        }
        if groups.contains(.cpu) { parameters += cpu }
        if groups.contains(.balloon) { parameters += balloon }
        if groups.contains(.vcpu) { parameters += vcpus }
        if groups.contains(.interface) { parameters += cards }
        if groups.contains(.block) { parameters += disks }
        if groups.contains(.ioThread) { parameters += ioThreads }
        if groups.contains(.dirtyRate) { parameters += dirtyRate }
        return parameters
    }

    private func long(_ name: String, _ value: UInt64) -> TypedParameter { TypedParameter(name, .unsignedLong(value)) }
    private func unsigned(_ name: String, _ value: Int) -> TypedParameter { TypedParameter(name, .unsigned(UInt32(clamping: value))) }

    /// Read from the host, but for the two of waiting, which QEMU is asked for.
    private var cpu: [TypedParameter] {
        guard life.isActive else {
            // Of a domain without a process libvirt 9.0 tells how long libvirtd itself has worked. Whoever takes it for the domain's is misled.
            let work = KVMWorld.nanoseconds(world.daemonWork(at: moment))
            return [long("cpu.time", work), long("cpu.user", work - work / 3), long("cpu.system", work / 3)]
        }
        let times = world.cpu(of: domain, at: moment)
        var parameters = [
            long("cpu.time", times.total), long("cpu.user", times.user), long("cpu.system", times.system),
            unsigned("cpu.cache.monitor.count", 0),
        ]
        if hasLock {
            parameters += [long("cpu.haltpoll.success.time", times.pollSucceeded), long("cpu.haltpoll.fail.time", times.pollFailed)]
        }
        return parameters
    }

    private static let memoryNames: [Int32: String] = [
        0: "swap_in", 1: "swap_out", 2: "major_fault", 3: "minor_fault", 4: "unused", 5: "available", 7: "rss", 8: "usable",
        9: "last-update", 10: "disk_caches", 11: "hugetlb_pgalloc", 12: "hugetlb_pgfail",
    ]

    private var balloon: [TypedParameter] {
        var parameters = [long("balloon.current", domain.balloonKiB), long("balloon.maximum", domain.memoryKiB)]
        guard hasLock, life.isActive else { return parameters }
        for (tag, value) in LibvirtAnswers.memoryStatistics(world.memory(of: domain, at: moment)) {
            if let name = Self.memoryNames[tag] { parameters.append(long("balloon.\(name)", value)) }
        }
        return parameters
    }

    private var vcpus: [TypedParameter] {
        var parameters = [unsigned("vcpu.current", domain.vcpus), unsigned("vcpu.maximum", domain.mostVcpus)]
        guard life.isActive else { return parameters }
        for position in 0..<domain.vcpus {
            let times = world.vcpu(position, of: domain, at: moment)
            parameters += [
                TypedParameter("vcpu.\(position).state", .integer(1)), long("vcpu.\(position).time", times.time),
                long("vcpu.\(position).wait", times.wait), long("vcpu.\(position).delay", times.delay),
            ]
        }
        return parameters
    }

    private static let cardNames = ["rx.bytes", "rx.pkts", "rx.errs", "rx.drop", "tx.bytes", "tx.pkts", "tx.errs", "tx.drop"]

    private var cards: [TypedParameter] {
        guard life.isActive else { return [] }
        var parameters = [unsigned("net.count", domain.cards.count)]
        for (position, card) in domain.cards.enumerated() {
            parameters.append(TypedParameter("net.\(position).name", .text(DomainXML.tap(position, domain, world))))
            let values = LibvirtAnswers.values(world.counters(of: card, domain, at: moment))
            parameters += zip(Self.cardNames, values).map { long("net.\(position).\($0)", $1) }
        }
        return parameters
    }

    private var disks: [TypedParameter] {
        var parameters: [TypedParameter] = []
        var number = 0
        for (position, disk) in domain.disks.enumerated() {
            parameters += image(disk, position: position, layer: 0, path: disk.source?.path, number)
            number += 1
            guard withBacking else { continue }
            for (layer, path) in (life.isActive ? world.backing(of: disk, domain, at: moment) : []).enumerated() {
                parameters += image(disk, position: position, layer: layer + 1, path: path, number)
                number += 1
            }
        }
        return [unsigned("block.count", number)] + parameters
    }

    /// - Parameter layer: 0 for the image that the guest writes to.
    private func image(_ disk: DomainPlan.Disk, position: Int, layer: Int, path: String?, _ number: Int) -> [TypedParameter] {
        let prefix = "block.\(number)."
        var parameters = [TypedParameter(prefix + "name", .text(disk.target))]
        if let path {
            parameters.append(TypedParameter(prefix + "path", .text(path)))
            if life.isActive {
                let index = DomainXML.index(of: position, layer: layer, domain, world, at: moment)
                parameters.append(TypedParameter(prefix + "backingIndex", .unsigned(index)))
            }
        }
        if life.isActive, hasLock, layer == 0 {
            let counters = world.counters(of: disk, domain, at: moment)
            parameters += [
                long(prefix + "rd.reqs", counters.readRequests), long(prefix + "rd.bytes", counters.readBytes),
                long(prefix + "rd.times", counters.readNanoseconds), long(prefix + "wr.reqs", counters.writeRequests),
                long(prefix + "wr.bytes", counters.writeBytes), long(prefix + "wr.times", counters.writeNanoseconds),
                long(prefix + "fl.reqs", counters.flushRequests), long(prefix + "fl.times", counters.flushNanoseconds),
            ]
        }
        if path != nil, hasLock || !life.isActive {
            let allocation = world.allocation(ofLayer: layer, disk)
            parameters += [
                long(prefix + "allocation", allocation), long(prefix + "capacity", disk.capacityBytes),
                long(prefix + "physical", allocation),
            ]
        }
        return parameters
    }

    private var ioThreads: [TypedParameter] {
        guard hasLock, life.isActive, domain.hasIOThread else { return [] }
        return [
            unsigned("iothread.count", 1), long("iothread.1.poll-max-ns", 32_768), unsigned("iothread.1.poll-grow", 0),
            unsigned("iothread.1.poll-shrink", 0),
        ]
    }

    /// Nobody has asked for it to be measured.
    private var dirtyRate: [TypedParameter] {
        guard hasLock, life.isActive else { return [] }
        return [
            TypedParameter("dirtyrate.calc_status", .integer(0)), TypedParameter("dirtyrate.calc_start_time", .long(0)),
            TypedParameter("dirtyrate.calc_period", .integer(0)), TypedParameter("dirtyrate.calc_mode", .text("page-sampling")),
        ]
    }
}

extension LibvirtAnswers {
    /// The arguments of virConnectGetAllDomainStats and virDomainListGetStats.
    struct StatisticsOrder {
        /// virConnectGetAllDomainStatsFlags beyond those of lists.
        static let noWait: UInt32 = 1 << 29
        static let backing: UInt32 = 1 << 30
        static let enforce: UInt32 = 1 << 31

        let domains: [DomainPlan]
        let groups: DomainStatistics.Groups
        let flags: UInt32

        var mayWait: Bool { flags & Self.noWait == 0 }
        /// Whether any QEMU is asked.
        var asks: Bool { !groups.isDisjoint(with: .asking) }
    }

    /// Errors: groups that nobody has, where the flags insist on them.
    func statisticsOrder(_ arguments: inout LibvirtArguments) throws(LibvirtError) -> StatisticsOrder {
        let named = try arguments.domainsOrNone()
        let wanted = try arguments.unsigned()
        let flags = try arguments.unsigned()
        let unknown = wanted & ~DomainStatistics.Groups.all.rawValue
        guard unknown == 0 || flags & StatisticsOrder.enforce == 0 else {
            throw LibvirtError(
                .argumentUnsupported, "Stats types bits 0x\(String(unknown, radix: 16)) are not supported by this daemon or QEMU")
        }
        let groups = wanted == 0 ? .all : DomainStatistics.Groups(rawValue: wanted).intersection(.all)
        let listFlags = flags & 0xFFFF
        return StatisticsOrder(domains: (named ?? plan.domains).filter { lets($0, through: listFlags) }, groups: groups, flags: flags)
    }

    func writeStatistics(_ arguments: inout LibvirtArguments, _ writer: inout XDRWriter) throws(LibvirtError) {
        let order = try statisticsOrder(&arguments)
        writer.array(order.domains) { writer, domain in
            write(domain, &writer)
            let statistics = DomainStatistics(
                world: world, domain: domain, moment: moment, hasLock: order.asks && !lockedOut.contains(domain.index),
                withBacking: order.flags & StatisticsOrder.backing != 0)
            writer.array(statistics.parameters(order.groups), TypedParameter.write)
        }
    }
}
