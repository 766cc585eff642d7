import Metrics
import ProxmoxAPI

/// How many packages of the node have newer versions. It needs Sys.Modify, which is more than watching should have.
struct UpdateSource: SlowSource {
    var profile = SlowProfile(name: "updates", scope: .node, periodSeconds: 21_600, endpoint: "/nodes/N/apt/update")
    private let pending: Metric

    init(_ catalogue: inout Catalogue) {
        pending = catalogue.gauge(
            "pve_node_updates_pending", "Packages with a newer version in the repositories; absent without Sys.Modify on the node.",
            labels: NodeFamilies.labels, source: profile.endpoint + " length")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: PendingUpdates?) async throws(ProxmoxError) -> PendingUpdates {
        try await call.client.pendingUpdates(subject.node, http: call.http, by: call.deadline)
    }

    /// To be without that right is as it should be.
    func isAbsence(_ error: ProxmoxError) -> Bool { error.kind == .forbidden }

    func write(_ subject: SlowSubject, _ updates: PendingUpdates, into page: inout SlowPage) {
        page.buffer.add(pending, page.labels(ofNode: subject.node), Double(updates.count))
    }
}
