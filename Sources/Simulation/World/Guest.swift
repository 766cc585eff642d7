/// A guest as it is configured, with the waves that its numbers follow.
struct Guest: Sendable {
    /// A virtual machine or a container.
    enum Kind: String, Sendable { case qemu, lxc }

    /// What it does in a world in which nothing happens.
    enum Role: Sendable { case running, paused, stopped, template }

    /// Position in the inventory.
    let index: Int
    let vmid: Int
    let kind: Kind
    var role: Role
    /// Position of its node in the inventory.
    var node: Int
    var name: String
    /// As the API writes them: `prod;web`.
    var tags: String?
    let pool: String?
    /// Of a guest that HA manages: `started`, `stopped`, `error`, `migrate`, or `ignored` when HA keeps its hands off it.
    var haState: String?
    var lock: String?
    /// Whether its configuration says that there is an agent inside.
    var hasAgent: Bool
    /// Whether the agent inside answers, where somebody has said so; nil as it was dealt.
    var agentSwitch: Bool?
    /// Whether the exporter inside answers while the guest runs.
    var hasExporter = true
    /// Somebody has deleted it.
    var isGone = false
    /// Whether the balloon driver in a VM tells about the memory inside.
    let hasBalloonDriver: Bool
    let balloonMinimumBytes: Int?

    let cpus: Int
    let memoryBytes: Int
    let diskBytes: Int
    /// Containers only.
    let swapBytes: Int

    /// When it first started, in seconds since the epoch (so below 0). Later starts are those of its node.
    let firstBoot: Double
    /// Fraction of its CPUs.
    let cpu: Wave
    /// The same while the scenario saturates it.
    let saturatedCPU: Wave
    /// Fraction of its memory.
    let memory: Wave
    /// Bytes a second that it receives.
    let network: Wave
    /// Bytes that it sends for one that it receives.
    let transmitRatio: Double
    /// Bytes a second.
    let diskReads: Wave
    let diskWrites: Wave
    let operationBytes: Int
    let readNanoseconds: Int
    let writeNanoseconds: Int

    /// Whether HA manages it; what it ignores is only listed.
    var isManaged: Bool { haState.map { $0 != "ignored" } ?? false }
    /// Whether it has a process, so that time and traffic count.
    var isLive: Bool { role == .running || role == .paused }
}
