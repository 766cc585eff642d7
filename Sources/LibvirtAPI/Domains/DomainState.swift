/// What a domain does, and why: `virDomainState` with the reason's number, whose meaning depends on the state.
package struct DomainState: Sendable, Equatable, Hashable {
    /// `virDomainState`.
    package enum State: Int, Sendable, CaseIterable {
        case noState = 0
        case running = 1
        /// Running, and waiting for something; of hypervisors without hardware's help.
        case blocked = 2
        case paused = 3
        /// On its way off.
        case shutdown = 4
        case off = 5
        case crashed = 6
        case suspended = 7

        /// As in the documentation of libvirt and in label values.
        package var name: String {
            switch self {
            case .noState: "nostate"
            case .running: "running"
            case .blocked: "blocked"
            case .paused: "paused"
            case .shutdown: "shutdown"
            case .off: "shutoff"
            case .crashed: "crashed"
            case .suspended: "pmsuspended"
            }
        }
    }

    /// nil for a number that is younger than this list.
    package let state: State?
    package let stateNumber: Int
    package let reasonNumber: Int

    package init(state: Int, reason: Int) {
        self.state = State(rawValue: state)
        stateNumber = state
        reasonNumber = reason
    }

    /// The state's name, or its number.
    package var name: String { state?.name ?? String(stateNumber) }

    /// The reason's name, as in the names of libvirt's constants; its number when that is younger than this list.
    package var reason: String {
        let names = state.flatMap { Self.reasons[$0] } ?? []
        return names.indices.contains(reasonNumber) ? names[reasonNumber] : String(reasonNumber)
    }

    /// `virDomainRunningReason` and its likes.
    package static let reasons: [State: [String]] = [
        .noState: ["unknown"],
        .running: [
            "unknown", "booted", "migrated", "restored", "from_snapshot", "unpaused", "migration_canceled", "save_canceled", "wakeup",
            "crashed", "postcopy", "postcopy_failed",
        ],
        .blocked: ["unknown"],
        .paused: [
            "unknown", "user", "migration", "save", "dump", "ioerror", "watchdog", "from_snapshot", "shutting_down", "snapshot", "crashed",
            "starting_up", "postcopy", "postcopy_failed", "api_error",
        ],
        .shutdown: ["unknown", "user"],
        .off: ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from_snapshot", "daemon"],
        .crashed: ["unknown", "panicked"],
        .suspended: ["unknown"],
    ]
}
