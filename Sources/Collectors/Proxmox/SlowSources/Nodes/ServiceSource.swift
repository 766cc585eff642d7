import Metrics
import ProxmoxAPI

/// The node's services: a node may be a member with its API up while its statistics or its firewall are dead.
struct ServiceSource: SlowSource {
    private static let labels = NodeFamilies.labels.adding("service")

    var profile = SlowProfile(name: "services", scope: .node, periodSeconds: 120, endpoint: "/nodes/N/services")
    private let running: Metric

    init(_ catalogue: inout Catalogue) {
        running = catalogue.gauge(
            "pve_node_service_running", "1 if the service runs; absent of those that are masked, disabled or not installed.",
            labels: Self.labels, source: profile.endpoint + " state == running")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: [NodeService]?) async throws(ProxmoxError) -> [NodeService] {
        try await call.client.services(subject.node, http: call.http, by: call.deadline)
    }

    /// A node that cannot talk to its systemd has nothing to tell.
    func isAbsence(_ error: ProxmoxError) -> Bool { error.kind == .refused(status: 500) }

    func write(_ subject: SlowSubject, _ services: [NodeService], into page: inout SlowPage) {
        let labels = page.labels(ofNode: subject.node)
        for service in services where service.isWanted {
            guard let isRunning = service.isRunning else { continue }
            page.buffer.add(running, page.buffer.labels(Self.labels, extending: labels, service.name), isRunning)
        }
    }
}
