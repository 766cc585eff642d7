import CollectorConformance
import Exporting
import Glibc
import Metrics
import Primitives
import Synchronization

/// A collector that breaks its contract in one way.
struct BrokenCollector: Collector {
    let name = "broken"
    let catalogue: Catalogue
    private let fault: Check
    private let source: ReferenceSource
    private let calls: CallCount
    private let temperature: Metric
    private let turns: Metric
    private let wrong: Metric?

    /// Shared by all collectors of one suite, as a fault may be one of memory.
    final class CallCount: Sendable {
        private let count = Atomic<Int>(0)
        func next() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    private static let labels = LabelSchema("device")

    init(_ fault: Check, _ source: ReferenceSource, _ calls: CallCount) {
        self.fault = fault
        self.source = source
        self.calls = calls
        var catalogue = Catalogue()
        temperature = catalogue.gauge("test_temperature_celsius", "Temperature.", labels: Self.labels, source: "bus")
        turns = catalogue.counter("test_turns_total", "Turns.", labels: Self.labels, source: "bus")
        wrong = Self.declareWrong(fault, &catalogue)
        self.catalogue = catalogue
    }

    private static func declareWrong(_ fault: Check, _ catalogue: inout Catalogue) -> Metric? {
        switch fault {
        case .name: return catalogue.gauge("fan_speed_ratio", "Speed.", labels: labels, source: "bus")
        case .suffix: return catalogue.counter("test_starts", "Starts.", labels: labels, source: "bus")
        case .unit: return catalogue.gauge("test_delay_milliseconds", "Delay.", labels: labels, source: "bus")
        case .help: return catalogue.gauge("test_speed_ratio", "Speed", labels: labels, source: "bus")
        case .source: return catalogue.gauge("test_speed_ratio", "Speed.", labels: labels, source: "")
        case .duplicateName: return catalogue.gauge("test_temperature_celsius", "Temperature.", labels: labels, source: "bus")
        case .clash: return catalogue.gauge("test_turns", "Turns of the last minute.", labels: labels, source: "bus")
        case .labelName: return catalogue.gauge("test_speed_ratio", "Speed.", labels: LabelSchema("instance"), source: "bus")
        case .format: return catalogue.gauge("test_speed_ratio", "Speed.", labels: LabelSchema("not-legal"), source: "bus")
        case .detail: return catalogue.gauge("test_speed_ratio", "Speed.", labels: labels, detail: .disk, source: "bus")
        case .coverage: return catalogue.gauge("test_speed_ratio", "Speed.", labels: labels, source: "bus")
        case .foreignSample:
            var other = Catalogue()
            var last: Metric?
            for number in 0..<9 { last = other.gauge("test_\(number)", "Something.", source: "bus") }
            return last
        default: return nil
        }
    }

    func collect(into sink: SampleSink, _ context: CollectionContext) async {
        let call = calls.next()
        switch fault {
        case .pool where isHanging: usleep(UInt32(context.deadline.remainingSeconds * 1e6))
        case .deadline where isHanging: _ = try? await source.read("fan2")
        case .cancellation where isHanging:
            if context.deadline.remainingSeconds > 1 { _ = try? await source.readUnstoppably("fan2") }
        case .survivors:
            // One after the other: the first that hangs takes the others along.
            for device in ReferenceSource.devices.reversed() { await collect(device, call, into: sink, context) }
            return
        default: break
        }
        let isEmptyHanded = fault == .concurrency && call > 2
        let devices = fault == .order && call.isMultiple(of: 2) ? ReferenceSource.devices.reversed() : ReferenceSource.devices
        if fault == .order {
            var buffer = sink.begin("all")
            for device in devices { buffer.add(turns, buffer.labels(Self.labels, device), 7) }
            sink.commit(buffer)
        }
        await withDiscardingTaskGroup { group in
            for device in devices where !isEmptyHanded { group.addTask { await collect(device, call, into: sink, context) } }
        }
    }

    func run(_ context: CollectionContext) async {
        guard fault == .runCancellation else { return }
        source.enter(.hanging)
        _ = try? await source.readUnstoppably("fan2")
    }

    private var isHanging: Bool { source.current == .hanging }

    private func collect(_ device: String, _ call: Int, into sink: SampleSink, _ context: CollectionContext) async {
        if fault == .hungPart, isHanging, device == "fan2" { return }
        var buffer = sink.begin(device)
        let labels = buffer.labels(Self.labels, device)
        guard let reading = await reading(device, by: context.deadline) else {
            switch fault {
            case .silence: break
            case .problemText: sink.report(PartProblem(part: device, .unreachable, "no\nbus"))
            case .secret: sink.report(PartProblem(part: device, .unreachable, "no bus for \(ReferenceSource.secret)"))
            default: sink.report(PartProblem(part: device, isHanging ? .deadline : .unreachable, "no bus"))
            }
            if fault == .invention { buffer.add(turns, labels, 0) }
            if fault != .health { sink.commit(buffer) }
            return
        }
        buffer.add(temperature, labels, fault == .absence ? reading.celsius ?? 0 : reading.celsius)
        buffer.add(turns, labels, fault == .value ? .nan : reading.turns)
        switch fault {
        case .duplicateSeries: buffer.add(turns, labels, reading.turns)
        case .labels: buffer.add(turns, buffer.labels(LabelSchema("fan"), device), reading.turns)
        case .labelName: wrong.map { buffer.add($0, buffer.labels(LabelSchema("instance"), device), 1) }
        case .format: wrong.map { buffer.add($0, buffer.labels(LabelSchema("not-legal"), device), 1) }
        case .health where device == "fan2": return
        case .coverage, .duplicateName: break
        default: wrong.map { buffer.add($0, labels, 1) }
        }
        sink.commit(buffer)
    }

    private func reading(_ device: String, by deadline: Deadline) async -> ReferenceSource.Reading? {
        await withTaskGroup(of: ReferenceSource.Reading?.self) { group in
            group.addTask { [source] in try? await source.read(device) }
            group.addTask {
                try? await Task.sleep(until: deadline.instant, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
