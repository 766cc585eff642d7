import Exporting
import Metrics
import ProxmoxAPI

/// `martlet_proxmox_*`: what the API's clients count of themselves, for each endpoint.
struct ProxmoxRequestCollector: Collector {
    let name = "proxmox-requests"
    let catalogue: Catalogue
    private let clients: [ProxmoxClient]
    private let requests: Metric
    private let failures: Metric
    private let receivedBytes: Metric
    private let connections: Metric

    private static let labels = LabelSchema("endpoint")

    init(_ clients: [ProxmoxClient]) {
        self.clients = clients
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
        self.catalogue = catalogue
    }

    func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("requests")
        for client in clients {
            for (endpoint, counts) in zip(client.endpoints, client.counts) {
                let labels = buffer.labels(Self.labels, endpoint.authority)
                buffer.add(requests, labels, Double(counts.requests))
                buffer.add(failures, labels, Double(counts.failures))
                buffer.add(receivedBytes, labels, Double(counts.receivedBytes))
                buffer.add(connections, labels, Double(counts.connectionsOpened))
            }
        }
        sink.commit(buffer)
    }
}
