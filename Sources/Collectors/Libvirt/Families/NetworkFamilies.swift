import Metrics

/// Virtual networks of a hypervisor.
struct NetworkFamilies: Sendable {
    private static let labels = LibvirtFamilies.hypervisorLabels.adding("network")
    private static let infoLabels = labels.adding("bridge")

    private let active, autostart, info: Metric

    init(_ catalogue: inout Catalogue) {
        active = catalogue.gauge(
            "libvirt_network_active", "1 if the virtual network is active.", labels: Self.labels, source: "virNetworkIsActive")
        autostart = catalogue.gauge(
            "libvirt_network_autostart", "1 if the virtual network starts with its hypervisor.", labels: Self.labels,
            source: "virNetworkGetAutostart")
        info = catalogue.info(
            "libvirt_network_info", "A virtual network and its bridge.", labels: Self.infoLabels, source: "virNetworkGetBridgeName")
    }

    func write(_ network: NetworkRecord, _ uri: String, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, uri, network.name)
        buffer.add(active, labels, network.isActive)
        buffer.add(autostart, labels, network.isAutostarted)
        buffer.add(info, buffer.labels(Self.infoLabels, uri, network.name, network.bridge), true)
    }
}
