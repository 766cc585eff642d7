/// Who works on cards, as the machine names it.
struct Tenant: Sendable {
    enum Kind: String, Sendable { case container, lxc, unit, host, vm }

    let kind: Kind
    /// 64 digits of a container, a vmid, the name of a unit; empty for the host.
    let id: String
    let name: String
    /// Of a container.
    var image = ""

    /// Its place in the tree of control groups, from the root.
    var cgroup: String {
        switch kind {
        case .container: "/system.slice/docker-\(id).scope"
        case .lxc: "/lxc/\(id)/ns/system.slice/jupyter.service"
        case .unit: "/system.slice/\(id)"
        case .host: "/user.slice/user-1000.slice/session-7.scope"
        case .vm: "/qemu.slice/\(id).scope"
        }
    }
}

/// A process on one card. One that has several cards is there once for each, with the same number.
struct CardProcess: Sendable {
    /// Position in the plan.
    let tenant: Int
    let pid: Int
    /// Of the card's memory.
    let memoryShare: Double
    /// Of what is done on the card.
    let workShare: Double
    var draws = false
    var encodes = false
    /// Positions among the card's MIG devices.
    var instance: Int?
    let arguments: [String]

    var name: String { arguments.first ?? "" }
}
