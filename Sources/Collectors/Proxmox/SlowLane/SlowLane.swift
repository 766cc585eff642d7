import Exporting
import Metrics
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Synchronization

/// Everything of one cluster that is asked for on timers.
///
/// It asks about what the last scrape saw, and stops when nobody scrapes any more: what nobody reads need not burden a cluster.
final class SlowLane: Sendable {
    private struct State {
        var schedule: SlowSchedule
        var picture: ClusterPicture?
        /// When the last scrape was.
        var seen = 0.0
        var ages: [SlowKey: Double] = [:]
        var successes: [SlowKey: Double] = [:]
    }

    /// How long after the last scrape it goes on.
    static let patienceSeconds = 300.0
    /// Lanes that are at work at the same time, so that a large cluster costs no more memory than a small one.
    private static let lanesAtOnce = 16

    private let client: ProxmoxClient
    private let shelves: [any AnySlowShelf]
    private let clock: SlowClock
    private let state: Mutex<State>

    init(_ client: ProxmoxClient, _ shelves: [any AnySlowShelf], clock: SlowClock = .system) {
        self.client = client
        self.shelves = shelves
        self.clock = clock
        state = Mutex(State(schedule: SlowSchedule(periods: shelves.map(\.profile.periodSeconds))))
    }

    /// Takes over what another lane of the same cluster was told, and when it would ask next. Sources that are new are due at once.
    func follow(_ other: SlowLane) {
        var sources: [Int?] = []
        for old in other.shelves {
            let position = shelves.firstIndex { $0.profile.name == old.profile.name }
            if let position { shelves[position].follow(old) }
            sources.append(position)
        }
        let (schedule, picture) = other.state.withLock { ($0.schedule, $0.picture) }
        state.withLock { state in
            state.schedule.follow(schedule, sources, now: clock.seconds)
            state.picture = picture
            state.seen = clock.seconds
        }
    }

    /// Asks whoever is due until its task is cancelled.
    func run(_ context: CollectionContext) async {
        guard !shelves.isEmpty else { return }
        let places = AsyncSemaphore(limit: Self.lanesAtOnce)
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for lane in state.withLock({ isWanted($0) ? $0.schedule.idleLanes(now: clock.seconds) : [] }) {
                    group.addTask { [self] in await work(lane, context, places) }
                }
                try? await Task.sleep(for: clock.tick)
            }
        }
    }

    /// One job of the lane after the other, with as long a rest after each as it took, but no longer than a second.
    ///
    /// Whoever stands in line takes a job only when its turn comes, and stands in line again for the next: a lane that never runs dry
    /// must not keep its place while others wait.
    private func work(_ lane: String, _ context: CollectionContext, _ places: AsyncSemaphore) async {
        while !Task.isCancelled {
            let done = await places.withPermit(by: .after(seconds: 1)) { await refreshNext(in: lane, context) }
            guard let done, let (job, outcome, seconds) = done else { return }
            // Until then the lane is busy, so that nobody works in it while it rests.
            try? await Task.sleep(for: .seconds(min(seconds, 1)))
            state.withLock { $0.schedule.finish(job, outcome, now: clock.seconds, spread: Double.random(in: 0.9...1.1)) }
        }
    }

    /// The lane's next job, what came of it, and how long it took; nil when nothing is due.
    private func refreshNext(in lane: String, _ context: CollectionContext) async -> (SlowSchedule.Job, SlowOutcome, seconds: Double)? {
        let (job, picture) = state.withLock { state -> (SlowSchedule.Job?, ClusterPicture?) in
            guard isWanted(state) else { return (nil, nil) }
            return (state.schedule.take(lane, now: clock.seconds), state.picture)
        }
        guard let job, let picture, shelves.indices.contains(job.source) else { return nil }
        let shelf = shelves[job.source]
        let begin = ContinuousClock.now
        let call = SlowCall(
            client: client, http: context.http, clock: context.clock, timer: clock, timeoutSeconds: shelf.profile.timeoutSeconds,
            picture: picture)
        let outcome = await shelf.refresh(job.subject, call)
        return (job, outcome, (ContinuousClock.now - begin).seconds)
    }

    /// Not while nobody reads it, nor while the credential is refused: then the scrape finds out when that is over.
    private func isWanted(_ state: State) -> Bool {
        state.picture != nil && !client.wasRefused && clock.seconds - state.seen < Self.patienceSeconds
    }

    /// Nobody is being asked, and nobody will be before time passes or a scrape comes.
    var isAtRest: Bool { state.withLock { $0.schedule.isAtRest(now: isWanted($0) ? clock.seconds : -.infinity) } }

    /// Takes what a scrape saw: from now on these are asked about, and others forgotten.
    func see(_ picture: ClusterPicture, detail: Detail) {
        var subjects = shelves.map { $0.subjects(picture) }
        for (index, shelf) in shelves.enumerated() {
            shelf.forget(allBut: Set(subjects[index]), picture)
            if shelf.profile.detail > detail { subjects[index] = [] }
        }
        state.withLock { state in
            state.picture = picture
            state.seen = clock.seconds
            state.schedule.replace(subjects, now: clock.seconds)
        }
    }

    /// Asks soon for what was refused: rights have been given or taken.
    func retryForbidden() { state.withLock { $0.schedule.retryForbidden(now: clock.seconds) } }

    /// Whether any source ever answered.
    var hasAnything: Bool { shelves.contains { !$0.isEmpty } }

    /// What a page says when it is.
    var moment: Double { clock.seconds }

    /// A scrape showed nothing.
    func showedNothing() { state.withLock { ($0.ages, $0.successes) = ([:], [:]) } }

    /// Writes what is kept of whom the picture holds.
    func write(into page: inout SlowPage) {
        for shelf in shelves { shelf.write(into: &page) }
        let (ages, successes) = (page.ages, page.successes)
        state.withLock { ($0.ages, $0.successes) = (ages, successes) }
    }

    /// The age of the oldest answers that the last scrape showed, in seconds.
    var ages: [(SlowKey, Double)] { state.withLock { $0.ages }.sorted { $0.key < $1.key } }

    /// When the oldest of the last answers came of whom the last scrape was about, in seconds since 1970, also of those too old to be shown.
    var successes: [(SlowKey, Double)] { state.withLock { $0.successes }.sorted { $0.key < $1.key } }

    /// Seconds between two questions, by source.
    var periods: [(source: String, seconds: Double)] { shelves.map { ($0.profile.name, $0.profile.periodSeconds) } }

    /// Calls that failed since the start, by source.
    var failures: [(source: String, count: Int)] { shelves.map { ($0.profile.name, $0.failureCount) } }

    /// One problem for each source and node, however many guests it is about.
    func problems(of cluster: String) -> [PartProblem] {
        var problems: [PartProblem] = []
        for shelf in shelves {
            var byNode: [String: (subject: SlowSubject, error: ProxmoxError, count: Int)] = [:]
            for (subject, error) in shelf.problems {
                let known = byNode[subject.node]
                let isFirst = known.map { (subject.guest?.vmid ?? 0) < ($0.subject.guest?.vmid ?? 0) } ?? true
                byNode[subject.node] =
                    isFirst ? (subject, error, (known?.count ?? 0) + 1) : known.map { ($0.subject, $0.error, $0.count + 1) }
            }
            for (node, found) in byNode.sorted(by: { $0.key < $1.key }) {
                let more = found.count > 1 ? " (and \(found.count - 1) more)" : ""
                problems.append(
                    PartProblem(
                        part: "\(cluster)/\(node.isEmpty ? "-" : node)/\(shelf.profile.name)", found.error.reason,
                        found.error.description + more))
            }
        }
        return problems
    }
}
