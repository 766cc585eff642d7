import Exporting
import Metrics
import ProxmoxAPI

/// `martlet_proxmox_*`: what the API's clients count of themselves, for each endpoint.
struct ProxmoxRequestCollector: Collector {
    let name = "proxmox-requests"
    let catalogue: Catalogue
    private let clusters: [ProxmoxCluster]
    private let names: ClusterNames
    private let requests: Metric
    private let failures: Metric
    private let receivedBytes: Metric
    private let connections: Metric
    private let calls: Metric
    private let ages: Metric
    private let successes: Metric
    private let periods: Metric
    private let slowFailures: Metric

    private static let labels = LabelSchema("endpoint")
    private static let callLabels = LabelSchema("cluster", "endpoint", "code")
    private static let ageLabels = LabelSchema("cluster", "node", "source")
    private static let sourceLabels = LabelSchema("cluster", "source")

    init(_ clusters: [ProxmoxCluster], _ names: ClusterNames) {
        self.clusters = clusters
        self.names = names
        var catalogue = Catalogue()
        requests = catalogue.counter(
            "martlet_proxmox_requests_total", "Calls of the Proxmox API for /metrics, logins not counted.", labels: Self.labels,
            source: "martlet")
        failures = catalogue.counter(
            "martlet_proxmox_request_failures_total", "Calls of the Proxmox API that gave no usable answer.", labels: Self.labels,
            source: "martlet")
        receivedBytes = catalogue.counter(
            "martlet_proxmox_received_bytes_total", "Bytes of the Proxmox API's answers, without headers.", labels: Self.labels,
            source: "martlet")
        connections = catalogue.counter(
            "martlet_proxmox_connections_opened_total", "Connections opened to the Proxmox API; calls beyond them reused one.",
            labels: Self.labels, source: "martlet")
        calls = catalogue.counter(
            "martlet_proxmox_api_requests_total",
            "Calls of the Proxmox API for /metrics by path, with * for names, and by the answer's status or why there was none.",
            labels: Self.callLabels, source: "martlet")
        ages = catalogue.gauge(
            "martlet_proxmox_source_age_seconds",
            "Age of the oldest answer that was shown of what is asked for on a timer, dead agents up to an hour apart; node is empty for the cluster's own.",
            labels: Self.ageLabels, source: "martlet")
        successes = catalogue.gauge(
            "martlet_proxmox_source_last_success_timestamp_seconds",
            "When the oldest of the last answers came of what is asked for on a timer, also when it is too old to be shown; absent without a right to ask.",
            labels: Self.ageLabels, source: "martlet")
        periods = catalogue.gauge(
            "martlet_proxmox_source_period_seconds",
            "Time between two questions, of what is asked for on a timer: proxmox.slow.periods, in seconds.", labels: Self.sourceLabels,
            source: "martlet")
        slowFailures = catalogue.counter(
            "martlet_proxmox_source_failures_total", "Times that what is asked for on a timer could not be had.",
            labels: Self.sourceLabels, source: "martlet")
        self.catalogue = catalogue
    }

    func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("requests")
        for cluster in clusters {
            for (endpoint, counts) in zip(cluster.client.endpoints, cluster.client.counts) {
                let labels = buffer.labels(Self.labels, endpoint.authority)
                buffer.add(requests, labels, Double(counts.requests))
                buffer.add(failures, labels, Double(counts.failures))
                buffer.add(receivedBytes, labels, Double(counts.receivedBytes))
                buffer.add(connections, labels, Double(counts.connectionsOpened))
            }
            // Before its name is known there is only an address to tell it by, and so with one that has the name of another.
            let own = cluster.name.flatMap { names.isOwned($0, by: cluster.position) ? $0 : nil }
            let name = own ?? cluster.client.endpoint.authority
            for (call, count) in cluster.client.calls.sorted(by: { $0.key < $1.key }) {
                buffer.add(calls, buffer.labels(Self.callLabels, name, call.endpoint, call.code), Double(count))
            }
            for (key, seconds) in cluster.slowLane.ages {
                buffer.add(ages, buffer.labels(Self.ageLabels, name, key.node, key.source), seconds)
            }
            for (key, seconds) in cluster.slowLane.successes {
                buffer.add(successes, buffer.labels(Self.ageLabels, name, key.node, key.source), seconds)
            }
            for (source, seconds) in cluster.slowLane.periods {
                buffer.add(periods, buffer.labels(Self.sourceLabels, name, source), seconds)
            }
            for (source, count) in cluster.slowLane.failures {
                buffer.add(slowFailures, buffer.labels(Self.sourceLabels, name, source), Double(count))
            }
        }
        sink.commit(buffer)
    }
}
