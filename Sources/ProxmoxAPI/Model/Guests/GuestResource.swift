import JSON

/// The two kinds of guests, as the API names them.
package enum GuestKind: String, Sendable {
    /// A virtual machine.
    case qemu
    /// A container.
    case lxc
}

/// A guest's row in `/cluster/resources`. Of a guest whose node is silent for five minutes only node, vmid, type and status are left.
package struct GuestResource: Sendable {
    package let kind: GuestKind
    package let vmid: Int
    package let node: String
    package private(set) var name: String?
    /// The state of the virtual machine: `running`, `stopped`, `paused`, …; `unknown` when the node is silent.
    package private(set) var status: String?
    package private(set) var isTemplate: Bool?
    /// `prod;web`
    package private(set) var tags: String?
    package private(set) var pool: String?
    /// Of a guest that HA knows; `ignored` when it keeps its hands off it.
    package private(set) var haState: String?
    /// What works on the guest and lets nobody else: `backup`, `migrate`, …
    package private(set) var lock: String?
    /// Of the guest's own CPUs, over the statistics daemon's last ten seconds.
    package private(set) var cpuRatio: Double?
    package private(set) var cpus: Double?
    package private(set) var memoryUsedBytes: Double?
    package private(set) var memoryBytes: Double?
    /// Always 0 for virtual machines.
    package private(set) var diskUsedBytes: Double?
    package private(set) var diskBytes: Double?
    package private(set) var uptimeSeconds: Double?

    init?(_ row: JSONValue, _ kind: GuestKind) {
        guard let vmid = row["vmid"]?.integer, vmid >= 0, let node = row["node"]?.word else { return nil }
        self.kind = kind
        self.vmid = vmid
        self.node = node
        row.forEachMember { key, value in
            switch key {
            case "name": name = value.word
            case "status": status = value.text
            case "template": isTemplate = value.flag
            case "tags": tags = value.word
            case "pool": pool = value.word
            case "hastate": haState = value.word
            case "lock": lock = value.word
            case "cpu": cpuRatio = value.number
            case "maxcpu": cpus = value.number
            case "mem": memoryUsedBytes = value.number
            case "maxmem": memoryBytes = value.number
            case "disk": diskUsedBytes = value.number
            case "maxdisk": diskBytes = value.number
            case "uptime": uptimeSeconds = value.number
            default: break
            }
        }
    }
}
