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
    private let denied: Metric
    private let connections: Metric
    private let connectionsAccepted: Metric
    private let connectionsRefused: Metric
    private let connectionsEnded: Metric

    private static let buildLabels = LabelSchema("version", "revision", "swift_version")

    private static let codeLabels = LabelSchema("code")
    private static let reasonLabels = LabelSchema("reason")

    /// - Parameter counts: of the server, nil before it has started.
    package init(version: Version, counts: @escaping @Sendable () -> HTTPServer.Counts?) {
        self.version = version
        self.counts = counts
        var catalogue = Catalogue()
        build = catalogue.info("martlet_build_info", "The version of martlet that runs.", labels: Self.buildLabels, source: "martlet")
        requests = catalogue.counter(
            "martlet_http_requests_total", "HTTP requests that were understood and answered, by status code.", labels: Self.codeLabels,
            source: "martlet")
        refused = catalogue.counter(
            "martlet_http_requests_refused_total", "HTTP requests turned away because too many were in flight.", source: "martlet")
        denied = catalogue.counter(
            "martlet_http_requests_denied_total",
            "HTTP requests that the doors did not let in: too many of them, a foreign Host on loopback, no right password, too many to check.",
            labels: Self.reasonLabels, source: "martlet")
        inFlight = catalogue.gauge("martlet_http_requests_in_flight", "HTTP requests being answered now.", source: "martlet")
        connections = catalogue.gauge("martlet_http_connections", "Connections of HTTP clients that are open now.", source: "martlet")
        connectionsAccepted = catalogue.counter(
            "martlet_http_connections_accepted_total", "Connections of HTTP clients that were accepted.", source: "martlet")
        connectionsRefused = catalogue.counter(
            "martlet_http_connections_refused_total", "Connections of HTTP clients for which there was no place.", source: "martlet")
        connectionsEnded = catalogue.counter(
            "martlet_http_connections_ended_total",
            "Connections that the server ended: slow to ask, slow to send or read, idle, or waiting where others needed the place.",
            labels: Self.reasonLabels, source: "martlet")
        self.catalogue = catalogue
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("self")
        buffer.add(build, buffer.labels(Self.buildLabels, version.number, version.revision, version.swift), true)
        if let counts = counts() {
            // Those that one watches are there before the first of them, so that `rate` sees it.
            for status in Set(counts.answered.keys).union([200, 500, 503]).sorted() {
                buffer.add(requests, buffer.labels(Self.codeLabels, String(status)), Double(counts.answered[status] ?? 0))
            }
            buffer.add(refused, .empty, Double(counts.refused))
            for reason in Doorman.Denial.allCases {
                buffer.add(denied, buffer.labels(Self.reasonLabels, reason.rawValue), Double(counts.denied[reason] ?? 0))
            }
            buffer.add(inFlight, .empty, Double(counts.inFlight))
            buffer.add(connections, .empty, Double(counts.connections))
            buffer.add(connectionsAccepted, .empty, Double(counts.connectionsAccepted))
            buffer.add(connectionsRefused, .empty, Double(counts.connectionsRefused))
            for reason in HTTPServer.connectionEndReasons {
                buffer.add(connectionsEnded, buffer.labels(Self.reasonLabels, reason), Double(counts.connectionsEnded[reason] ?? 0))
            }
        }
        sink.commit(buffer)
    }
}
