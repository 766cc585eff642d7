import Metrics
import ProxmoxAPI

/// Families of a storage as one node sees it.
struct StorageFamilies: Sendable {
    static let labels = LabelSchema("cluster", "node", "storage", "type")
    private static let infoLabels = labels.adding("content", "shared")

    private let active: Metric
    private let total: Metric
    private let used: Metric
    private let usedFraction: Metric
    private let info: Metric

    init(_ catalogue: inout Catalogue) {
        let source = "/cluster/resources type storage "
        active = catalogue.gauge(
            "pve_storage_active", "1 if the node can use the storage.", labels: Self.labels, source: source + "status == available")
        total = catalogue.gauge("pve_storage_total_bytes", "Size of the storage.", labels: Self.labels, source: source + "maxdisk")
        used = catalogue.gauge("pve_storage_used_bytes", "Used space of the storage.", labels: Self.labels, source: source + "disk")
        info = catalogue.info(
            "pve_storage_info", "What may lie on the storage, and whether the nodes share it: a shared one has series for each node.",
            labels: Self.infoLabels,
            source: source + "content, shared")
        usedFraction = catalogue.gauge(
            "pve_storage_used_fraction", "Used share of the storage, 0-1.", labels: Self.labels, source: source + "disk / maxdisk")
    }

    func write(_ cluster: String, _ storage: ClusterResources.Storage, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, cluster, storage.node, storage.name, storage.type)
        let infoLabels = buffer.labels(
            Self.infoLabels, cluster, storage.node, storage.name, storage.type, storage.content.joined(separator: ","),
            storage.isShared.map { $0 ? "1" : "0" } ?? "")
        buffer.add(info, infoLabels, true)
        buffer.add(active, labels, storage.status.map { $0 == "available" })
        buffer.add(total, labels, storage.totalBytes)
        buffer.add(used, labels, storage.usedBytes)
        if let size = storage.totalBytes, size > 0, let share = storage.usedBytes { buffer.add(usedFraction, labels, share / size) }
    }
}
