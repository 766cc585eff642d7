/// What a guest tells, beyond its status and configuration.
enum GuestPlace: Sendable, Equatable {
    case snapshots
    /// VMs only: what the agent inside is asked.
    case agent(AgentCommand)
    /// Containers only.
    case interfaces

    /// What an agent is asked without being told anything.
    enum AgentCommand: String, Sendable, CaseIterable {
        case info
        case fileSystems = "get-fsinfo"
        case interfaces = "network-get-interfaces"
        case system = "get-osinfo"
        case hostName = "get-host-name"
    }

    /// The place that a path below a guest names; nil for what is none of these.
    init?(_ path: ArraySlice<Substring>, _ kind: Guest.Kind) {
        switch (path.first, kind) {
        case ("snapshot", _) where path.count == 1: self = .snapshots
        case ("interfaces", .lxc) where path.count == 1: self = .interfaces
        case ("agent", .qemu) where path.count == 2:
            guard let command = path.last.flatMap({ AgentCommand(rawValue: String($0)) }) else { return nil }
            self = .agent(command)
        default: return nil
        }
    }

    /// Below the guest.
    var pattern: String {
        switch self {
        case .snapshots: "snapshot"
        case .agent(let command): "agent/\(command.rawValue)"
        case .interfaces: "interfaces"
        }
    }
}
