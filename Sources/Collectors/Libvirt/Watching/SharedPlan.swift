import Synchronization

/// The plan of a round, which several workers have in common.
final class SharedPlan: Sendable {
    private let plan: Mutex<ShardPlan>

    init(_ plan: ShardPlan) { self.plan = Mutex(plan) }

    var waiting: Int { plan.withLock { $0.waiting } }

    func next() -> ShardPlan.Shard? { plan.withLock { $0.next() } }

    func giveBack(_ shard: ShardPlan.Shard) { plan.withLock { $0.giveBack(shard) } }

    func hung(_ shard: ShardPlan.Shard, known: Set<String>) { plan.withLock { $0.hung(shard, known: known) } }
}
