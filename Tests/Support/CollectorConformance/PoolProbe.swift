import Glibc
import Primitives
import Synchronization

/// Finds out whether work holds the threads of the cooperative pool.
final class PoolProbe: Sendable {
    private struct State {
        /// When so many of the copies had begun that they could hold all threads, and when the first of them ended.
        var begin: ContinuousClock.Instant?
        var end: ContinuousClock.Instant?
        /// When plain tasks got to run.
        var probes: [ContinuousClock.Instant] = []
        var begun = 0
    }

    private static let threads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    private let state = Mutex(State())

    /// Runs more copies of `body` at once than the machine has cores, and plain tasks beside them.
    ///
    /// - Parameter seconds: how long a copy takes.
    /// - Parameter limit: seconds after which a copy is given up.
    /// - Returns: whether plain tasks got to run most of the time. A copy that ends much sooner proves nothing and passes.
    static func leavesRoom(seconds: Double, limit: Double, _ body: @escaping @Sendable () async -> Void) async -> Bool {
        let probe = PoolProbe()
        // The probing goes out from a thread of its own: were it a task, it would stand in the same line.
        let isProbing = (try? Thread.start("pool-probe") { probe.send(forSeconds: seconds) }) != nil
        await withDiscardingTaskGroup { group in
            for _ in 0..<Self.threads + 2 { group.addTask { _ = await TimeLimit.run(seconds: limit) { await probe.follow(body) } } }
        }
        return !isProbing || probe.longestSilence < 0.75 * seconds
    }

    /// Notes begin and end on the thread that has them, before anything else can run there.
    private func follow(_ body: @Sendable () async -> Void) async {
        let begin = ContinuousClock.now
        state.withLock { state in
            state.begun += 1
            if state.begun == Self.threads { state.begin = begin }
        }
        await body()
        let end = ContinuousClock.now
        state.withLock { $0.end = $0.end ?? end }
    }

    private func send(forSeconds seconds: Double) {
        let end = Deadline.after(seconds: seconds * 2)
        while !end.hasPassed, state.withLock({ $0.end == nil }) {
            if state.withLock({ $0.begin != nil }) {
                Task.detached { [self] in
                    let now = ContinuousClock.now
                    state.withLock { $0.probes.append(now) }
                }
            }
            usleep(5000)
        }
    }

    /// The longest time between two plain tasks while the copies were under way.
    private var longestSilence: Double {
        state.withLock { state in
            guard let begin = state.begin, let end = state.end, begin < end else { return 0 }
            let times = [begin] + state.probes.filter { $0 > begin && $0 < end }.sorted() + [end]
            return zip(times, times.dropFirst()).map { ($1 - $0).seconds }.max() ?? 0
        }
    }
}
