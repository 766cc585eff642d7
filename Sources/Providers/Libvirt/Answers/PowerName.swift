import LibvirtAPI

extension DomainState {
    /// What a manager is told: On and Off as everywhere, and what is neither by its own name.
    var powerName: String {
        switch state {
        case .running, .blocked: "On"
        case .off: "Off"
        case .paused: "Paused"
        case .shutdown: "ShuttingDown"
        case .crashed: "Crashed"
        case .suspended: "Suspended"
        case .noState, nil: "Unknown"
        }
    }
}
