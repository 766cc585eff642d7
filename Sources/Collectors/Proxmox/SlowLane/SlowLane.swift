import Exporting
import Metrics
import Primitives
import ProxmoxAPI
import Synchronization

/// Everything of one cluster that is asked for on timers.
///
/// It asks about what the last scrape saw, and stops when nobody scrapes any more: what nobody reads need not burden a cluster.
final class SlowLane: Sendable {
    private struct State {
        var schedule: SlowSchedule
        var picture: ClusterPicture?
        /// When the last scrape was.
        var seen = Deadline.after(seconds: 0)
        var ages: [SlowAge: Double] = [:]
    }

    /// How long after the last scrape it goes on.
    static let patienceSeconds = 300.0
    /// Lanes that are at work at the same time, so that a large cluster costs no more memory than a small one.
    private static let lanesAtOnce = 16

    private let client: ProxmoxClient
    private let shelves: [any AnySlowShelf]
    private let state: Mutex<State>

    init(_ client: ProxmoxClient, _ shelves: [any AnySlowShelf]) {
        self.client = client
        self.shelves = shelves
        state = Mutex(State(schedule: SlowSchedule(periods: shelves.map(\.profile.periodSeconds))))
    }

    /// Asks whoever is due until its task is cancelled.
    func run(_ context: CollectionContext) async {
        guard !shelves.isEmpty else { return }
        let places = AsyncSemaphore(limit: Self.lanesAtOnce)
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for lane in state.withLock({ isWanted($0) ? $0.schedule.idleLanes(now: Self.now) : [] }) {
                    // Whoever stands in line takes a job only when its turn comes.
                    group.addTask { [self] in await places.withPermit(by: .after(seconds: 1)) { await work(lane, context) } }
                }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// One job of the lane after the other, with as long a rest after each as it took: at most half of one of a node's three workers.
    private func work(_ lane: String, _ context: CollectionContext) async {
        while !Task.isCancelled {
            let (job, picture) = state.withLock { state -> (SlowSchedule.Job?, ClusterPicture?) in
                guard isWanted(state) else { return (nil, nil) }
                return (state.schedule.take(lane, now: Self.now), state.picture)
            }
            guard let job, let picture, shelves.indices.contains(job.source) else { return }
            let shelf = shelves[job.source]
            let begin = ContinuousClock.now
            let call = SlowCall(
                client: client, http: context.http, clock: context.clock, timeoutSeconds: shelf.profile.timeoutSeconds, picture: picture)
            let outcome = await shelf.refresh(job.subject, call)
            state.withLock { $0.schedule.finish(job, outcome, now: Self.now, spread: Double.random(in: 0.9...1.1)) }
            let seconds = (ContinuousClock.now - begin).seconds
            try? await Task.sleep(for: .seconds(min(seconds, 1)))
        }
    }

    /// Not while nobody reads it, nor while the credential is refused: then the scrape finds out when that is over.
    private func isWanted(_ state: State) -> Bool {
        state.picture != nil && !client.wasRefused && (ContinuousClock.now - state.seen.instant).seconds < Self.patienceSeconds
    }

    private static let start = ContinuousClock.now

    private static var now: Double { (ContinuousClock.now - start).seconds }

    /// Takes what a scrape saw: from now on these are asked about, and others forgotten.
    func see(_ picture: ClusterPicture, detail: Detail) {
        var subjects = shelves.map { $0.subjects(picture) }
        for (index, shelf) in shelves.enumerated() {
            shelf.forget(allBut: Set(subjects[index]), picture)
            if shelf.profile.detail > detail { subjects[index] = [] }
        }
        state.withLock { state in
            state.picture = picture
            state.seen = .after(seconds: 0)
            state.schedule.replace(subjects, now: Self.now)
        }
    }

    /// Asks soon for what was refused: rights have been given or taken.
    func retryForbidden() { state.withLock { $0.schedule.retryForbidden(now: Self.now) } }

    /// Whether any source ever answered.
    var hasAnything: Bool { shelves.contains { !$0.isEmpty } }

    /// Writes what is kept of whom the picture holds.
    func write(into page: inout SlowPage) {
        for shelf in shelves { shelf.write(into: &page) }
        let ages = page.ages
        state.withLock { $0.ages = ages }
    }

    /// The age of the oldest answers that the last scrape showed, in seconds.
    var ages: [(SlowAge, Double)] { state.withLock { $0.ages }.sorted { $0.key < $1.key } }

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
