import Glibc

/// Builds the hosts of an inventory, large enough for their guests at the worst moment: a host's CPU is never cut off at 1.
struct NodePlan {
    let nodes: [Node]

    /// All nodes get the hardware that the fullest of them needs.
    init(seed: UInt64, nodeCount: Int, guests: [Guest]) {
        let byNode = Self.grouped(guests, nodeCount: nodeCount)
        let threads = Self.threads(for: byNode.map { Self.peakThreads($0) }.max() ?? 0)
        let memory = Self.memoryBytes(for: byNode.map { $0.reduce(0) { $0 + ($1.isLive ? $1.memoryBytes : 0) } }.max() ?? 0)
        nodes = byNode.enumerated().map { index, own in
            Self.node(seed: seed, index: index, guests: own, threads: threads, memoryBytes: memory, isLast: index == nodeCount - 1)
        }
    }

    /// How long before the epoch a node started.
    static func daysUp(seed: UInt64, node: Int) -> Double {
        var generator = SeededGenerator(seed: seed, "boot", node)
        return generator.uniform(3, 40)
    }

    private static func grouped(_ guests: [Guest], nodeCount: Int) -> [[Guest]] {
        var groups = [[Guest]](repeating: [], count: nodeCount)
        for guest in guests { groups[guest.node].append(guest) }
        return groups
    }

    /// No moment needs more: all guests at their peak, and two of them saturated.
    private static func peakThreads(_ guests: [Guest]) -> Double {
        let running = guests.filter { $0.role == .running }
        let peaks = running.reduce(0) { $0 + $1.cpu.peak * Double($1.cpus) }
        let saturated = running.map { ($0.saturatedCPU.peak - $0.cpu.base) * Double($0.cpus) }.max() ?? 0
        return peaks + 2 * saturated + 2
    }

    private static func threads(for peak: Double) -> Int {
        let needed = Int((peak / 0.85).rounded(.up))
        let usual = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256].first { $0 >= needed }
        return usual ?? (needed + 127) / 128 * 128
    }

    private static func memoryBytes(for guests: Int) -> Int {
        let gibibyte = 1 << 30
        let needed = (guests + guests / 16 + 12 * gibibyte) / 4 * 5
        let usual = [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024].first { $0 * gibibyte >= needed }
        // The firmware keeps a little for itself.
        return (usual ?? (needed >> 40 + 1) * 1024) * gibibyte / 64 * 63 & ~0xFFF
    }

    private static func node(seed: UInt64, index: Int, guests: [Guest], threads: Int, memoryBytes: Int, isLast: Bool) -> Node {
        var generator = SeededGenerator(seed: seed, "node", index)
        let sockets = threads >= 64 ? 2 : 1
        let root = 96 << 30
        let pool = Swift.max(2 << 40, guests.reduce(0) { $0 + $1.diskBytes } * 2)
        let fingerprint = (0..<32).map { _ in hexadecimal(generator.below(256)) }.joined(separator: ":")
        return Node(
            index: index, name: Inventory.nodeName(index), address: loopbackAddress(index), fingerprint: fingerprint,
            serverID: Subscription.serverID(seed: seed, node: index),
            // The newest node of a cluster, like a node that stands alone, has not got its key yet.
            subscription: isLast ? nil : Subscription(seed: seed, node: index, sockets: sockets),
            threads: threads, sockets: sockets, memoryBytes: memoryBytes, swapBytes: 8 << 30, rootBytes: root,
            poolBytes: pool,
            firstBoot: -86_400 * daysUp(seed: seed, node: index),
            cpu: Wave(base: generator.uniform(0.3, 1), depth: 0.6, &generator),
            ioWait: Wave(base: generator.logUniform(0.001, 0.01), depth: 0.8, &generator),
            memory: Wave(base: Double(3 << 30) * generator.uniform(0.8, 1.3), depth: 0.1, &generator),
            freeShare: Wave(base: generator.uniform(0.4, 0.7), depth: 0.2, &generator),
            swapUsed: Wave(base: Double(64 << 20) * generator.uniform(0.2, 2), depth: 0.3, &generator),
            rootUsed: Wave(base: Double(root) * generator.uniform(0.15, 0.5), depth: 0.05, &generator),
            poolUsed: Wave(base: Double(pool) * generator.uniform(0.3, 0.6), depth: 0.05, &generator),
            sharedPages: Wave(base: Double(memoryBytes) * generator.uniform(0.001, 0.02), depth: 0.3, &generator),
            network: Wave(base: generator.logUniform(2e4, 4e5), depth: 0.6, &generator),
            diskWrites: Wave(base: generator.logUniform(1e5, 8e5), depth: 0.6, &generator),
            diskBusy: Wave(base: generator.uniform(0.03, 0.2), depth: 0.8, &generator),
            cpuPressure: Wave(base: generator.logUniform(0.002, 0.02), depth: 0.8, &generator),
            ioPressure: Wave(base: generator.logUniform(0.002, 0.03), depth: 0.8, &generator),
            switches: Wave(base: Double(threads) * generator.uniform(800, 2500), depth: 0.5, &generator),
            qemu: guests.filter { $0.kind == .qemu }.map(\.index), lxc: guests.filter { $0.kind == .lxc }.map(\.index))
    }

    private static func hexadecimal(_ byte: Int) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }

    /// 127.0.0.2 for the first node, counted on through 127.0.0.0/8.
    static func loopbackAddress(_ index: Int) -> String {
        IPv4Address(127, 0, 0, 2).advanced(by: index).description
    }
}
