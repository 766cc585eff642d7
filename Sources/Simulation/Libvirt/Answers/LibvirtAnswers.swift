/// What libvirtd answers about the host, as a function of a moment. What is about a connection is `LibvirtSession`'s.
struct LibvirtAnswers: Sendable {
    let world: KVMWorld
    let moment: Double
    /// Domains whose QEMU cannot be asked, as somebody else has their lock.
    var lockedOut: Set<Int> = []
    /// By domain: for how many seconds somebody has waited for its QEMU.
    var occupied: [Int: Double] = [:]

    static let libraryVersion: UInt64 = 9_000_000
    static let hypervisorVersion: UInt64 = 7_002_017

    var plan: KVMPlan { world.plan }

    /// The payload of the answer.
    ///
    /// Errors: as libvirt has them.
    func answer(_ procedure: LibvirtProcedure, _ payload: ArraySlice<UInt8>) throws(LibvirtError) -> [UInt8] {
        var arguments = LibvirtArguments(payload, world, at: moment)
        var writer = XDRWriter()
        if try answerAboutHost(procedure, &arguments, &writer) { return writer.bytes }
        if try answerAboutDomain(procedure, &arguments, &writer) { return writer.bytes }
        if try answerWithCounters(procedure, &arguments, &writer) { return writer.bytes }
        if try answerAboutSnapshots(procedure, &arguments, &writer) { return writer.bytes }
        if try answerAboutStorage(procedure, &arguments, &writer) { return writer.bytes }
        if try answerAboutNetworks(procedure, &arguments, &writer) { return writer.bytes }
        throw LibvirtError(.noSupport, "\(procedure) is not simulated")
    }

    private func answerAboutHost(
        _ procedure: LibvirtProcedure, _ arguments: inout LibvirtArguments, _ writer: inout XDRWriter
    ) throws(LibvirtError) -> Bool {
        switch procedure {
        case .connectGetType: writer.string("QEMU")
        case .connectGetVersion: writer.unsignedHyper(Self.hypervisorVersion)
        case .connectGetLibVersion: writer.unsignedHyper(Self.libraryVersion)
        case .connectGetMaxVcpus: writer.integer(Int32(288))
        case .connectGetHostname: writer.string(plan.host)
        case .connectGetURI: writer.string("qemu:///system")
        case .connectIsSecure: writer.boolean(true)
        case .connectGetCapabilities: writer.string(HostXML(world: world, moment: moment).capabilities)
        case .nodeGetInfo: writeNode(&writer)
        case .nodeGetFreeMemory: writer.unsignedHyper(freeKiB * 1024)
        case .nodeGetCellsFreeMemory:
            let (start, most) = (try arguments.integer(), try arguments.integer())
            guard start == 0, most > 0 else { throw LibvirtError(.invalidArgument, "start cell \(start) out of range (0-0)") }
            writer.array([freeKiB * 1024]) { $0.unsignedHyper($1) }
        case .nodeGetCPUStats:
            let (cpu, wanted) = (try arguments.integer(), try arguments.integer())
            try writeStatistics(try processorTimes(ofCPU: cpu), wanted: wanted, &writer)
        case .nodeGetMemoryStats:
            let wanted = try arguments.integer()
            let cell = try arguments.integer()
            guard cell == -1 || cell == 0 else {
                throw LibvirtError(.invalidArgument, "cellNum in virNodeGetMemoryStats must be less than or equal to 0")
            }
            try writeStatistics(memoryStatistics, wanted: wanted, &writer)
        case .nodeGetCPUMap:
            let (needsMap, needsCount) = (try arguments.boolean(), try arguments.boolean())
            let map = [UInt8](repeating: 0xFF, count: KVMPlan.threads / 8)
            writer.opaque(needsMap ? map : [])
            writer.count(needsCount ? KVMPlan.threads : 0)
            writer.integer(KVMPlan.threads)
        case .nodeGetSecurityModel:
            Self.write(characters: "apparmor", &writer)
            Self.write(characters: "0", &writer)
        case .connectListAllInterfaces, .connectListAllNodeDevices, .connectListAllNWFilters, .connectListAllSecrets,
            .connectListAllNWFilterBindings:
            // There are none of these.
            writer.count(0)
            writer.count(0)
        default: return false
        }
        return true
    }

    // MARK: The host's numbers

    /// rpcgen writes each character of such a field in four bytes.
    static func write(characters text: String, _ writer: inout XDRWriter) {
        let characters = Array(text.utf8) + [0]
        writer.array(characters) { $0.integer(Int32($1)) }
    }

    private var memoryKiB: UInt64 { world.hostMemoryKiB(at: moment) }

    private func writeNode(_ writer: inout XDRWriter) {
        let model = Array("x86_64".utf8)
        for position in 0..<32 { writer.integer(Int32(position < model.count ? model[position] : 0)) }
        writer.unsignedHyper(memoryKiB)
        for number in [KVMPlan.threads, KVMPlan.megahertz, 1, 1, KVMPlan.cores, KVMPlan.threads / KVMPlan.cores] { writer.integer(number) }
    }

    private var residentKiB: UInt64 {
        plan.domains.reduce(4 << 20) { sum, domain in
            world.life(of: domain, at: moment).isActive ? sum + world.memory(of: domain, at: moment).resident : sum
        }
    }

    private var freeKiB: UInt64 { memoryKiB - min(memoryKiB, residentKiB + cachedKiB + Self.buffersKiB) }
    private var cachedKiB: UInt64 { memoryKiB / 12 }
    private static let buffersKiB: UInt64 = 180_000

    private var memoryStatistics: [(String, UInt64)] {
        [("total", memoryKiB), ("free", freeKiB), ("buffers", Self.buffersKiB), ("cached", cachedKiB)]
    }

    /// Nanoseconds of one thread of the host, or with -1 of all.
    private func processorTimes(ofCPU cpu: Int32) throws(LibvirtError) -> [(String, UInt64)] {
        guard cpu >= -1, cpu < Int32(KVMPlan.threads) else {
            throw LibvirtError(
                .invalidArgument, "Invalid cpuNum in virNodeGetCPUStats: \(cpu)")
        }
        // What its guests have done since the beginning of the world stands for all that it does; before, it did a fifth of what it can.
        let threads = cpu == -1 ? Double(KVMPlan.threads) : 1
        let share = threads / Double(KVMPlan.threads)
        let before = (0 - KVMWorld.hostBootedAt) * threads * 0.2
        let guests = plan.domains.reduce(0.0) { sum, domain in
            domain.role == .off ? sum : sum + domain.load.area(from: 0, to: max(0, moment)) * Double(domain.vcpus)
        }
        let all = (max(0, moment) - KVMWorld.hostBootedAt) * threads
        let busy = min(before + guests * share, all * 0.97)
        let waiting = all * 0.002
        return [
            ("kernel", KVMWorld.nanoseconds(busy * 0.2)), ("user", KVMWorld.nanoseconds(busy * 0.8)),
            ("idle", KVMWorld.nanoseconds(all - busy - waiting)), ("iowait", KVMWorld.nanoseconds(waiting)),
        ]
    }

    /// Who asks for none asks how many there are.
    private func writeStatistics(_ statistics: [(String, UInt64)], wanted: Int32, _ writer: inout XDRWriter) throws(LibvirtError) {
        guard (0...16).contains(wanted) else { throw LibvirtError(.internalError, "nparams too large", origin: .rpc) }
        let written = wanted == 0 ? [] : Array(statistics.prefix(Int(wanted)))
        writer.array(written) {
            $0.string($1.0)
            $0.unsignedHyper($1.1)
        }
        writer.integer(wanted == 0 ? statistics.count : 0)
    }
}
