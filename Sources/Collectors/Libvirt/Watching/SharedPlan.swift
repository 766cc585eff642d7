import Synchronization

/// The plan of a round, which several workers have in common.
final class SharedPlan: Sendable {
    private let plan: Mutex<ShardPlan>

    init(_ plan: ShardPlan) { self.plan = Mutex(plan) }

    var waiting: Int { plan.withLock { $0.waiting } }

    func next() -> ShardPlan.Shard? { plan.withLock { $0.next() } }

    func giveBack(_ shard: ShardPlan.Shard) { plan.withLock { $0.giveBack(shard) } }

    func answered(_ shard: ShardPlan.Shard, partial: Set<String>) -> [String] {
        plan.withLock { $0.answered(shard, partial: partial) }
    }

    func hung(
        _ shard: ShardPlan.Shard, at step: CallStep, thread: ThreadLedger.Ticket, controls: [String: DomainControl],
        patienceSeconds: Double
    ) -> [String] {
        plan.withLock { $0.hung(shard, at: step, thread: thread, controls: controls, patienceSeconds: patienceSeconds) }
    }

    func threads(hangingIn uuid: String) -> [ThreadLedger.Ticket] { plan.withLock { $0.threads(hangingIn: uuid) } }
}
