import Exporting
import Metrics
import ProxmoxCollector
import ProxmoxDropIn

/// The collectors of the program, in the order of their metrics.
enum Collectors {
    /// All that there are, without configuration, for pages and lists.
    static var all: [any Collector] { [proxmox] }

    private static var proxmox: ProxmoxCollector { ProxmoxCollector(ProxmoxSettings(clusters: [])) }

    /// What martlet tells of itself.
    static var own: [any Collector] {
        [
            proxmox.requests, DropInHandler.metricsOfNothing, ExporterCollector(version: Program.version) { nil }, ConfigurationCollector(),
            ProcessCollector(),
        ]
    }

    /// Every family that `/metrics` may hold, in its order.
    static var descriptors: [MetricDescriptor] {
        ((all + own).map(\.catalogue) + [ScrapeMetrics().catalogue]).flatMap(\.descriptors)
    }

    /// Every family that `/pve` may hold.
    static var dropInDescriptors: [MetricDescriptor] { DropInFamilies().catalogue.descriptors }
}
