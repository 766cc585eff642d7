package import Metrics
package import Primitives
import Synchronization
package import Web

/// `martlet_build_info` and what the exporter's own HTTP server counts.
package struct ExporterCollector: Collector {
    package let name = "exporter"
    package let catalogue: Catalogue
    private let version: Version
    private let counts: @Sendable () -> HTTPServer.Counts?
    private let build: Metric
    private let requests: Metric
    private let refused: Metric
    private let inFlight: Metric

    private static let buildLabels = LabelSchema("version", "revision", "swift_version")

    /// - Parameter counts: of the server, nil before it has started.
    package init(version: Version, counts: @escaping @Sendable () -> HTTPServer.Counts?) {
        self.version = version
        self.counts = counts
        var catalogue = Catalogue()
        build = catalogue.info("martlet_build_info", "The version of martlet that runs.", labels: Self.buildLabels, source: "martlet")
        requests = catalogue.counter("martlet_http_requests_total", "HTTP requests answered or turned away.", source: "martlet")
        refused = catalogue.counter(
            "martlet_http_requests_refused_total", "HTTP requests turned away because too many were in flight.", source: "martlet")
        inFlight = catalogue.gauge("martlet_http_requests_in_flight", "HTTP requests being answered now.", source: "martlet")
        self.catalogue = catalogue
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("self")
        buffer.add(build, buffer.labels(Self.buildLabels, version.number, version.revision, version.swift), true)
        if let counts = counts() {
            buffer.add(requests, .empty, Double(counts.requests))
            buffer.add(refused, .empty, Double(counts.refused))
            buffer.add(inFlight, .empty, Double(counts.inFlight))
        }
        sink.commit(buffer)
    }
}
