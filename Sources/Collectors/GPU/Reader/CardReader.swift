import Primitives

/// Reads one card, over and over, on a thread of its own.
final class CardReader {
    let device: UInt
    let caller: Caller
    private(set) var identity: CardIdentity
    /// Whether the event thread listens to the card; nil before it has tried.
    private let listensForXIDs: @Sendable () -> Bool?
    private let wallClock: WallClock
    private let now: @Sendable () -> ContinuousClock.Instant

    /// What changes seldom, of the last time that it was asked for.
    private var slowFacts: [Fact: Double] = [:]
    private var slowDue: ContinuousClock.Instant?
    /// What is still to be learnt of what the card is, each until it is known.
    private var unknown: [NVMLCall] = [.name, .pciInfo, .minorNumber, .architecture, .virtualizationMode]
    private var processes: ProcessReader
    private var migs: MIGReader
    private var vgpus: VGPUReader

    /// Between two questions for what changes seldom: limits, ECC, what the links can do.
    static let slowSeconds = 30.0

    init(
        device: UInt, identity: CardIdentity, caller: Caller, listensForXIDs: @escaping @Sendable () -> Bool? = { nil },
        wallClock: WallClock = .system,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.device = device
        self.identity = identity
        self.caller = caller
        self.listensForXIDs = listensForXIDs
        self.now = now
        self.wallClock = wallClock
        processes = ProcessReader(device: device)
        migs = MIGReader(device: device)
        vgpus = VGPUReader(device: device)
        caller.uuid = identity.uuid
    }

    /// One pass. Nil when the library must be loaded anew; `caller.verdict` says why.
    func read() -> CardSample? {
        caller.beginPass()
        let (moment, unixSeconds) = (now(), wallClock.unixSeconds)
        let isSlow = slowDue.map { $0 <= moment } ?? true
        learnIdentity(isSlow: isSlow)
        if isSlow {
            let before = slowFacts[.migEnabled]
            slowFacts = SlowFacts(device: device, caller: caller).read()
            if let before, let mode = slowFacts[.migEnabled], mode != before {
                // What a whole card lacks its parts may have, and the other way about.
                caller.forgetAll()
                slowFacts = SlowFacts(device: device, caller: caller).read()
            }
            slowDue = moment.advanced(by: .seconds(Self.slowSeconds))
        }
        var facts = slowFacts
        facts.merge(FastFacts(device: device, caller: caller).read()) { _, new in new }
        if isSlow {
            deriveLimits(facts)
            facts.merge(slowFacts) { new, _ in new }
        }
        var sample = CardSample(identity: identity)
        sample.processes = processes.read(caller, &facts, now: moment, unixSeconds: unixSeconds)
        sample.migs = migs.read(caller, isEnabled: facts[.migEnabled] == 1, isSlow: isSlow, now: moment)
        if identity.virtualizationMode == VirtualizationMode.hostVGPU.rawValue {
            sample.vgpus = vgpus.read(caller, isSlow: isSlow, now: moment, unixSeconds: unixSeconds)
            if sample.vgpus != nil { facts[.vgpus] = Double(vgpus.count) }
            sample.vgpuInstancesMax = vgpus.instancesMax
        }
        facts[.listensForXIDs] = listensForXIDs().map { $0 ? 1 : 0 }
        guard caller.verdict.stale == nil else { return nil }
        // Of a card that was lost on the way, nobody could tell which numbers are still true.
        guard caller.verdict.condition == .ok else {
            slowDue = nil
            slowFacts = [:]
            return CardSample(identity: identity, condition: caller.verdict.condition)
        }
        sample.facts = facts
        return sample
    }

    /// Limits of cards that tell no degrees of them, only how far they are from the limit that they keep below.
    private func deriveLimits(_ facts: [Fact: Double]) {
        guard let celsius = facts[.temperature], let margin = facts[.temperatureMargin] else { return }
        for (kind, limit) in TemperatureLimit.allCases.enumerated()
        where caller.isAbsent(.temperatureThreshold, device, CallArguments(first: UInt32(kind))) {
            if let left = facts[.limitMargin(limit)] { slowFacts[.temperatureLimit(limit)] = celsius + margin - left }
        }
    }

    private func learnIdentity(isSlow: Bool) {
        let mode = identity.virtualizationMode
        // The only one that may become another while the driver stays.
        if isSlow, !unknown.contains(.virtualizationMode) { unknown.append(.virtualizationMode) }
        unknown = unknown.filter { !learn($0) }
        if !mode.isEmpty, mode != identity.virtualizationMode { caller.forgetAll() }
    }

    private func learn(_ call: NVMLCall) -> Bool {
        switch call {
        case .name:
            guard let name = caller.text(call, device)?.text, !name.isEmpty else { return false }
            identity.name = name
        case .pciInfo:
            guard let busID = caller.text(call, device)?.text, !busID.isEmpty else { return false }
            identity.busID = busID
        default:
            guard let number = caller.numbers(call, device)?.x else { return false }
            switch call {
            case .minorNumber: identity.minorNumber = Int(number)
            case .architecture: identity.architecture = Architecture.name(number)
            default: identity.virtualizationMode = VirtualizationMode.name(number)
            }
        }
        return true
    }
}

enum VirtualizationMode: String {
    case none, passthrough
    case vgpuGuest = "vgpu_guest"
    case hostVGPU = "host_vgpu"
    case hostVSGA = "host_vsga"

    static func name(_ number: Int64) -> String {
        switch number {
        case 0: Self.none.rawValue
        case 1: Self.passthrough.rawValue
        case 2: Self.vgpuGuest.rawValue
        case 3: Self.hostVGPU.rawValue
        case 4: Self.hostVSGA.rawValue
        default: ""
        }
    }
}

enum Architecture {
    /// Empty for one that is newer than this program.
    static func name(_ number: Int64) -> String {
        let names: [Int64: String] = [
            2: "kepler", 3: "maxwell", 4: "pascal", 5: "volta", 6: "turing", 7: "ampere", 8: "ada", 9: "hopper", 10: "blackwell",
            13: "rubin",
        ]
        return names[number] ?? ""
    }
}
