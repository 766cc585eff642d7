import Primitives
import Synchronization

/// The world of a running simulator: its inventory, built once, under the timeline in force.
final class WorldSource: Sendable {
    private struct Cached {
        let generation: Int
        let world: World
    }

    /// As it was dealt; what became of its guests is in `current`.
    let inventory: Inventory
    let scenarios: ScenarioStore
    let clock: WallClock
    private let cached: Mutex<Cached>

    /// Errors: counts or a cluster name that no world can have; a scenario file that is broken.
    init(
        seed: UInt64, nodes: Int, guests: Int, cluster: String, hasQDevice: Bool = false, release: Release = .current,
        hasCeph: Bool = false, firstGuestAddress: IPv4Address? = nil, directory: String?, clock: WallClock, logger: Logger
    ) throws(Failure) {
        guard (1...4096).contains(nodes) else { throw Failure(.usage, "\(nodes) nodes: a simulated cluster has 1 to 4096") }
        guard (0...100_000).contains(guests) else { throw Failure(.usage, "\(guests) guests: a simulated cluster has 0 to 100000") }
        try Self.check(cluster: cluster)
        inventory = Inventory(
            seed: seed, nodeCount: nodes, guestCount: guests, cluster: cluster, hasQDevice: hasQDevice, release: release, hasCeph: hasCeph,
            firstGuestAddress: firstGuestAddress)
        scenarios = try ScenarioStore(directory: directory, clock: clock, logger: logger)
        self.clock = clock
        let (timeline, generation) = scenarios.current()
        cached = Mutex(Cached(generation: generation, world: World(inventory: inventory, timeline: timeline)))
    }

    /// The world as of now; the timeline's file is looked at each time.
    func current() -> World {
        let (timeline, generation) = scenarios.current()
        return cached.withLock { cached in
            if cached.generation != generation {
                cached = Cached(generation: generation, world: World(inventory: inventory, timeline: timeline))
            }
            return cached.world
        }
    }

    /// The cluster's name becomes a file name, so it is held to what Proxmox VE allows.
    private static func check(cluster: String) throws(Failure) {
        let isPlain = cluster.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
        }
        guard isPlain, (1...15).contains(cluster.utf8.count), cluster.first != "-" else {
            throw Failure(.usage, "cluster name \"\(HostileText.oneLine(cluster))\": use 1 to 15 letters, digits and hyphens")
        }
    }
}
