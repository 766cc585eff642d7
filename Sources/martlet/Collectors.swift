import ContainerCollector
import Discovery
import Exporting
import GPUCollector
import LLMCollector
import Metrics
import Ownership
import ProxmoxCollector
import ProxmoxDropIn
import Settings
import SystemCollector
import Viewer
import ZFSCollector

/// The collectors of the program, in the order of their metrics.
enum Collectors {
    /// All that there are, without configuration, for pages and lists.
    static var all: [any Collector] {
        [proxmox, ZFSCollector(ZFSSettings()), gpu, containers, SystemCollector(), LLMCollector(LLMSettings())]
    }

    private static var proxmox: ProxmoxCollector { ProxmoxCollector(ProxmoxSettings(clusters: [], slow: SlowSettings())) }

    private static var gpu: GPUCollector { GPUCollector(GPUSettings(), finder: OwnerFinder()) }

    private static var containers: ContainerCollector { ContainerCollector(ContainerSettings(), engine: ContainerEngine(sockets: [])) }

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

    /// Every family that a `/metrics` may hold, in its order.
    static var descriptors: [MetricDescriptor] {
        ((all + own + [discovery, dashboards]).map(\.catalogue) + [ScrapeMetrics().catalogue]).flatMap(\.descriptors)
    }

    /// What an exporter is there for, which decides what it collects where nobody says.
    enum Role: String, CaseIterable {
        /// What there is: clusters that are configured, and what this machine has.
        case auto
        /// One for the estate: what is asked for over the network.
        case central
        /// One for each host: what the machine itself knows.
        case host
        /// One for each machine with GPUs: its cards, and who uses them.
        case gpu
    }

    /// - Parameter section: the collector's, whose key `enabled` goes before the role.
    /// - Parameter role: the exporter's.
    /// - Parameter own: those whose exporters have the collector.
    /// - Parameter isFound: whether there is something to collect from.
    static func isOn(_ section: SettingsTree, _ role: Role, ofRoles own: [Role], isFound: () -> Bool) -> Bool {
        switch (section["enabled"].text, role) {
        case ("true", _): true
        case ("false", _): false
        case (_, .auto): isFound()
        default: own.contains(role)
        }
    }

    /// Every family that `/pve` may hold.
    static var dropInDescriptors: [MetricDescriptor] { DropInFamilies().catalogue.descriptors }
}
