/// Deals out the guests of an inventory.
struct GuestPlan {
    /// The first tag of a guest, and the pools there are.
    static let environments = ["prod", "stage", "dev"]

    let guests: [Guest]

    /// Deals the guests round the nodes in turn.
    init(seed: UInt64, nodeCount: Int, guestCount: Int) {
        let roles = Self.roles(seed: seed, count: guestCount)
        guests = roles.enumerated().map { index, dealt in
            Self.guest(seed: seed, index: index, kind: dealt.kind, role: dealt.role, node: index % nodeCount)
        }
    }

    private typealias Dealt = (kind: Guest.Kind, role: Guest.Role)

    /// 65 % VMs, 3 % templates, 8 % stopped and, from 20 guests on, one paused VM and at least one VM template.
    private static func roles(seed: UInt64, count: Int) -> [Dealt] {
        var generator = SeededGenerator(seed: seed, "roles")
        let qemuCount = Int((Double(count) * 0.65).rounded())
        var dealt = (0..<count).map { Dealt(kind: $0 < qemuCount ? .qemu : .lxc, role: .running) }
        generator.shuffle(&dealt)
        var order = Array(dealt.indices)
        generator.shuffle(&order)
        if count >= 20 {
            if let template = order.first(where: { dealt[$0].kind == .qemu }) { dealt[template].role = .template }
            if let paused = order.last(where: { dealt[$0].kind == .qemu && dealt[$0].role == .running }) { dealt[paused].role = .paused }
        }
        var templates = Int((Double(count) * 0.03).rounded()) - (count >= 20 ? 1 : 0)
        var stopped = Int((Double(count) * 0.08).rounded())
        for index in order where dealt[index].role == .running {
            if templates > 0 {
                dealt[index].role = .template
                templates -= 1
            } else if stopped > 0 {
                dealt[index].role = .stopped
                stopped -= 1
            }
        }
        return dealt
    }

    private static let services = ["web", "db", "app", "cache", "mail", "git", "ci", "proxy", "dns", "files", "queue", "mon"]
    private static let gibibyte = 1 << 30

    private static func guest(seed: UInt64, index: Int, kind: Guest.Kind, role: Guest.Role, node: Int) -> Guest {
        var generator = SeededGenerator(seed: seed, "guest", index)
        let vmid = Inventory.firstVMID + index
        let service = services[generator.below(services.count)]
        let environment = environments[min(generator.below(4), 2)]
        let isTagged = role != .template && generator.fraction() < 0.85
        let isPooled = role != .template && generator.fraction() < 0.6
        let isManaged = role != .template && role != .paused && generator.fraction() < 0.12
        let isQemu = kind == .qemu
        let memory = isQemu ? gibibyte << generator.below(5) : (gibibyte >> 2) << generator.below(5)
        let isBallooned = isQemu && generator.fraction() < 0.2
        let lock = role == .stopped && generator.fraction() < 0.15 ? "backup" : nil
        let daysUp = NodePlan.daysUp(seed: seed, node: node)
        return Guest(
            index: index, vmid: vmid, kind: kind, role: role, node: node,
            name: role == .template ? "tmpl-\(isQemu ? "debian13" : "alpine")-\(vmid)" : "\(service)-\(vmid)",
            tags: isTagged ? "\(environment);\(service)" : nil, pool: isPooled ? environment : nil,
            haState: isManaged ? (role == .stopped ? "stopped" : "started") : nil, lock: lock,
            hasAgent: isQemu && generator.fraction() < 0.8, hasBalloonDriver: generator.fraction() < 0.9,
            balloonMinimumBytes: isBallooned ? memory / 2 : nil,
            cpus: isQemu ? 1 << generator.below(4) : 1 << generator.below(3), memoryBytes: memory,
            diskBytes: isQemu ? gibibyte << (4 + generator.below(4)) : gibibyte << (2 + generator.below(4)),
            swapBytes: isQemu ? 0 : max(memory / 2, gibibyte >> 1),
            // Some time after its node, and well before the epoch.
            firstBoot: -86_400 * daysUp * generator.uniform(0.2, 0.999),
            cpu: Wave(base: generator.logUniform(0.02, 0.3), depth: 0.7, &generator),
            saturatedCPU: Wave(base: 0.97, depth: 0.01, &generator),
            memory: Wave(base: generator.uniform(0.25, 0.75), depth: 0.15, &generator),
            network: Wave(base: generator.logUniform(2e3, 2e6), depth: 0.8, &generator),
            transmitRatio: generator.logUniform(0.1, 4),
            diskReads: Wave(base: generator.logUniform(2e3, 3e6), depth: 0.8, &generator),
            diskWrites: Wave(base: generator.logUniform(8e3, 3e6), depth: 0.8, &generator),
            operationBytes: 4096 << generator.below(4),
            readNanoseconds: Int(generator.logUniform(60_000, 2_000_000)),
            writeNanoseconds: Int(generator.logUniform(80_000, 4_000_000)))
    }
}
