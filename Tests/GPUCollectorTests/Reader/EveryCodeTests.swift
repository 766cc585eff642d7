import Testing

@testable import GPUCollector

/// Every code that NVML may return, at every call that is made, once.
@Suite struct EveryCodeTests {
    static let codes: [Int32] = Array(1...30) + [999, -1, 4711]

    private enum Kind: CaseIterable { case plain, mig, vgpu }

    private static func bench(_ kind: Kind, _ prepare: (inout ScriptedNVML.State) -> Void) -> Bench {
        switch kind {
        case .plain: Bench(prepare)
        case .mig: Bench.mig(prepare)
        case .vgpu: Bench.vgpu(prepare)
        }
    }

    /// The calls that a reading of this kind makes.
    private static func calls(_ kind: Kind) -> [NVMLCall] {
        let bench = bench(kind) { _ in }
        _ = twice(bench)
        return NVMLCall.allCases.filter { bench.nvml.asked($0) > 0 }
    }

    private static func twice(_ bench: Bench) -> CardSample? {
        guard bench.reader.read() != nil else { return nil }
        bench.clock.advance(seconds: 2)
        return bench.reader.read()
    }

    /// Everything that a sample says, as text, by name.
    private static func statements(_ sample: CardSample) -> [String: String] {
        var said = Dictionary(sample.facts.map { ($0.key.name, "\($0.value)") }) { first, _ in first }
        for process in sample.processes ?? [] {
            said["memory of \(process.pid)"] = process.memoryBytes.map { "\($0)" }
            said["utilization of \(process.pid)"] = process.utilization.map { "\($0)" }
        }
        for mig in sample.migs {
            said["\(mig.uuid) used"] = mig.memoryUsed.map { "\($0)" }
            said["\(mig.uuid) total"] = mig.memoryTotal.map { "\($0)" }
            for (name, value) in mig.activity { said["\(mig.uuid) \(name)"] = "\(value)" }
        }
        for vgpu in sample.vgpus ?? [] {
            let values = [
                "sm": vgpu.smUtilization, "memory": vgpu.memoryUtilization, "encoder": vgpu.encoderUtilization,
                "decoder": vgpu.decoderUtilization, "used": vgpu.framebufferUsed, "total": vgpu.framebufferTotal,
                "frames": vgpu.frameRateLimit,
            ]
            for (name, value) in values { said["\(vgpu.uuid) \(name)"] = value.map { "\($0)" } }
            said["\(vgpu.uuid) license"] = vgpu.license
        }
        return said
    }

    /// What may change its number when a call fails, as another call or a sum stands in for it; none of them becomes zero.
    private static func mayDiffer(_ name: String, _ call: NVMLCall, _ code: ReturnCode) -> Bool {
        guard code.meaning == .absent || call == .fieldValues else { return false }
        return switch call {
        // The older call counts what is reserved as used.
        case .memory: name == "memory_used" || name == "MIG-1 used"
        case .eccAt: name.hasSuffix("_other")
        // Made of the margin then.
        case .temperatureThreshold: name.hasPrefix("temperature_limit_")
        // The calls that stand in for fields.
        case .fieldValues:
            ["pcie_replays", "remapped_correctable", "remapped_uncorrectable", "remap_pending", "remap_failed", "retirement_pending"]
                .contains(name)
        default: false
        }
    }

    @Test(arguments: codes) func `no call that fails makes a number`(_ number: Int32) throws {
        let code = ReturnCode(number)
        for kind in Kind.allCases {
            let healthy = Self.statements(try #require(Self.twice(Self.bench(kind) { _ in })))
            for call in Self.calls(kind) {
                let bench = Self.bench(kind) { $0.codes[call] = code }
                let sample = Self.twice(bench)
                let context = "\(call.rawValue) returns \(code)"
                if code.meaning == .stale {
                    #expect(sample == nil, "\(context)")
                    #expect(bench.caller.verdict.stale?.code == code, "\(context)")
                    continue
                }
                let found = try #require(sample, "\(context)")
                switch code.meaning {
                case .lost: #expect(found.condition == .lost && found.facts.isEmpty && found.processes == nil, "\(context)")
                case .resetRequired: #expect(found.condition == .resetRequired && found.facts.isEmpty, "\(context)")
                default:
                    #expect(found.condition == .ok, "\(context)")
                    for (name, value) in Self.statements(found) where healthy[name] != value {
                        // What stands in has a number of its own; nothing else is new, and nothing known becomes another number.
                        var standsIn = ["pcie_transmit_rate", "pcie_receive_rate", "held_thermal"].contains(name)
                        // That nobody has done anything is an answer.
                        standsIn = standsIn || call == .processUtilization && code == .notFound && value == "0.0"
                        #expect(standsIn || Self.mayDiffer(name, call, code) && Double(value) != nil, "\(context): \(name) is \(value)")
                    }
                }
            }
        }
    }

    @Test(arguments: codes) func `the library that does not come up says why`(_ number: Int32) {
        for call in [NVMLCall.initialize, .driverVersion, .nvmlVersion, .cudaVersion, .count, .handle, .uuid] {
            let nvml = ScriptedNVML()
            nvml.set { $0.codes[call] = ReturnCode(number) }
            let (hello, cards, _) = Inventory(caller: Caller(nvml, ledger: CallLedger())).read()
            switch call {
            case .initialize, .count:
                #expect(hello.code == number && cards.isEmpty)
                #expect(hello.reason.contains(call.rawValue))
            case .driverVersion, .nvmlVersion, .cudaVersion:
                // A version that is not known is no reason to do without the cards.
                #expect(ReturnCode(number).meaning == .stale ? hello.code == number : hello.code == 0 && hello.driverVersion != "garbage")
            default:
                #expect(hello.count == 1 && cards.isEmpty || hello.code == number)
            }
        }
    }

    @Test(arguments: codes) func `a wait for events that fails goes on or begins anew`(_ number: Int32) {
        let code = ReturnCode(number)
        let nvml = ScriptedNVML()
        nvml.set { $0.codes[.eventWait] = code }
        var pauses = 0
        let end = EventReader().run(
            Caller(nvml, ledger: CallLedger()), cards: [ScriptedNVML.card: "GPU-1"], turns: 3, onEvent: { _ in Issue.record("no event") },
            pause: { _ in pauses += 1 })
        #expect((end != nil) == (code.meaning == .stale))
        #expect(pauses == (code.meaning == .stale || code == .timeout ? 0 : 3))
    }
}
