/// Which domains are asked together, in one round: shares of them over a few connections, and where one share does not answer,
/// smaller and smaller shares until it is known who hangs.
struct ShardPlan: Sendable {
    struct Shard: Sendable, Equatable {
        let domains: [String]
        /// An earlier share with these domains did not answer.
        let isRetry: Bool
    }

    private var queue: [Shard] = []
    /// Threads that hang, and whom they have asked.
    private var hanging: [(thread: ThreadLedger.Ticket, domains: [String])] = []

    /// What one call may hold up at most.
    static let largestShard = 64

    /// - Parameter connections: how many shares are asked at the same time.
    init(_ domains: [String], connections: Int) {
        let shares = max(1, connections)
        let size = min(Self.largestShard, max(1, (domains.count + shares - 1) / shares))
        for first in stride(from: 0, to: domains.count, by: size) {
            queue.append(Shard(domains: Array(domains[first..<min(first + size, domains.count)]), isRetry: false))
        }
    }

    /// Domains that nobody has asked yet.
    var waiting: Int { queue.reduce(0) { $0 + $1.domains.count } }

    mutating func next() -> Shard? { queue.isEmpty ? nil : queue.removeFirst() }

    /// A share that could not be begun.
    mutating func giveBack(_ shard: Shard) { queue.insert(shard, at: 0) }

    /// A share did not answer, and its thread hangs.
    ///
    /// - Parameter step: what was called last, and of whom.
    /// - Parameter controls: what libvirt says of the monitors of these domains, of those that it says it of.
    /// - Parameter patienceSeconds: how long the share was waited for.
    /// - Returns: those that hang, as far as that is known; the others are asked again.
    mutating func hung(
        _ shard: Shard, at step: CallStep, thread: ThreadLedger.Ticket, controls: [String: DomainControl], patienceSeconds: Double
    ) -> [String] {
        hanging.append((thread, step.domains))
        if step.domains.count == 1 {
            // What was told of the others has been taken; where this was the first call, they are asked again.
            if step.domains != shard.domains, step.isFirst { retry(shard.domains.filter { !step.domains.contains($0) }) }
            return step.domains
        }
        // Whoever owes an answer to a command for about as long as we have waited is the one that we wait for.
        let owing = shard.domains.filter { uuid in
            controls[uuid].map { $0.state == .occupied && $0.seconds >= patienceSeconds / 2 } ?? false
        }
        guard owing.isEmpty else {
            retry(shard.domains.filter { !owing.contains($0) })
            return owing
        }
        let middle = shard.domains.count / 2
        retry(Array(shard.domains[..<middle]))
        retry(Array(shard.domains[middle...]))
        return []
    }

    /// A share answered: those are named whose QEMU was not asked, as the call that hangs since before holds them.
    func answered(_ shard: Shard, partial: Set<String>) -> [String] {
        shard.isRetry ? shard.domains.filter(partial.contains) : []
    }

    /// Threads of this round that hang, and may do so in this domain.
    func threads(hangingIn uuid: String) -> [ThreadLedger.Ticket] {
        hanging.filter { $0.domains.contains(uuid) }.map(\.thread)
    }

    private mutating func retry(_ domains: [String]) {
        guard !domains.isEmpty else { return }
        queue.insert(Shard(domains: domains, isRetry: true), at: 0)
    }
}

/// A call of libvirt, and the domains that it is about.
struct CallStep: Sendable, Equatable {
    let call: String
    var domains: [String] = []
    /// Whether nothing came back on its thread before.
    var isFirst = true
}
