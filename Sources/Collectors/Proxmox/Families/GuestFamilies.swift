import Metrics
import ProxmoxAPI

/// What a guest is, apart from how it does. Remembered between scrapes, since the API forgets it when a node falls silent.
struct GuestIdentity: Sendable, Equatable {
    var name = ""
    var isTemplate = false
    var tags = ""
    var pool = ""
}

/// The info family of guests, and the labels that all their other families carry.
struct GuestFamilies: Sendable {
    static let labels = LabelSchema("cluster", "node", "vmid", "name", "type")
    private static let infoLabels = LabelSchema("cluster", "node", "vmid", "name", "type", "template", "tags", "pool")

    private static let alertLabels = LabelSchema("cluster", "vmid", "metric")

    private let info: Metric
    private let threshold: Metric
    private let muted: Metric

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info(
            "pve_guest_info", "Every guest, templates and guests of offline nodes included, with tags separated by semicolons.",
            labels: Self.infoLabels, source: "/cluster/resources, /nodes/N/qemu, /nodes/N/lxc")
        threshold = catalogue.gauge(
            "pve_guest_threshold_ratio", "Threshold that a tag of the guest sets for its alerts, 0-1: mon-cpu-98 is 0.98 of cpu.",
            labels: Self.alertLabels, source: "tags mon-METRIC-PERCENT")
        muted = catalogue.gauge(
            "pve_guest_alerts_muted", "1 if a tag of the guest mutes its alerts: all by mon-mute, those of mem by mon-mem-off.",
            labels: Self.alertLabels, source: "tags mon-mute, mon-METRIC-off")
    }

    func write(
        _ cluster: String, node: String, _ vmid: Int, _ kind: GuestKind, _ identity: GuestIdentity, into buffer: inout SampleBuffer
    ) {
        let labels = buffer.labels(
            Self.infoLabels, cluster, node, String(vmid), identity.name, kind.rawValue, identity.isTemplate ? "1" : "0", identity.tags,
            identity.pool)
        buffer.add(info, labels, true)
        let tags = MonitoringTags(identity.tags)
        for (metric, ratio) in tags.thresholds.sorted(by: { $0.key < $1.key }) {
            buffer.add(threshold, buffer.labels(Self.alertLabels, cluster, String(vmid), metric), ratio)
        }
        for metric in tags.muted.sorted() { buffer.add(muted, buffer.labels(Self.alertLabels, cluster, String(vmid), metric), true) }
    }
}

/// Families of pressure stall information, as the API gives it (percent) and as a ratio.
struct PressureFamilies: Sendable {
    private let percent: [Metric]
    private let ratio: [Metric]

    init(_ prefix: String, _ source: String, _ catalogue: inout Catalogue) {
        var percent: [Metric] = []
        var ratio: [Metric] = []
        for (resource, words) in [("cpu", "a CPU"), ("io", "input and output"), ("memory", "memory")] {
            for (kind, who) in [("some", "some task"), ("full", "all tasks")] {
                let field = "\(source) pressure\(resource)\(kind)"
                let name = "\(prefix)_pressure_\(resource)_\(kind)"
                percent.append(
                    catalogue.gauge(
                        name, "Percent of time that \(who) of the guest waited for \(words).", labels: GuestFamilies.labels, source: field))
                ratio.append(
                    catalogue.gauge(
                        name + "_ratio", "Share of time that \(who) of the guest waited for \(words), 0-1.", labels: GuestFamilies.labels,
                        source: field + " / 100"))
            }
        }
        self.percent = percent
        self.ratio = ratio
    }

    func write(_ labels: LabelSet, _ pressure: Pressure, into buffer: inout SampleBuffer) {
        write(labels, 0, pressure.cpuSome, &buffer)
        write(labels, 1, pressure.cpuFull, &buffer)
        write(labels, 2, pressure.ioSome, &buffer)
        write(labels, 3, pressure.ioFull, &buffer)
        write(labels, 4, pressure.memorySome, &buffer)
        write(labels, 5, pressure.memoryFull, &buffer)
    }

    private func write(_ labels: LabelSet, _ index: Int, _ value: Double?, _ buffer: inout SampleBuffer) {
        guard let value else { return }
        buffer.add(percent[index], labels, value)
        buffer.add(ratio[index], labels, value / 100)
    }
}
