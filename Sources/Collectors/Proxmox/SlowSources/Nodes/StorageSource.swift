import Metrics
import ProxmoxAPI

/// What only the node itself knows of its storages. It touches each of them, and waits for the one that hangs.
struct StorageSource: SlowSource {
    private static let labels = NodeFamilies.labels.adding("storage", "type")

    var profile = SlowProfile(name: "storage", scope: .node, periodSeconds: 60, endpoint: "/nodes/N/storage")
    private let available: Metric
    private let enabled: Metric

    init(_ catalogue: inout Catalogue) {
        available = catalogue.gauge(
            "pve_storage_available_bytes", "Space of the storage that guests may still take; absent while the node cannot use it.",
            labels: Self.labels, source: profile.endpoint + " avail of rows with active 1")
        enabled = catalogue.gauge(
            "pve_storage_enabled", "1 if the storage is switched on in its configuration.", labels: Self.labels,
            source: profile.endpoint + " enabled")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: [NodeStorage]?) async throws(ProxmoxError) -> [NodeStorage] {
        try await call.client.storages(subject.node, http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ storages: [NodeStorage], into page: inout SlowPage) {
        for storage in storages {
            let labels = page.buffer.labels(Self.labels, page.cluster, subject.node, storage.name, storage.type)
            page.buffer.add(available, labels, storage.availableBytes)
            page.buffer.add(enabled, labels, storage.isEnabled)
        }
    }
}
