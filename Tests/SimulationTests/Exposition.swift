import Glibc
import Testing

@testable import Simulation

/// What an exporter of a world said, by series.
struct Exposition {
    private(set) var values: [String: Double] = [:]
    /// Those that only grow until the machine starts again; node_exporter does not give all of them that type.
    private(set) var counters: Set<String> = []

    private static let grow = ["node_vmstat_", "node_zfs_arc_hits", "node_zfs_arc_misses"]

    // By bytes: there are thousands of lines in each of hundreds of cases.
    init(_ bytes: [UInt8]) throws {
        var isCounter = false
        try bytes.withUnsafeBytes { text in
            guard var rest = text.baseAddress else { return }
            let end = rest + text.count
            while let newline = memchr(rest, 0x0A, end - rest) {
                let line = UnsafeRawBufferPointer(start: rest, count: UnsafeRawPointer(newline) - rest)
                rest = UnsafeRawPointer(newline) + 1
                if line.first != UInt8(ascii: "#") {
                    var space = line.count - 1
                    while space > 0, line[space] != 0x20 { space -= 1 }
                    let series = String(decoding: UnsafeRawBufferPointer(rebasing: line[..<space]), as: UTF8.self)
                    let value = String(decoding: UnsafeRawBufferPointer(rebasing: line[(space + 1)...]), as: UTF8.self)
                    let number: Double = try #require(Double(value), "\(series) \(value)")
                    values[series] = number
                    if isCounter { counters.insert(series) }
                } else {
                    let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 3)
                    if words[1] == "TYPE" { isCounter = words[3] == "counter" || Self.grow.contains { words[2].hasPrefix($0) } }
                }
            }
            #expect(rest == end, "the last line ends, too")
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
