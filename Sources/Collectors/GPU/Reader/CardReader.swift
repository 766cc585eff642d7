import Primitives

/// Reads one card, over and over, on a thread of its own.
final class CardReader {
    let device: UInt
    let caller: Caller
    private(set) var identity: CardIdentity
    /// Whether the event thread listens to the card.
    private let listensForXIDs: @Sendable () -> Bool
    private let now: @Sendable () -> ContinuousClock.Instant

    /// What changes seldom, of the last time that it was asked for.
    private var slowFacts: [Fact: Double] = [:]
    private var slowDue: ContinuousClock.Instant?
    /// Calls that have said what the card is; the others are asked again.
    private var learnt: Set<NVMLCall> = []
    private var processes: ProcessReader
    private var migs: MIGReader
    private var vgpus: VGPUReader

    /// Between two questions for what changes seldom: limits, ECC, what the links can do.
    static let slowSeconds = 30.0

    init(
        device: UInt, identity: CardIdentity, caller: Caller, listensForXIDs: @escaping @Sendable () -> Bool = { false },
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.device = device
        self.identity = identity
        self.caller = caller
        self.listensForXIDs = listensForXIDs
        self.now = now
        processes = ProcessReader(device: device)
        migs = MIGReader(device: device)
        vgpus = VGPUReader(device: device)
        caller.uuid = identity.uuid
    }

    /// One pass. Nil when the library must be loaded anew; `caller.verdict` says why.
    func read() -> CardSample? {
        caller.beginPass()
        learnIdentity()
        let moment = now()
        let isSlow = slowDue.map { $0 <= moment } ?? true
        if isSlow {
            slowFacts = SlowFacts(device: device, caller: caller).read()
            slowDue = moment.advanced(by: .seconds(Self.slowSeconds))
        }
        var facts = slowFacts
        facts.merge(FastFacts(device: device, caller: caller).read()) { _, new in new }
        var sample = CardSample(identity: identity)
        sample.processes = processes.read(caller, &facts, now: moment)
        sample.migs = migs.read(caller, isEnabled: facts[.migEnabled] == 1, isSlow: isSlow, now: moment)
        if identity.virtualizationMode == VirtualizationMode.hostVGPU.rawValue {
            sample.vgpus = vgpus.read(caller, isSlow: isSlow, now: moment)
            if sample.vgpus != nil { facts[.vgpus] = Double(vgpus.count) }
            sample.vgpuInstancesMax = vgpus.instancesMax
        }
        if listensForXIDs() { facts[.listensForXIDs] = 1 }
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

    private func learnIdentity() {
        learn(.name, { caller.text($0, device)?.text }) { $0.name = $1 }
        learn(.pciInfo, { caller.text($0, device)?.text }) { $0.busID = $1 }
        learn(.minorNumber, number) { $0.minorNumber = Int($1) }
        learn(.architecture, number) { $0.architecture = Architecture.name($1) }
        learn(.virtualizationMode, number) { $0.virtualizationMode = VirtualizationMode.name($1) }
    }

    private func number(_ call: NVMLCall) -> Int64? { caller.numbers(call, device)?.x }

    private func learn<Value>(_ call: NVMLCall, _ ask: (NVMLCall) -> Value?, _ keep: (inout CardIdentity, Value) -> Void) {
        guard !learnt.contains(call), let value = ask(call) else { return }
        keep(&identity, value)
        learnt.insert(call)
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
