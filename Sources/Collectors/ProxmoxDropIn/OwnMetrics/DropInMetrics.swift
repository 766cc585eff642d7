import Exporting
import Metrics

/// Writes what `/pve` counts of itself on /metrics.
struct DropInMetrics: Collector {
    let name = "pve"
    let catalogue: Catalogue
    private let tally: DropInTally
    private let duration: Metric
    private let errors: Metric
    private let callDuration: Metric
    private let callErrors: Metric
    private let targetDuration: Metric
    private let targetErrors: Metric
    private let dropped: Metric

    private static let moduleLabels = LabelSchema("module")
    private static let callLabels = LabelSchema("method", "url")
    private static let targetLabels = LabelSchema("target", "cluster", "node")

    init(_ tally: DropInTally) {
        self.tally = tally
        var catalogue = Catalogue()
        duration = catalogue.summary(
            "pve_collection_duration_seconds", "How long requests to /pve took that succeeded.", labels: Self.moduleLabels,
            source: "martlet")
        errors = catalogue.counter(
            "pve_request_errors_total", "Requests to /pve that failed.", labels: Self.moduleLabels, source: "martlet")
        callDuration = catalogue.histogram(
            "pve_scrape_api_duration_seconds", "How long calls of the API took for /pve; --pve.collector.pve-api-metrics.",
            labels: Self.callLabels, source: "martlet")
        callErrors = catalogue.counter(
            "pve_scrape_api_errors_total", "Calls of the API that failed for /pve; --pve.collector.pve-api-metrics.",
            labels: Self.callLabels,
            source: "martlet")
        targetDuration = catalogue.histogram(
            "pve_scrape_target_duration_seconds", "How long /pve took for a target; --pve.collector.target-metrics.",
            labels: Self.targetLabels, source: "martlet")
        targetErrors = catalogue.counter(
            "pve_scrape_target_errors_total", "Requests to /pve that failed for a target; --pve.collector.target-metrics.",
            labels: Self.targetLabels, source: "martlet")
        dropped = catalogue.counter(
            "martlet_pve_dropped_observations_total",
            "Calls and requests of /pve that the families above do not count, because they have as many series as they may have.",
            source: "martlet")
        self.catalogue = catalogue
    }

    func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("requests")
        let counts = tally.counts
        for (module, count) in counts.modules.sorted(by: { $0.key < $1.key }) {
            let labels = buffer.labels(Self.moduleLabels, module)
            buffer.add(duration, labels, count.durations)
            buffer.add(errors, labels, Double(count.errors))
        }
        for (call, count) in counts.calls.sorted(by: { ($0.key.url, $0.key.method) < ($1.key.url, $1.key.method) }) {
            let labels = buffer.labels(Self.callLabels, call.method, call.url)
            buffer.add(callDuration, labels, count.durations)
            buffer.add(callErrors, labels, Double(count.errors))
        }
        func digit(_ isOn: Bool) -> String { isOn ? "1" : "0" }
        let targets = counts.targets.map { (labels: [$0.key.name, digit($0.key.cluster), digit($0.key.node)], count: $0.value) }
        for (values, count) in targets.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
            let labels = buffer.labels(Self.targetLabels, values)
            buffer.add(targetDuration, labels, count.durations)
            buffer.add(targetErrors, labels, Double(count.errors))
        }
        if tally.countsCalls || tally.countsTargets { buffer.add(dropped, .empty, Double(counts.dropped)) }
        sink.commit(buffer)
    }
}
