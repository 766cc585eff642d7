import Metrics

/// State sets: a series for each state that there may be, 1 for the one that holds.
struct GuestStateFamilies: Sendable {
    private let haState: Metric
    private let lockState: Metric

    private static let labels = DropInFamilies.id.adding("state")

    private static let guestStates = StateSet(
        labels,
        [
            "stopped", "request_stop", "request_start", "request_start_balance", "started", "fence", "recovery", "migrate", "relocate",
            "freeze", "error",
        ])
    private static let nodeStates = StateSet(labels, ["online", "maintenance", "unknown", "fence", "gone"])
    private static let locks = StateSet(
        labels, ["backup", "clone", "create", "migrate", "rollback", "snapshot", "snapshot-delete", "suspended", "suspending"])

    /// Series of a guest.
    static let countOfGuest = guestStates.count + locks.count

    init(_ catalogue: inout Catalogue) {
        haState = catalogue.gauge(
            "pve_ha_state", "1 for the state in which high availability has the guest or node; all 0 where it is not managed.",
            labels: Self.labels, source: "/cluster/resources hastate")
        lockState = catalogue.gauge(
            "pve_lock_state", "1 for the lock that the guest's configuration is under.", labels: Self.labels,
            source: "/cluster/resources lock")
    }

    func write(_ row: ResourceRow, id: LabelSet, into buffer: inout SampleBuffer) {
        switch row.type {
        case "qemu", "lxc":
            buffer.add(haState, extending: id, known: Self.guestStates, row.haState)
            buffer.add(lockState, extending: id, known: Self.locks, row.lock)
        case "node":
            buffer.add(haState, extending: id, known: Self.nodeStates, row.haState)
        default: break
        }
    }
}
