import Metrics
import ProxmoxAPI

/// Names for the cards of hosts, and where they are.
struct PCIMappingSource: SlowSource {
    private static let labels = LabelSchema("cluster", "mapping", "node", "address")

    var profile = SlowProfile(name: "pci_mapping", scope: .cluster, periodSeconds: 900, endpoint: "/cluster/mapping/pci")
    private let info: Metric

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info(
            "pve_pci_mapping_info", "A card that a mapping stands for on a node; pve_guest_pci_passthrough_info names the mapping.",
            labels: Self.labels, source: profile.endpoint + " id, map")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Listing<PCIMapping>?) async throws(ProxmoxError) -> Listing<PCIMapping> {
        try await call.client.pciMappings(http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ mappings: Listing<PCIMapping>, into page: inout SlowPage) {
        var seen: Set<[String]> = []
        for mapping in mappings.rows.sorted(by: { $0.id < $1.id }) {
            let places = mapping.places.filter { !page.picture.isHidden(node: $0.node) }
            for place in places.sorted(by: { ($0.node, $0.address) < ($1.node, $1.address) }) {
                let values = [page.cluster, mapping.id, place.node, place.address]
                if seen.insert(values).inserted { page.buffer.add(info, page.buffer.labels(Self.labels, values), true) }
            }
        }
    }
}

/// The voter outside of the cluster.
struct QuorumDeviceSource: SlowSource {
    var profile = SlowProfile(name: "qdevice", scope: .cluster, periodSeconds: 300, endpoint: "/cluster/config/qdevice")
    private let up: Metric

    init(_ catalogue: inout Catalogue) {
        up = catalogue.gauge(
            "pve_qdevice_up", "1 if the quorum device is connected; absent without one.", labels: ClusterFamilies.labels,
            source: profile.endpoint + " State == Connected")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: QuorumDevice?) async throws(ProxmoxError) -> QuorumDevice {
        try await call.client.quorumDevice(http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ device: QuorumDevice, into page: inout SlowPage) {
        page.buffer.add(up, page.labelsOfCluster(), device.isConnected)
    }
}
