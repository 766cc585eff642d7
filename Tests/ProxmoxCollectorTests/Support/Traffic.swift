import Primitives

/// Calls as an API sees them: how many at a time about each node, and when those of timers began and ended.
struct Traffic: Sendable {
    struct Call: Sendable {
        let node: String
        let path: String
        /// In seconds.
        let begin: Double
        fileprivate(set) var end: Double?
    }

    private static let start = ContinuousClock.now

    private var inFlight: [String: Int] = [:]
    private var slowInFlight: [String: Int] = [:]
    /// The most at a time, by node; empty for the cluster.
    private(set) var most: [String: Int] = [:]
    private(set) var mostSlow: [String: Int] = [:]
    /// Those of timers, in the order of their beginning.
    private(set) var slow: [Call] = []

    mutating func begin(_ path: String) {
        let node = Self.node(path)
        inFlight[node, default: 0] += 1
        most[node] = max(most[node] ?? 0, inFlight[node] ?? 0)
        guard !Self.isOfScrape(path) else { return }
        slowInFlight[node, default: 0] += 1
        mostSlow[node] = max(mostSlow[node] ?? 0, slowInFlight[node] ?? 0)
        slow.append(Call(node: node, path: path, begin: Self.now, end: nil))
    }

    mutating func end(_ path: String) {
        let node = Self.node(path)
        inFlight[node, default: 0] -= 1
        guard !Self.isOfScrape(path) else { return }
        slowInFlight[node, default: 0] -= 1
        if let index = slow.lastIndex(where: { $0.path == path && $0.end == nil }) { slow[index].end = Self.now }
    }

    mutating func forget() {
        (most, mostSlow, slow) = ([:], [:], [])
    }

    private static var now: Double { (ContinuousClock.now - start).seconds }

    private static func node(_ path: String) -> String {
        let parts = path.prefix { $0 != "?" }.split(separator: "/")
        return parts.count > 1 && parts[0] == "nodes" ? String(parts[1]) : ""
    }

    private static func isOfScrape(_ path: String) -> Bool {
        if ["/version", "/cluster/status", "/cluster/resources", "/access/permissions"].contains(path) { return true }
        let parts = path.split(separator: "/")
        return parts.count == 3 && parts[0] == "nodes" && ["status", "qemu?full=1", "lxc"].contains(parts[2])
    }
}
