import Exporting
import Metrics
import Primitives

/// A collector that keeps the contract, small enough to copy from.
struct ReferenceCollector: Collector {
    let name = "reference"
    let catalogue: Catalogue
    private let source: ReferenceSource
    private let info: Metric
    private let temperature: Metric
    private let turns: Metric

    private static let labels = LabelSchema("device")
    private static let infoLabels = labels.adding("model")

    init(_ source: ReferenceSource) {
        self.source = source
        var catalogue = Catalogue()
        info = catalogue.info("test_device_info", "What the device is.", labels: Self.infoLabels, source: "bus, word 0")
        temperature = catalogue.gauge(
            "test_temperature_celsius", "Temperature; absent without a thermometer.", labels: Self.labels, source: "bus, word 1")
        turns = catalogue.counter("test_turns_total", "Turns since it was started.", labels: Self.labels, source: "bus, word 2")
        self.catalogue = catalogue
    }

    func collect(into sink: SampleSink, _ context: CollectionContext) async {
        await withDiscardingTaskGroup { group in
            for device in ReferenceSource.devices {
                group.addTask { await collect(device, into: sink, context) }
            }
        }
    }

    private func collect(_ device: String, into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin(device)
        guard let answer = await answer(device, by: context.deadline) else {
            sink.report(PartProblem(part: device, .deadline, "the device did not answer in time"))
            return
        }
        switch answer {
        case .failure(let failure): sink.report(PartProblem(part: device, .unreachable, failure.description))
        case .success(let reading):
            let labels = buffer.labels(Self.labels, device)
            buffer.add(info, buffer.labels(Self.infoLabels, device, reading.model), true)
            buffer.add(temperature, labels, reading.celsius)
            buffer.add(turns, labels, reading.turns)
            sink.commit(buffer)
        }
    }

    /// The answer, or nil when the deadline came first.
    private func answer(_ device: String, by deadline: Deadline) async -> Result<ReferenceSource.Reading, Failure>? {
        await withTaskGroup(of: Result<ReferenceSource.Reading, Failure>?.self) { group in
            group.addTask { [source] in
                do throws(Failure) { return .success(try await source.read(device)) } catch { return .failure(error) }
            }
            group.addTask {
                try? await Task.sleep(until: deadline.instant, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
