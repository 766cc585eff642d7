import Metrics
import ProxmoxAPI

/// High availability as its managers see it: what is, and not what somebody wishes for.
struct HASource: SlowSource {
    private static let serviceLabels = LabelSchema("cluster", "node", "vmid", "type")
    private static let stateLabels = serviceLabels.adding("state")
    private static let infoLabels = serviceLabels.adding("request_state", "group", "max_restart", "max_relocate")
    /// All that the manager's state machine knows, and those of services that it has not seen yet or leaves alone.
    private static let states = StateSet(
        stateLabels,
        [
            "error", "fence", "freeze", "ignored", "migrate", "queued", "recovery", "relocate", "request_start", "request_start_balance",
            "request_stop", "started", "stopped",
        ])

    var profile = SlowProfile(name: "ha", scope: .cluster, periodSeconds: 30, endpoint: "/cluster/ha/status/current")
    private let resources: Metric
    private let active: Metric
    private let state: Metric
    private let info: Metric
    private let quorate: Metric
    private let armed: Metric
    private let managerSeen: Metric
    private let nodeSeen: Metric

    init(_ catalogue: inout Catalogue) {
        let source = profile.endpoint + " "
        let cluster = ClusterFamilies.labels
        resources = catalogue.gauge(
            "pve_ha_resources_total", "Guests that HA knows.", labels: cluster, source: source + "rows of type service")
        active = catalogue.gauge(
            "pve_ha_resources_active", "Guests that HA has in the state started.", labels: cluster,
            source: source + "services with crm_state started")
        state = catalogue.gauge(
            "pve_ha_service_state", "1 for the state that HA's manager has the guest in, 0 for the others.", labels: Self.stateLabels,
            source: source + "crm_state")
        info = catalogue.info(
            "pve_ha_service_info", "The state that HA is asked to keep a guest in, its group, and how often it is restarted or moved.",
            labels: Self.infoLabels,
            source: source + "request_state, group, max_restart, max_relocate")
        quorate = catalogue.gauge(
            "pve_ha_quorate", "1 if HA's manager on the node that was asked sees quorum.", labels: cluster,
            source: source + "row of type quorum")
        armed = catalogue.gauge(
            "pve_ha_fencing_armed", "1 if nodes that are lost are fenced.", labels: cluster, source: source + "row of type fencing")
        managerSeen = catalogue.gauge(
            "pve_ha_manager_last_seen_timestamp_seconds",
            "When HA's manager, which is on this node, last wrote its state, in seconds since 1970.",
            labels: NodeFamilies.labels, source: source + "row of type master")
        nodeSeen = catalogue.gauge(
            "pve_ha_lrm_last_seen_timestamp_seconds", "When the node's local resource manager last wrote its state, in seconds since 1970.",
            labels: NodeFamilies.labels,
            source: source + "rows of type lrm")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: HAStatus?) async throws(ProxmoxError) -> HAStatus {
        try await call.client.haStatus(http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ status: HAStatus, into page: inout SlowPage) {
        let cluster = page.labelsOfCluster()
        page.buffer.add(resources, cluster, Double(status.services.count))
        page.buffer.add(active, cluster, Double(status.services.count { $0.state == "started" }))
        page.buffer.add(quorate, cluster, status.isQuorate)
        page.buffer.add(armed, cluster, status.isFencingArmed)
        if let master = status.master { page.buffer.add(managerSeen, page.labels(ofNode: master.node), master.timestamp) }
        var seen: Set<String> = []
        for sign in status.nodes where !page.picture.isHidden(node: sign.node) && seen.insert(sign.node).inserted {
            page.buffer.add(nodeSeen, page.labels(ofNode: sign.node), sign.timestamp)
        }
        for service in status.services where !page.picture.hiddenGuests.contains(service.vmid) { write(service, into: &page) }
    }

    private func write(_ service: HAStatus.Service, into page: inout SlowPage) {
        let (vmid, kind) = (String(service.vmid), service.kind.rawValue)
        let infoLabels = page.buffer.labels(
            Self.infoLabels, page.cluster, service.node, vmid, kind, service.requestedState ?? "", service.group ?? "",
            service.maximumRestarts ?? "", service.maximumRelocations ?? "")
        page.buffer.add(info, infoLabels, true)
        let labels = page.buffer.labels(Self.serviceLabels, page.cluster, service.node, vmid, kind)
        page.buffer.add(state, extending: labels, Self.states, service.state)
    }
}
