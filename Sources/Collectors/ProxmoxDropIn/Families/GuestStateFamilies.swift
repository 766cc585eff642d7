import Metrics

/// State sets: a series for each state that there may be, 1 for the one that holds.
struct GuestStateFamilies: Sendable {
    private let haState: Metric
    private let lockState: Metric

    private static let labels = DropInFamilies.id.adding("state")

    /// A state, and its label rendered once: a guest has twenty series of states.
    private struct State: Sendable {
        let name: String
        let label: LabelTail

        init(_ name: String) {
            self.name = name
            label = LabelTail(GuestStateFamilies.labels, name)
        }
    }

    private static let guestStates = [
        "stopped", "request_stop", "request_start", "request_start_balance", "started", "fence", "recovery", "migrate", "relocate",
        "freeze", "error",
    ].map(State.init)
    private static let nodeStates = ["online", "maintenance", "unknown", "fence", "gone"].map(State.init)
    private static let locks = [
        "backup", "clone", "create", "migrate", "rollback", "snapshot", "snapshot-delete", "suspended", "suspending",
    ].map(State.init)

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
            add(haState, Self.guestStates, row.haState, id, &buffer)
            add(lockState, Self.locks, row.lock, id, &buffer)
        case "node":
            add(haState, Self.nodeStates, row.haState, id, &buffer)
        default: break
        }
    }

    private func add(_ metric: Metric, _ states: [State], _ present: String?, _ id: LabelSet, _ buffer: inout SampleBuffer) {
        for state in states { buffer.add(metric, buffer.labels(extending: id, by: state.label), state.name == present) }
    }
}
