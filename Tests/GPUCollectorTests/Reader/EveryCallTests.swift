import CollectorConformance
import Exporting
import Glibc
import Metrics
import Ownership
import Testing

@testable import GPUCollector

/// Every code that is published, and some that are not, at every call that the reader makes: down to what a scrape shows.
@Suite struct EveryCallTests {
    static let codes: [Int32] = Array(1...30) + [999, 77, -1]

    /// Everything with everything, as `make soak` does.
    private static let isWhole = getenv("EVERY_CASE") != nil

    // What each code means, told here once more on purpose.
    private static let stale: Set<Int32> = [1, 9, 18]
    private static let absent: Set<Int32> = [3, 6, 13, 21, 25, 26]

    /// What is read twice, two seconds apart.
    private enum Scene: CaseIterable {
        case plain, mig, vgpu
        /// Drivers that do not have the newer calls and fields.
        case old, oldVGPU
        /// MIG is switched off in the end.
        case migGone
    }

    /// Whether a code is tried at a call: of those that mean the same each call gets one, and the next call the next.
    private static func isTried(_ code: Int32, at number: Int, _ call: NVMLCall) -> Bool {
        let alike: [Int32]
        switch code {
        case _ where stale.contains(code): alike = stale.sorted()
        case 6 where call == .processUtilization: return true
        case _ where absent.contains(code): alike = absent.sorted()
        // An argument that is wrong, a card that is lost, and one that must be reset.
        case 2, 15, 16: return true
        default: alike = codes.filter { !stale.contains($0) && !absent.contains($0) && ![2, 15, 16].contains($0) }
        }
        return isWhole || alike[number % alike.count] == code
    }

    private struct Fault {
        let call: NVMLCall
        let code: Int32
    }

    private static func bench(_ scene: Scene) -> Bench {
        let bench: Bench =
            switch scene {
            case .plain, .old: Bench()
            case .mig, .migGone: .mig()
            case .vgpu, .oldVGPU: .vgpu()
            }
        bench.nvml.set { state in
            // No zero but those that something else than a fault makes.
            state.numbers[.retiredPagesPending] = [1, 0, 0, 0]
            state.numbers[.remappedRows] = [1, 2, 1, 1]
            healthy(scene, &state)
        }
        return bench
    }

    private static func healthy(_ scene: Scene, _ state: inout ScriptedNVML.State) {
        state.codes = [:]
        if scene == .old {
            for call in [NVMLCall.memory, .temperature, .eventReasons] { state.codes[call] = .functionNotFound }
            for field: UInt32 in [197, 198, 94, 31, 142, 143, 144, 145] { state.fieldCodes[field] = .invalidArgument }
        }
        if scene == .oldVGPU { state.codes[.vgpuLicense] = .functionNotFound }
    }

    /// The last sample; nil when the library must be loaded anew.
    private static func read(_ bench: Bench, _ scene: Scene) -> CardSample? {
        guard bench.reader.read() != nil else { return nil }
        bench.clock.advance(seconds: 2)
        guard let sample = bench.reader.read() else { return nil }
        guard scene == .migGone else { return sample }
        bench.nvml.set { $0.hasMIG = false }
        bench.clock.advance(seconds: 31)
        return bench.reader.read()
    }

    // MARK: what is shown

    private static let collector: GPUCollector = {
        var settings = GPUSettings()
        settings.isPerProcess = true
        return GPUCollector(settings, finder: OwnerFinder(fileSystemRoot: "/nonexistent"))
    }()

    private struct Shown {
        /// Values of series by what they are of; of an info each label that says something.
        var values: [String: String] = [:]
        var state: String?
        /// Calls, by name and code.
        var calls: [String: Double] = [:]
        var returnCode: Double?
        var isUp: Double?
    }

    private static func shown(_ book: CardBook) throws -> Shown {
        var known: [String: Int] = [:]
        OwnerResolver(OwnerFinder(fileSystemRoot: "/nonexistent")).resolve(book, &known)
        let sink = SampleSink()
        collector.draw(book.view, now: .now, into: sink)
        let exposition = Exposition(try FamilyTable([collector.catalogue], textOnly: true), [sink.contents.committed])
        #expect(exposition.duplicateCount == 0)
        var bytes: [UInt8] = []
        TextFormat.write(exposition, through: &bytes) { _ in }
        let text = ExpositionText(String(decoding: bytes, as: UTF8.self))
        #expect(text.faults.isEmpty)
        var shown = Shown()
        for sample in text.samples {
            let name = String(sample.series.prefix { $0 != "{" })
            let labels = Dictionary(sample.labels.map { ($0.name, $0.value) }) { first, _ in first }
            switch name {
            case "llm_monitor_exporter_nvml_calls_total": shown.calls["\(labels["call"] ?? "") \(labels["code"] ?? "")"] = sample.value
            case "llm_monitor_exporter_nvml_return_code": shown.returnCode = sample.value
            case "llm_monitor_exporter_nvml_up": shown.isUp = sample.value
            case "llm_monitor_gpu_state": if sample.value == 1 { shown.state = labels["state"] }
            case _ where name.hasPrefix("llm_monitor_exporter_"): break
            case _ where name.hasSuffix("_info"):
                for (label, value) in labels where !value.isEmpty { shown.values["\(name) \(label)"] = value }
            default:
                // What names a thing and may be missing itself.
                let naming: Set = name.hasPrefix("nvidia_") ? ["minor_number", "name"] : ["vm_id", "vm_name"]
                for (label, value) in labels where naming.contains(label) && !value.isEmpty { shown.values["label \(label)"] = value }
                let rest = labels.filter { !naming.contains($0.key) }.map { "\($0.key)=\($0.value)" }.sorted()
                shown.values["\(name) \(rest.joined(separator: " "))"] = "\(sample.value)"
            }
        }
        return shown
    }

    private static func book(_ bench: Bench, _ sample: CardSample?) -> CardBook {
        let book = CardBook()
        let helper = book.begin()
        book.take(ScriptedHelper.hello(["GPU-1"]), from: helper)
        if let sample { book.take(.card(sample), from: helper) }
        book.take(.calls(bench.ledger.takeChanges()), from: helper)
        return book
    }

    private static func isAllowed(_ name: String, _ call: NVMLCall, _ code: Int32) -> Bool {
        switch call {
        // The older call counts what is reserved as used.
        case .memory: absent.contains(code) && name.contains("memory_used_bytes")
        case .eccAt: absent.contains(code) && name.contains("location=other")
        // Calls that are made anyhow, and say what the fields say.
        case .fieldValues:
            name.contains("remap") || name.contains("retirement_pending")
                || absent.contains(code) && (name.contains("pcie_replays") || name.contains("pcie_bytes_per_second"))
        // One that computes nowhere is not in the other list: what is left are other processes.
        case .computeProcesses, .graphicsProcesses: absent.contains(code) && name.contains("_owner_")
        // The virtual machine is known by another UUID then.
        case .vgpuMdevUUID: name.contains("_owner_")
        // That is how NVML says that no process has done anything.
        case .processUtilization: code == 6 && name.contains("utilization_ratio")
        default: false
        }
    }

    // MARK: calls of a card

    private static let healthy = Dictionary(
        uniqueKeysWithValues: Scene.allCases.compactMap { scene in
            let bench = bench(scene)
            return (try? shown(book(bench, read(bench, scene)))).map { (scene, $0) }
        })

    /// The calls of each scene that no scene before it makes; those that MIG devices are asked, too, stand there again.
    private static let cases: [(Scene, NVMLCall)] = {
        var seen: Set<NVMLCall> = []
        return Scene.allCases.flatMap { scene in
            let bench = bench(scene)
            _ = read(bench, scene)
            return NVMLCall.allCases.filter { call in
                guard bench.nvml.asked(call) > 0, scene == .old || !behindFields.contains(call) else { return false }
                return seen.insert(call).inserted || scene == .mig && [.name, .memory, .uuid].contains(call)
            }.map { (scene, $0) }
        }
    }()

    /// What fields say, too, where the driver has them.
    private static let behindFields: Set<NVMLCall> = [.remappedRows, .retiredPagesPending]
    /// What no call failing can be seen in.
    private static let unseen: Set<NVMLCall> = [.gpmSampleFree]
    private static let ofLibrary: Set<NVMLCall> = [.initialize, .driverVersion, .nvmlVersion, .cudaVersion, .count, .handle, .uuid]
    private static let ofEvents: Set<NVMLCall> = [.eventSetNew, .registerEvents, .eventWait]

    @Test func `no call is left out`() {
        #expect(Set(Self.cases.map(\.1)).union(Self.ofLibrary).union(Self.ofEvents) == Set(NVMLCall.allCases))
    }

    @Test(arguments: codes) func `a call that fails takes its own families with it, and no other`(_ code: Int32) throws {
        var tried = 0
        for (number, (scene, call)) in Self.cases.enumerated() where Self.isTried(code, at: number, call) {
            try check(scene, Fault(call: call, code: code))
            tried += 1
        }
        #expect(tried > 0)
    }

    private func check(_ scene: Scene, _ fault: Fault) throws {
        let context = "\(fault.call.rawValue) returns \(fault.code), \(scene)"
        let healthy = try #require(Self.healthy[scene], "\(context)")
        let bench = Self.bench(scene)
        bench.nvml.set { $0.codes[fault.call] = ReturnCode(fault.code) }
        let sample = Self.read(bench, scene)
        let book = Self.book(bench, sample)
        if Self.stale.contains(fault.code) {
            #expect(sample == nil && bench.caller.verdict.stale?.code.rawValue == fault.code, "\(context)")
            // The card was seen before, and the helper leaves.
            book.take(ScriptedHelper.card("GPU-1"), from: 1)
            book.take(.end(code: fault.code, call: fault.call.rawValue), from: 1)
        }
        let found = try Self.shown(book)
        #expect(found.calls["\(fault.call.rawValue) \(ReturnCode(fault.code))"] ?? 0 >= 1, "\(context): it is counted")
        let state: String? =
            switch fault.code {
            case 15: "lost"
            case 16: "reset_required"
            case 18: "driver_mismatch"
            case 1, 9: "unknown"
            default: "ok"
            }
        #expect(found.state == state, "\(context)")
        guard state == "ok" else {
            let names = Set(found.values.keys.map { String($0.prefix { $0 != " " }) })
            #expect(
                names.isSubset(of: ["llm_monitor_gpu_info", "nvidia_gpu_num_devices", "llm_monitor_gpu_devices"]), "\(context): \(names)")
            return
        }
        let missing = Set(healthy.values.keys).subtracting(found.values.keys)
        if !Self.absent.contains(fault.code) {
            #expect(!missing.isEmpty || Self.unseen.contains(fault.call) || scene == .migGone, "\(context): it says nothing")
        }
        for (name, value) in found.values where healthy.values[name] != value {
            #expect(
                Self.isAllowed(name, fault.call, fault.code), "\(context): \(name) is \(value), not \(healthy.values[name] ?? "absent")")
            let isIdle = fault.call == .processUtilization && fault.code == 6 || fault.call == .computeProcesses && name.contains("_owner_")
            #expect(Double(value) != 0 || isIdle, "\(context): \(name) is a false zero")
        }
        // When the call works again, or an hour later where the card was said not to have it, all is there again.
        bench.nvml.set { state in
            Self.healthy(scene, &state)
            state.hasMIG = scene == .mig || scene == .migGone
            state.utilization = [.init(pid: 101, time: 9_000_000, sm: 60)]
            if !state.vgpus.isEmpty {
                state.vgpuUtilization = [.init(vgpu: state.vgpus[0], time: 9, sm: 40, memory: 20, encoder: 3, decoder: 2)]
            }
        }
        bench.clock.advance(seconds: Self.absent.contains(fault.code) ? 3601 : 31)
        let healed = try Self.shown(Self.book(bench, Self.read(bench, scene)))
        #expect(Set(healed.values.keys) == Set(healthy.values.keys), "\(context): healed")
    }

    @Test(arguments: codes) func `a field that fails takes its own families with it, and no other`(_ code: Int32) throws {
        // A field has no word for a driver that is gone.
        guard !Self.stale.contains(code), ![15, 16].contains(code) else { return }
        let healthy = try #require(Self.healthy[.plain])
        for field: UInt32 in [29, 31, 74, 82, 94, 142, 144, 197, 198, 230, 138, 38, 269] {
            let bench = Self.bench(.plain)
            bench.nvml.set { $0.fieldCodes[field] = ReturnCode(code) }
            let found = try Self.shown(Self.book(bench, Self.read(bench, .plain)))
            #expect(found.state == "ok")
            for (name, value) in found.values where healthy.values[name] != value {
                // An invalid argument is a field that the driver does not know.
                let standsIn = Self.absent.contains(code) || code == 2
                let isAllowed =
                    name.contains("remap") || name.contains("retirement_pending")
                    || standsIn && (name.contains("pcie_replays") || name.contains("pcie_bytes_per_second"))
                #expect(isAllowed && Double(value) != 0, "field \(field) has \(code): \(name) is \(value)")
            }
        }
    }

    @Test(arguments: codes) func `a link that does not answer is none that is down`(_ code: Int32) throws {
        guard !Self.stale.contains(code), ![15, 16].contains(code) else { return }
        let bench = Bench { $0.codesOfArguments[.nvlinkState] = [3: ReturnCode(code)] }
        let isLast = Self.absent.contains(code) || code == 2
        #expect(bench.reader.read()?.facts[.nvlinkActive] == (isLast ? 3 : nil))
    }

    // MARK: the library and its events

    @Test(arguments: codes) func `a library that fails is said to, and shows no card's numbers`(_ code: Int32) throws {
        for call in Self.ofLibrary.sorted(by: { $0.rawValue < $1.rawValue }) {
            let context = "\(call.rawValue) returns \(code)"
            let nvml = ScriptedNVML()
            nvml.set { $0.codes[call] = ReturnCode(code) }
            let ledger = CallLedger()
            let (hello, cards, _) = Inventory(caller: Caller(nvml, ledger: ledger)).read()
            #expect(ledger.counts["\(call.rawValue) \(code)"] == 1, "\(context)")
            // A helper that had found the card is followed by one that does not.
            let book = CardBook()
            book.take(ScriptedHelper.hello(["GPU-1"]), from: book.begin())
            book.take(ScriptedHelper.card("GPU-1"), from: 1)
            book.end(1)
            book.take(.hello(hello), from: book.begin())
            let found = try Self.shown(book)
            let isVersion = [.driverVersion, .nvmlVersion, .cudaVersion].contains(call)
            let isCard = [.handle, .uuid].contains(call)
            if (isVersion || isCard) && !Self.stale.contains(code) {
                #expect(found.returnCode == 0 && found.isUp == 1 && hello.count == 1, "\(context)")
                // One that we may not look at may be well.
                let state = code == 16 ? "reset_required" : [4, 17].contains(code) ? "unknown" : "lost"
                #expect(found.state == (isCard ? state : "ok") && cards.isEmpty == isCard, "\(context)")
            } else {
                #expect(found.returnCode == Double(code) && found.isUp == (code == 12 ? nil : 0), "\(context)")
                #expect(cards.isEmpty && hello.reason.contains(call.rawValue), "\(context)")
                let state = code == 18 ? "driver_mismatch" : Self.stale.contains(code) || code == 12 ? "unknown" : "ok"
                #expect(found.state == state, "\(context)")
            }
            if found.state != "ok" { #expect(!found.values.keys.contains { $0.contains("power") }, "\(context)") }
        }
    }

    @Test(arguments: codes) func `events that cannot be had are asked for again`(_ code: Int32) {
        for call in [NVMLCall.eventSetNew, .registerEvents, .eventWait] {
            let nvml = ScriptedNVML()
            nvml.set { $0.codes[call] = ReturnCode(code) }
            let ledger = CallLedger()
            let reader = EventReader()
            func listen(_ turns: Int, healedAfter healTurn: Int) -> (code: ReturnCode, call: String)? {
                var pauses = 0
                return reader.run(
                    Caller(nvml, ledger: ledger), cards: [ScriptedNVML.card: "GPU-1"], turns: turns, onEvent: { _ in },
                    pause: { _ in
                        pauses += 1
                        if pauses == healTurn { nvml.set { $0.codes = [:] } }
                    })
            }
            let end = listen(100, healedAfter: 5)
            #expect(ledger.counts["\(call.rawValue) \(code)"] ?? 0 >= 1)
            if Self.stale.contains(code) {
                #expect(end?.code.rawValue == code && end?.call == call.rawValue)
                continue
            }
            #expect(end == nil)
            let isForLong = call == .registerEvents && Self.absent.contains(code) || call == .eventSetNew && Self.absent.contains(code)
            #expect(reader.listens(to: "GPU-1") == !isForLong, "\(call.rawValue) returns \(code)")
        }
    }
}
