import Metrics
import ProxmoxAPI

/// Snapshots, which are made in a hurry and forgotten at leisure.
struct SnapshotSource: SlowSource {
    var profile = SlowProfile(
        name: "snapshots", scope: .guest, periodSeconds: 3600, endpoint: "/nodes/N/qemu/ID/snapshot, /nodes/N/lxc/ID/snapshot")
    private let count: Metric
    private let oldest: Metric
    private let newest: Metric

    init(_ catalogue: inout Catalogue) {
        let source = profile.endpoint + ": "
        count = catalogue.gauge(
            "pve_guest_snapshots", "Snapshots of the guest.", labels: GuestFamilies.labels, source: source + "rows but current")
        oldest = catalogue.gauge(
            "pve_guest_oldest_snapshot_timestamp_seconds", "When the guest's oldest snapshot was made, in seconds since 1970.",
            labels: GuestFamilies.labels, source: source + "snaptime")
        newest = catalogue.gauge(
            "pve_guest_newest_snapshot_timestamp_seconds", "When the guest's newest snapshot was made, in seconds since 1970.",
            labels: GuestFamilies.labels, source: source + "snaptime")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Snapshots?) async throws(ProxmoxError) -> Snapshots {
        guard let guest = subject.guest else { throw .malformed("snapshot", "no guest") }
        return try await call.client.snapshots(of: guest.vmid, guest.kind, on: subject.node, http: call.http, by: call.deadline)
    }

    func isAbsence(_ error: ProxmoxError) -> Bool { error.isOfGuestElsewhere }

    func write(_ subject: SlowSubject, _ snapshots: Snapshots, into page: inout SlowPage) {
        guard let guest = page.picture.guest(subject), let labels = page.labels(ofGuest: guest.vmid) else { return }
        page.buffer.add(count, labels, Double(snapshots.count))
        page.buffer.add(oldest, labels, snapshots.oldest)
        page.buffer.add(newest, labels, snapshots.newest)
    }
}
