/// Which domains are asked together, in one round: shares of them over a few connections, and where one share does not answer,
/// smaller and smaller shares until it is known who hangs.
struct ShardPlan: Sendable {
    typealias Shard = [String]

    private var queue: [Shard] = []

    /// What one call may hold up at most.
    static let largestShard = 64

    /// - Parameter connections: how many shares are asked at the same time.
    init(_ domains: [String], connections: Int) {
        let shares = max(1, connections)
        let size = min(Self.largestShard, max(1, (domains.count + shares - 1) / shares))
        for first in stride(from: 0, to: domains.count, by: size) {
            queue.append(Array(domains[first..<min(first + size, domains.count)]))
        }
    }

    /// Domains that nobody has asked yet.
    var waiting: Int { queue.reduce(0) { $0 + $1.count } }

    mutating func next() -> Shard? { queue.isEmpty ? nil : queue.removeFirst() }

    /// A share that could not be begun.
    mutating func giveBack(_ shard: Shard) { queue.insert(shard, at: 0) }

    /// A share did not answer, and its thread hangs in one of it: the others are asked again at once, in halves where nobody knows which
    /// one that is.
    ///
    /// - Parameter known: those that hang, as far as that is known.
    mutating func hung(_ shard: Shard, known: Set<String>) {
        let rest = shard.filter { !known.contains($0) }
        guard known.isEmpty, shard.count > 1 else {
            if !known.isEmpty, !rest.isEmpty { queue.insert(rest, at: 0) }
            return
        }
        let middle = shard.count / 2
        queue.insert(contentsOf: [Array(shard[middle...]), Array(shard[..<middle])], at: 0)
    }
}
