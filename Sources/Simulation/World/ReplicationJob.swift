/// A guest's disks, copied to another node again and again.
struct ReplicationJob: Sendable {
    /// How it goes.
    enum Condition: Sendable { case works, fails, disabled }

    /// `100-0`: the guest and which of its jobs it is.
    let name: String
    let number: Int
    /// Positions in the inventory; the source is the guest's node.
    let guest: Int
    var target: Int
    let scheduleMinutes: Int
    /// Megabytes a second.
    let rate: Int?
    let comment: String?
    let condition: Condition

    var scheduleSeconds: Int { scheduleMinutes * 60 }
    /// As calendar events are written.
    var schedule: String { "*/\(scheduleMinutes)" }
}

/// Deals the replication jobs of a cluster.
struct ReplicationPlan {
    /// By node, in the order of their names.
    let jobs: [[ReplicationJob]]

    /// One guest in eight of each node, and up to three of a small one; none on a node that stands alone.
    init(seed: UInt64, nodeCount: Int, guests: [Guest]) {
        guard nodeCount > 1 else {
            jobs = [[]]
            return
        }
        var candidates = [[Guest]](repeating: [], count: nodeCount)
        for guest in guests where guest.role != .template { candidates[guest.node].append(guest) }
        jobs = candidates.enumerated().map { node, own in
            var generator = SeededGenerator(seed: seed, "replication", node)
            var chosen = own
            generator.shuffle(&chosen)
            let count = min(own.count, max(3, Int((Double(own.count) / 8).rounded())))
            let jobs = chosen.prefix(count).enumerated().flatMap { order, guest in
                Self.jobs(of: guest, order: order, nodeCount: nodeCount, &generator)
            }
            return jobs.sorted { $0.name < $1.name }
        }
    }

    /// The jobs of guests that have moved: the source is where the guest is, and one whose target that was goes the other way now.
    static func moved(_ dealt: [[ReplicationJob]], with guests: [Guest]) -> [[ReplicationJob]] {
        var jobs = [[ReplicationJob]](repeating: [], count: dealt.count)
        for (source, own) in dealt.enumerated() {
            for var job in own where !guests[job.guest].isGone {
                let node = guests[job.guest].node
                if job.target == node { job.target = source }
                jobs[node].append(job)
            }
        }
        return jobs.map { $0.sorted { $0.name < $1.name } }
    }

    /// The first guest has two jobs where there are nodes enough. Of every fourth node the second guest's job fails and the third's is
    /// disabled.
    private static func jobs(of guest: Guest, order: Int, nodeCount: Int, _ generator: inout SeededGenerator) -> [ReplicationJob] {
        let distance = generator.below(nodeCount - 1)
        let count = order == 0 && nodeCount > 2 ? 2 : 1
        return (0..<count).map { number in
            let target = (guest.node + 1 + (distance + number) % (nodeCount - 1)) % nodeCount
            let condition: ReplicationJob.Condition = guest.node % 4 != 0 ? .works : order == 1 ? .fails : order == 2 ? .disabled : .works
            return ReplicationJob(
                name: "\(guest.vmid)-\(number)", number: number, guest: guest.index, target: target,
                scheduleMinutes: number == 0 && order != 2 ? 15 : 30, rate: order % 3 == 1 ? 10 : nil,
                comment: order % 2 == 1 ? "to \(Inventory.nodeName(target))" : nil, condition: condition)
        }
    }
}
