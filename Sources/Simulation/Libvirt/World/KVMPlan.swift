/// A small KVM host of the simulated world: its hardware, virtual machines, storage pools and networks, dealt from a seed.
struct KVMPlan: Sendable {
    struct Pool: Sendable {
        enum Kind: String, Sendable {
            case folder = "dir"
            case volumeGroup = "logical"
        }

        let name: String
        let uuid: [UInt8]
        let kind: Kind
        let path: String
        let isActive: Bool
        let startsWithHost: Bool
        let capacityBytes: UInt64
        /// Of the capacity, when the world began.
        let usedShare: Double
        /// By which it fills, as a fraction of the capacity a day.
        let growthPerDay: Double
    }

    struct Network: Sendable {
        let name: String
        let uuid: [UInt8]
        let bridge: String
        let isActive: Bool
        let startsWithHost: Bool
        /// The first three numbers of its addresses.
        let subnet: String
        let isIsolated: Bool
    }

    static let images = "/var/lib/libvirt/images"
    static let baseImage = images + "/base/debian-12-generic.qcow2"
    static let volumeGroup = "/dev/vg0"
    static let threads = 32
    static let cores = 16
    static let megahertz = 2800

    let seed: UInt64
    let host: String
    let hostUUID: [UInt8]
    let memoryKiB: UInt64
    let domains: [DomainPlan]
    /// By domain: the number that libvirt gave it first.
    let firstNumbers: [Int]
    /// By domain: the number of the host's end of its first card.
    let firstTaps: [Int]
    let pools: [Pool]
    let networks: [Network]

    /// - Parameter count: virtual machines, up to 1000.
    init(seed: UInt64, host: String, domains count: Int) {
        self.seed = seed
        self.host = host
        var generator = SeededGenerator(seed: seed, "kvm")
        hostUUID = Self.uuid(&generator)
        domains = (0..<count).map { Self.domain($0, seed: seed) }
        var (numbers, taps): ([Int], [Int]) = ([], [])
        var (number, tap) = (1, 0)
        for domain in domains {
            numbers.append(number)
            taps.append(tap)
            number += domain.role == .off ? 0 : 1
            tap += domain.cards.count
        }
        (firstNumbers, firstTaps) = (numbers, taps)
        let promised = domains.reduce(0) { $0 + $1.memoryKiB }
        // In modules of 64 GiB, with room to spare.
        let module: UInt64 = 64 << 20
        memoryKiB = max(1, (promised + promised / 4 + module - 1) / module) * module - (1 << 20)
        let files = domains.flatMap(\.disks).reduce(UInt64(0)) { sum, disk in
            guard case .file = disk.source else { return sum }
            return sum + disk.capacityBytes
        }
        let volumes = domains.flatMap(\.disks).reduce(UInt64(0)) { sum, disk in
            guard case .volume = disk.source else { return sum }
            return sum + disk.capacityBytes
        }
        let room: UInt64 = 1 << 40
        let groupBytes = max(1, (volumes * 3 / 2 + room - 1) / room) * room
        pools = [
            Pool(
                name: "default", uuid: Self.uuid(&generator), kind: .folder, path: Self.images, isActive: true, startsWithHost: true,
                capacityBytes: max(1, (files * 3 / 2 + room - 1) / room) * room, usedShare: generator.uniform(0.45, 0.6),
                growthPerDay: 0.002),
            Pool(
                name: "vg0", uuid: Self.uuid(&generator), kind: .volumeGroup, path: Self.volumeGroup, isActive: true, startsWithHost: true,
                capacityBytes: groupBytes, usedShare: Double(volumes) / Double(groupBytes), growthPerDay: 0),
            Pool(
                name: "iso", uuid: Self.uuid(&generator), kind: .folder, path: "/srv/iso", isActive: false, startsWithHost: false,
                capacityBytes: 0, usedShare: 0, growthPerDay: 0),
        ]
        networks = [
            Network(
                name: "default", uuid: Self.uuid(&generator), bridge: "virbr0", isActive: true, startsWithHost: true,
                subnet: "192.168.122", isIsolated: false),
            Network(
                name: "lab", uuid: Self.uuid(&generator), bridge: "virbr1", isActive: false, startsWithHost: false, subnet: "192.168.123",
                isIsolated: true),
        ]
    }

    func domain(uuid: [UInt8]) -> DomainPlan? { domains.first { $0.uuid == uuid } }
    func domain(name: String) -> DomainPlan? { domains.first { $0.name == name } }

    private static let roles = ["web", "db", "mail", "build", "cache", "erp", "git", "proxy"]

    private static func uuid(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = (0..<LibvirtProtocol.uuidBytes).map { _ in UInt8(generator.below(256)) }
        // Version 4 of its form, as libvirt makes them.
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return bytes
    }

    private static func domain(_ index: Int, seed: UInt64) -> DomainPlan {
        var generator = SeededGenerator(seed: seed, "domain", index)
        let kind = index % roles.count
        let name = "\(roles[kind])-\(index / roles.count + 1)"
        let uuid = uuid(&generator)
        let vcpus = [2, 4, 2, 8, 2, 4, 2, 1][kind]
        let gibibyte: UInt64 = 1 << 20
        let memory = [2, 8, 4, 16, 4, 8, 2, 1][kind] * gibibyte
        let isDatabase = kind == 1
        var disks = [
            disk(
                "vda", .file("\(images)/\(name).qcow2"), gigabytes: [20, 40, 40, 80, 20, 60, 100, 10][kind],
                backing: [0, 4, 7].contains(kind) ? [baseImage] : [], busy: isDatabase ? 4 : 1, &generator)
        ]
        if isDatabase || kind == 2 {
            disks.append(
                disk("vdb", .volume("\(volumeGroup)/\(name)-data"), gigabytes: 200, backing: [], busy: isDatabase ? 6 : 1, &generator))
        }
        if kind == 0 { disks.append(disk("sda", nil, gigabytes: 0, backing: [], busy: 0, &generator)) }
        let cards = (0..<(isDatabase ? 2 : 1)).map { card($0, isOutside: kind == 0 || kind == 7, &generator) }
        let day = 86_400.0
        var snapshots: [DomainPlan.Snapshot] = []
        if kind == 0 || kind == 2 { snapshots.append(.init(name: "before-upgrade", at: -day * generator.uniform(2, 6), parent: nil)) }
        if kind == 2 { snapshots.append(.init(name: "after-upgrade", at: -day * generator.uniform(0.5, 1.5), parent: "before-upgrade")) }
        return DomainPlan(
            index: index, name: name, title: kind == 5 ? "Accounting, until the books of the year are closed" : nil, uuid: uuid,
            role: kind == 5 ? .off : kind == 6 ? .paused : .running, startsWithHost: kind < 5, isPersistent: kind != 7, vcpus: vcpus,
            mostVcpus: kind == 3 ? 16 : vcpus, memoryKiB: memory, balloonKiB: kind == 3 ? memory * 3 / 4 : memory, tellsMemory: kind != 7,
            hasAgent: kind < 5, hasIOThread: isDatabase, disks: disks, cards: cards, snapshots: snapshots,
            load: Wave(base: generator.uniform(0.05, 0.35), depth: 0.7, &generator),
            memoryUse: Wave(base: generator.uniform(0.35, 0.6), depth: 0.2, &generator), firstBoot: -day * generator.uniform(1, 30))
    }

    private static func disk(
        _ target: String, _ source: DomainPlan.Disk.Source?, gigabytes: Int, backing: [String], busy: Double,
        _ generator: inout SeededGenerator
    ) -> DomainPlan.Disk {
        DomainPlan.Disk(
            target: target, isDrive: source == nil, source: source, backing: backing, capacityBytes: UInt64(gigabytes) << 30,
            writtenShare: generator.uniform(0.2, 0.7), reads: Wave(base: busy * generator.logUniform(2e4, 1e6), depth: 0.8, &generator),
            writes: Wave(base: busy * generator.logUniform(1e5, 2e6), depth: 0.8, &generator))
    }

    private static func card(_ position: Int, isOutside: Bool, _ generator: inout SeededGenerator) -> DomainPlan.Card {
        DomainPlan.Card(
            address: "52:54:00" + (0..<3).map { _ in ":" + generator.hexadecimal(digits: 2) }.joined(),
            network: isOutside ? nil : "default", received: Wave(base: generator.logUniform(5e3, 2e6), depth: 0.8, &generator),
            sent: Wave(base: generator.logUniform(5e3, 2e6), depth: 0.8, &generator))
    }
}
