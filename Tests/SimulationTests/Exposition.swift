import Testing

@testable import Simulation

/// What an exporter of a world said, by series.
struct Exposition {
    private(set) var values: [String: Double] = [:]
    /// Those that only grow until the machine starts again; node_exporter does not give all of them that type.
    private(set) var counters: Set<String> = []

    private static let grow = ["node_vmstat_", "node_zfs_arc_hits", "node_zfs_arc_misses"]

    init(_ bytes: [UInt8]) throws {
        var isCounter = false
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                isCounter = words[3] == "counter" || Self.grow.contains { words[2].hasPrefix($0) }
            } else if !line.hasPrefix("#") {
                let space = try #require(line.lastIndex(of: " "))
                let series = String(line[..<space])
                let value: Double = try #require(Double(String(line[line.index(after: space)...])))
                values[series] = value
                if isCounter { counters.insert(series) }
            }
        }
    }

    /// Of a host; nil when its exporter does not answer.
    init?(_ world: World, node: Int, after seconds: Double) throws {
        let moment = world.moment(of: epoch + seconds)
        let view = world.ownView(of: node, at: moment)
        guard view.isOnline else { return nil }
        try self.init(HostExposition(world: world, view: view, moment: moment).text())
    }

    /// Of a guest; nil when it, or its node, is off.
    init?(_ world: World, guest: Int, after seconds: Double) throws {
        let moment = world.moment(of: epoch + seconds)
        let guest = world.inventory.guests[guest]
        guard guest.isLive, case .up(let bootedAt) = world.presence(of: guest.node, at: moment) else { return nil }
        let state = GuestState(guest, in: world, at: moment, nodeBootedAt: bootedAt)
        try self.init(world.isWindows(guest) ? WindowsExposition(state: state).text() : GuestExposition(state: state).text())
    }

    /// One series, by its whole name.
    subscript(series: String) -> Double? { values[series] }

    /// The sum of all series of a family whose labels contain a text.
    func sum(_ family: String, _ labels: String = "") -> Double {
        values.reduce(0) { $0 + ($1.key.hasPrefix(family + "{") && $1.key.contains(labels) ? $1.value : 0) }
    }

    func max(_ family: String, _ labels: String = "") -> Double? {
        values.filter { $0.key.hasPrefix(family + "{") && $0.key.contains(labels) }.values.max()
    }
}

/// How much a sum of counters grew in a second, on average.
func rate(_ old: Exposition, _ new: Exposition, over seconds: Double, _ family: String, _ labels: String = "") -> Double {
    (new.sum(family, labels) - old.sum(family, labels)) / seconds
}
