import Discovery
import Exporting
import Logs
import Metrics
import ProxmoxCollector
import ProxmoxDropIn
import Viewer

/// The collectors of the program, in the order of their metrics. Those that are in Package.swift's list `collectors` are `registered`, in a file that
/// the build writes from it.
enum Collectors {
    private static var proxmox: ProxmoxCollector { ProxmoxCollector(ProxmoxSettings(clusters: [], slow: SlowSettings())) }

    /// What martlet tells of itself.
    static var own: [any Collector] {
        [
            proxmox.requests, DropInHandler.metricsOfNothing, ExporterCollector(version: Program.version) { nil }, ConfigurationCollector(),
            ProcessCollector(),
        ]
    }

    /// What discovery tells of itself on its own `/metrics`.
    static var discovery: any Collector { DiscoveryCollector(DiscoverySettings(clusters: [])) }

    /// What dashboards tell of themselves on their own `/metrics`.
    static var dashboards: any Collector { ViewerCollector() }

    /// What the shipper of logs tells of itself on its own `/metrics`.
    static var logs: any Collector { LogsCollector() }

    /// Every family that a `/metrics` may hold, in its order.
    static var descriptors: [MetricDescriptor] {
        let others = (own + [discovery, dashboards, logs]).map(\.catalogue)
        return ([proxmox.catalogue] + registered.map { $0.catalogue } + others + [ScrapeMetrics().catalogue]).flatMap(\.descriptors)
    }

    /// Every family that `/pve` may hold.
    static var dropInDescriptors: [MetricDescriptor] { DropInFamilies().catalogue.descriptors }
}
