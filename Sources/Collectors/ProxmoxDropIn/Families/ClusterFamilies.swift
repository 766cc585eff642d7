import JSON
import Metrics

/// Version, backup gaps and quorum device.
struct ClusterFamilies: Sendable {
    private let versionInfo: Metric
    private let notBackedUp: Metric
    private let notBackedUpInfo: Metric
    private let deviceUp: Metric
    private let deviceInfo: Metric

    private static let deviceLabels = LabelSchema("id", "model", "algorithm", "qnetd_host", "tie_breaker", "state")

    init(_ catalogue: inout Catalogue) {
        versionInfo = catalogue.info(
            "pve_version_info", "The version of Proxmox VE on the node that was asked.",
            labels: LabelSchema("release", "repoid", "version"),
            source: "/version")
        notBackedUp = catalogue.gauge(
            "pve_not_backed_up_total", "Guests that no backup job covers.", labels: DropInFamilies.id,
            source: "/cluster/backup-info/not-backed-up")
        notBackedUpInfo = catalogue.info(
            "pve_not_backed_up_info", "There for a guest that no backup job covers.", labels: DropInFamilies.id,
            source: "/cluster/backup-info/not-backed-up type, vmid")
        deviceUp = catalogue.gauge(
            "pve_qdevice_up", "1 if the quorum device is connected, as the node that was asked sees it.", labels: DropInFamilies.id,
            source: "/cluster/config/qdevice State")
        deviceInfo = catalogue.info(
            "pve_qdevice_info", "The quorum device.", labels: Self.deviceLabels,
            source: "/cluster/config/qdevice Model, Algorithm, QNetd host, Tie-breaker, State")
    }

    /// False for an answer without any of the three fields.
    func writeVersion(_ data: JSONValue, into buffer: inout SampleBuffer) -> Bool {
        let fields = [("release", data["release"]), ("repoid", data["repoid"]), ("version", data["version"])]
        let present = fields.compactMap { field in field.1.map { (name: field.0, value: $0.labelText) } }
        guard !present.isEmpty else { return false }
        buffer.add(versionInfo, buffer.labels(LabelSchema(names: present.map(\.name)), present.map(\.value)), true)
        return true
    }

    func writeNotBackedUp(_ row: JSONValue, into buffer: inout SampleBuffer) {
        guard let type = row["type"], let vmid = row["vmid"] else { return }
        buffer.add(notBackedUpInfo, buffer.labels(DropInFamilies.id, "\(type.labelText)/\(vmid.labelText)"), true)
    }

    /// - Parameter name: of the first row of the cluster's status: the cluster, or the node that stands alone.
    func writeNotBackedUp(count: Int, _ name: String, into buffer: inout SampleBuffer) {
        buffer.add(notBackedUp, buffer.labels(DropInFamilies.id, "cluster/" + name), Double(count))
    }

    /// Writes nothing for a cluster without quorum device, which answers with an empty object.
    func writeDevice(_ data: JSONValue, cluster name: String, into buffer: inout SampleBuffer) {
        var isEmpty = true
        data.forEachMember { _, _ in isEmpty = false }
        guard !isEmpty else { return }
        func field(_ value: JSONValue?) -> String { value?.labelText ?? "" }
        let id = "cluster/" + name
        let state = field(data["State"])
        let labels = buffer.labels(
            Self.deviceLabels, id, field(data["Model"]), field(data["Algorithm"]), field(data["QNetd host"]), field(data["Tie-breaker"]),
            state)
        buffer.add(deviceInfo, labels, true)
        buffer.add(deviceUp, buffer.labels(DropInFamilies.id, id), state == "Connected")
    }
}
