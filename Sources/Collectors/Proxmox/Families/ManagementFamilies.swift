import Metrics
import ProxmoxAPI

/// Families of what the cluster does with a guest: whether HA manages it, and what holds it locked.
struct ManagementFamilies: Sendable {
    private static let lockLabels = GuestFamilies.labels.adding("lock")

    private let machineIsManaged: Metric
    private let containerIsManaged: Metric
    private let lock: Metric

    init(_ catalogue: inout Catalogue) {
        let source = "/cluster/resources hastate"
        machineIsManaged = catalogue.gauge(
            "pve_vm_ha_managed", "1 if HA manages the virtual machine, 0 also if HA is told to ignore it.", labels: GuestFamilies.labels,
            source: source)
        containerIsManaged = catalogue.gauge(
            "pve_lxc_ha_managed", "1 if HA manages the container, 0 also if HA is told to ignore it.", labels: GuestFamilies.labels,
            source: source)
        lock = catalogue.info(
            "pve_guest_lock_info", "What holds the guest locked: backup, migrate, snapshot, …; absent when nothing does.",
            labels: Self.lockLabels, source: "/cluster/resources lock")
    }

    /// - Parameter row: of a guest that the cluster forgot, as its node is silent, nothing is known.
    func write(_ labels: LabelSet, _ row: GuestResource?, into buffer: inout SampleBuffer) {
        guard let row, row.name != nil else { return }
        let isManaged = row.haState.map { $0 != "ignored" } ?? false
        buffer.add(row.kind == .qemu ? machineIsManaged : containerIsManaged, labels, isManaged)
        if let word = row.lock { buffer.add(lock, buffer.labels(Self.lockLabels, extending: labels, word), true) }
    }
}
