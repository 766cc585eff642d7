import Primitives
import Synchronization

/// The KVM host of a running simulator, under the timeline in force.
final class KVMWorldSource: Sendable {
    private struct Cached {
        let generation: Int
        let world: KVMWorld
    }

    let plan: KVMPlan
    let scenarios: ScenarioStore
    let clock: WallClock
    private let cached: Mutex<Cached>

    init(plan: KVMPlan, scenarios: ScenarioStore, clock: WallClock) {
        self.plan = plan
        self.scenarios = scenarios
        self.clock = clock
        let (timeline, generation) = scenarios.current()
        cached = Mutex(Cached(generation: generation, world: KVMWorld(plan: plan, timeline: timeline)))
    }

    /// The host as of now; the timeline's file is looked at each time.
    func current() -> LibvirtAnswers {
        let (timeline, generation) = scenarios.current()
        let world = cached.withLock { cached in
            if cached.generation != generation {
                cached = Cached(generation: generation, world: KVMWorld(plan: plan, timeline: timeline))
            }
            return cached.world
        }
        return LibvirtAnswers(world: world, moment: world.moment(of: clock.unixSeconds))
    }
}
