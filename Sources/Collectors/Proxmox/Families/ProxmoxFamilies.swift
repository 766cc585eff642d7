import Metrics

/// All families of the collector, in the order of the exposition.
struct ProxmoxFamilies: Sendable {
    private(set) var catalogue = Catalogue()
    let cluster: ClusterFamilies
    let node: NodeFamilies
    let storage: StorageFamilies
    let guest: GuestFamilies
    let virtualMachine: VirtualMachineFamilies
    let container: ContainerFamilies
    let requests: RequestFamilies

    init() {
        cluster = ClusterFamilies(&catalogue)
        node = NodeFamilies(&catalogue)
        storage = StorageFamilies(&catalogue)
        guest = GuestFamilies(&catalogue)
        virtualMachine = VirtualMachineFamilies(&catalogue)
        container = ContainerFamilies(&catalogue)
        requests = RequestFamilies(&catalogue)
    }
}

/// What the client counts of itself, for each endpoint.
struct RequestFamilies: Sendable {
    static let labels = LabelSchema("endpoint")
    let requests: Metric
    let failures: Metric
    let receivedBytes: Metric
    let connections: Metric

    init(_ catalogue: inout Catalogue) {
        requests = catalogue.counter(
            "martlet_proxmox_requests_total", "Calls of the Proxmox API.", labels: Self.labels, source: "martlet")
        failures = catalogue.counter(
            "martlet_proxmox_request_failures_total", "Calls of the Proxmox API that gave no usable answer.", labels: Self.labels,
            source: "martlet")
        receivedBytes = catalogue.counter(
            "martlet_proxmox_received_bytes_total", "Bytes of the Proxmox API's answers, without headers.", labels: Self.labels,
            source: "martlet")
        connections = catalogue.counter(
            "martlet_proxmox_connections_opened_total", "Connections opened to the Proxmox API; calls beyond them reused one.",
            labels: Self.labels, source: "martlet")
    }
}
