import Metrics

/// The helper that reads the cards, and the calls that it makes.
struct ReaderFamilies: Sendable {
    private static let callLabels = LabelSchema("call", "code")
    private static let ageLabels = LabelSchema("gpu_uuid")

    private let up: Metric
    private let returnCode: Metric
    private let calls: Metric
    private let stuck: Metric
    private let age: Metric
    private let restarts: Metric
    private let unkillable: Metric
    private let badLines: Metric
    private let refusedValues: Metric
    private let boardsOnBus: Metric

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, labels: LabelSchema = .none) -> Metric {
            catalogue.gauge("llm_monitor_exporter_" + name, help, labels: labels, source: "martlet")
        }
        up = gauge("nvml_up", "1 if NVML is loaded and works.")
        returnCode = gauge(
            "nvml_return_code",
            "What NVML returned when it was initialised: 0 is good, 9 no driver, 12 no library, 999 also a library that cannot be loaded.")
        calls = catalogue.counter(
            "llm_monitor_exporter_nvml_calls_total", "Calls of NVML, by what they returned.", labels: Self.callLabels, source: "martlet")
        stuck = gauge("nvml_stuck", "1 while a call of NVML does not come back.")
        age = gauge(
            "sample_age_seconds", "How old what is shown of a card is; past three intervals, and a minute at least, it is shown no more.",
            labels: Self.ageLabels)
        restarts = catalogue.counter(
            "llm_monitor_exporter_nvml_helper_restarts_total", "How often the helper that calls NVML was started again.", source: "martlet")
        unkillable = gauge("nvml_helpers_unkillable", "Helpers that hang in the driver so that not even a kill ends them.")
        badLines = catalogue.counter(
            "llm_monitor_exporter_nvml_helper_bad_lines_total", "Lines of the helper that could not be read.", source: "martlet")
        refusedValues = catalogue.counter(
            "llm_monitor_exporter_nvml_values_refused_total", "Values of NVML that no card can have, and that are not shown.",
            source: "martlet")
        boardsOnBus = catalogue.gauge(
            "llm_monitor_exporter_nvml_pci_devices",
            "NVIDIA cards on the bus of this machine but those that are passed through, whether NVML works or not.",
            source: "/sys/bus/pci/devices")
    }

    func write(_ reader: CardBook.Reader, _ presence: GPUPresence, isStuck: Bool, into buffer: inout SampleBuffer) {
        buffer.add(returnCode, .empty, reader.code.map { Double($0.rawValue) })
        // Without a library there is nothing else to tell, but that it is wanted.
        if reader.code != .libraryNotFound || presence.cards > 0 { buffer.add(boardsOnBus, .empty, Double(presence.cards)) }
        guard reader.code != .libraryNotFound else {
            if presence.isThere { buffer.add(up, .empty, false) }
            return
        }
        buffer.add(up, .empty, reader.isUp)
        buffer.add(stuck, .empty, isStuck)
        buffer.add(restarts, .empty, Double(reader.restarts))
        buffer.add(unkillable, .empty, Double(reader.unkillable))
        buffer.add(badLines, .empty, Double(reader.badLines))
        buffer.add(refusedValues, .empty, Double(reader.refusedValues))
        for (key, count) in reader.calls.sorted(by: { ($0.key.call, $0.key.code) < ($1.key.call, $1.key.code) }) {
            buffer.add(calls, buffer.labels(Self.callLabels, key.call, ReturnCode(key.code).description), Double(count))
        }
    }

    func write(ageSeconds: Double, of uuid: String, into buffer: inout SampleBuffer) {
        buffer.add(age, buffer.labels(Self.ageLabels, uuid), max(0, ageSeconds))
    }
}
