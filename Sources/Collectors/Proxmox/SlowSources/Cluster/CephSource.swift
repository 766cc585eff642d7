import Metrics
import ProxmoxAPI

/// How the cluster's own Ceph does. One that lies elsewhere is a storage like others.
struct CephSource: SlowSource {
    private static let checkLabels = ClusterFamilies.labels.adding("check", "severity")
    private static let stateLabels = ClusterFamilies.labels.adding("state")
    private static let healths: [String: Double] = ["HEALTH_OK": 0, "HEALTH_WARN": 1, "HEALTH_ERR": 2]

    var profile = SlowProfile(name: "ceph", scope: .cluster, periodSeconds: 60, endpoint: "/cluster/ceph/status")
    private let health: Metric
    private let check: Metric
    private let total: Metric
    private let used: Metric
    private let available: Metric
    private let osds: Metric
    private let osdsUp: Metric
    private let osdsIn: Metric
    private let placementGroups: Metric
    private let monitors: Metric

    init(_ catalogue: inout Catalogue) {
        let source = profile.endpoint + " "
        func gauge(_ name: String, _ help: String, _ field: String) -> Metric {
            catalogue.gauge("pve_ceph_" + name, help, labels: ClusterFamilies.labels, source: source + field)
        }
        health = gauge("health_status", "Health of Ceph: 0 is HEALTH_OK, 1 HEALTH_WARN, 2 HEALTH_ERR.", "health.status")
        check = catalogue.info(
            "pve_ceph_health_check_info", "What Ceph complains about, such as OSD_DOWN.", labels: Self.checkLabels,
            source: source + "health.checks")
        total = gauge("total_bytes", "Size of all OSDs together, before replication.", "pgmap.bytes_total")
        used = gauge("used_bytes", "Used space of all OSDs together, before replication.", "pgmap.bytes_used")
        available = gauge("available_bytes", "Free space of all OSDs together, before replication.", "pgmap.bytes_avail")
        osds = gauge("osds", "OSDs that Ceph has.", "osdmap.num_osds")
        osdsUp = gauge("osds_up", "OSDs that run.", "osdmap.num_up_osds")
        osdsIn = gauge("osds_in", "OSDs that hold data, or are to hold it.", "osdmap.num_in_osds")
        placementGroups = catalogue.gauge(
            "pve_ceph_pgs", "Placement groups by their state, such as active+clean.", labels: Self.stateLabels,
            source: source + "pgmap.pgs_by_state")
        monitors = gauge("monitors_in_quorum", "Monitors that are in quorum.", "quorum_names length")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: CephStatus?) async throws(ProxmoxError) -> CephStatus {
        try await call.client.cephStatus(http: call.http, by: call.deadline)
    }

    func isAbsence(_ error: ProxmoxError) -> Bool { error.isLackOfCeph }

    func write(_ subject: SlowSubject, _ status: CephStatus, into page: inout SlowPage) {
        let labels = page.labelsOfCluster()
        page.buffer.add(health, labels, status.health.flatMap { Self.healths[$0] })
        for found in status.checks {
            page.buffer.add(check, page.buffer.labels(Self.checkLabels, page.cluster, found.code, found.severity), true)
        }
        page.buffer.add(total, labels, status.totalBytes)
        page.buffer.add(used, labels, status.usedBytes)
        page.buffer.add(available, labels, status.availableBytes)
        page.buffer.add(osds, labels, status.osds)
        page.buffer.add(osdsUp, labels, status.osdsUp)
        page.buffer.add(osdsIn, labels, status.osdsIn)
        for group in status.placementGroups {
            page.buffer.add(placementGroups, page.buffer.labels(Self.stateLabels, extending: labels, group.state), group.count)
        }
        page.buffer.add(monitors, labels, status.monitorsInQuorum.map(Double.init))
    }
}
