import JSON
import Metrics

/// What only the node that was asked knows of itself: start at boot, replication, subscription.
struct NodeFamilies: Sendable {
    private let onBoot: Metric
    private let replicationInfo: Metric
    private let duration: Metric
    private let lastSync: Metric
    private let lastTry: Metric
    private let nextSync: Metric
    private let failed: Metric
    private let subscriptionInfo: Metric
    private let subscriptionStatus: Metric
    private let nextDue: Metric

    private static let onBootLabels = LabelSchema("id", "node", "type")
    private static let replicationLabels = LabelSchema("id", "type", "source", "target", "guest")
    private static let levelLabels = LabelSchema("id", "level")
    private static let statusLabels = LabelSchema("id", "status")
    private static let statuses = ["new", "notfound", "active", "invalid", "expired", "suspended"]

    init(_ catalogue: inout Catalogue) {
        onBoot = catalogue.gauge(
            "pve_onboot_status", "1 if the guest starts with its node; not there for guests whose configuration does not say.",
            labels: Self.onBootLabels, source: "/nodes/N/qemu/VMID/config, /nodes/N/lxc/VMID/config onboot")
        func replication(_ name: String, _ help: String, _ field: String) -> Metric {
            catalogue.gauge(name, help, labels: DropInFamilies.id, source: "/nodes/N/replication " + field)
        }
        duration = replication("pve_replication_duration_seconds", "How long the job's last run took.", "duration")
        lastSync = replication("pve_replication_last_sync_timestamp_seconds", "When the job last succeeded.", "last_sync")
        lastTry = replication("pve_replication_last_try_timestamp_seconds", "When the job last ran.", "last_try")
        nextSync = replication("pve_replication_next_sync_timestamp_seconds", "When the job runs next.", "next_sync")
        failed = replication("pve_replication_failed_syncs", "Runs that have failed since the last success.", "fail_count")
        replicationInfo = catalogue.info(
            "pve_replication_info", "A replication job whose source is the node that was asked.", labels: Self.replicationLabels,
            source: "/nodes/N/replication id, type, source, target, vmtype, guest")
        subscriptionInfo = catalogue.info(
            "pve_subscription_info", "The level of the node's subscription.", labels: Self.levelLabels,
            source: "/nodes/N/subscription level")
        subscriptionStatus = catalogue.gauge(
            "pve_subscription_status", "1 for the status that the node's subscription has.", labels: Self.statusLabels,
            source: "/nodes/N/subscription status")
        nextDue = catalogue.gauge(
            "pve_subscription_next_due_timestamp_seconds",
            "Midnight, in the exporter's time zone, of the day on which the subscription is due.", labels: DropInFamilies.id,
            source: "/nodes/N/subscription nextduedate")
    }

    func writeOnBoot(_ value: Double, node: String, type: String, vmid: String, into buffer: inout SampleBuffer) {
        buffer.add(onBoot, buffer.labels(Self.onBootLabels, "\(type)/\(vmid)", node, type), value)
    }

    func writeReplication(_ row: JSONValue, into buffer: inout SampleBuffer) {
        guard let job = row["id"]?.labelText else { return }
        if let type = row["type"], let source = row["source"], let target = row["target"], let kind = row["vmtype"],
            let guest = row["guest"]
        {
            let labels = buffer.labels(
                Self.replicationLabels, job, type.labelText, "node/" + source.labelText, "node/" + target.labelText,
                "\(kind.labelText)/\(guest.labelText)")
            buffer.add(replicationInfo, labels, true)
        }
        let id = buffer.labels(DropInFamilies.id, job)
        buffer.add(duration, id, row["duration"]?.number)
        buffer.add(lastSync, id, row["last_sync"]?.number)
        buffer.add(lastTry, id, row["last_try"]?.number)
        buffer.add(nextSync, id, row["next_sync"]?.number)
        buffer.add(failed, id, row["fail_count"]?.number)
    }

    func writeSubscription(_ data: JSONValue, node: String, into buffer: inout SampleBuffer) {
        let id = "node/" + node
        buffer.add(subscriptionInfo, buffer.labels(Self.levelLabels, id, data["level"]?.labelText ?? "unknown"), true)
        let status = data["status"]?.text ?? "unknown"
        for known in Self.statuses { buffer.add(subscriptionStatus, buffer.labels(Self.statusLabels, id, known), status == known) }
        guard let date = data["nextduedate"]?.text, !date.isEmpty else { return }
        buffer.add(nextDue, buffer.labels(DropInFamilies.id, id), localMidnight(date))
    }
}
