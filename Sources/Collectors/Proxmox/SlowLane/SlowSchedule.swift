/// When which slow source is asked about whom. Pure: it is told the time and says what to do.
///
/// There is a lane for the cluster and one for each node, and one job at a time in each, so that of a node's three workers two are
/// left for scrapes and the GUI. In a lane the few jobs about the node itself go before the many about its guests.
struct SlowSchedule: Sendable {
    struct Job: Sendable, Hashable {
        /// Position in the list of shelves.
        let source: Int
        let subject: SlowSubject
    }

    private struct Entry: Sendable {
        var due: Double
        var failures = 0
        var isRunning = false
        /// Its last call was refused for want of a right.
        var isForbidden = false
        /// Rights were given or taken while it is asked: a refusal may speak of what is no longer so.
        var isShaken = false
    }

    private struct Lane: Sendable {
        var own = DueQueue()
        var guests = DueQueue()
        var isBusy = false
    }

    private let periods: [Double]
    private var entries: [Job: Entry] = [:]
    private var lanes: [String: Lane] = [:]

    /// - Parameter periods: in seconds, of each source.
    init(periods: [Double]) { self.periods = periods }

    /// Takes over when another schedule would have asked. What it is being told now is asked for again, and nobody waits longer than a period.
    ///
    /// - Parameter sources: for each source of the other, its position here; nil when it is here no more.
    mutating func follow(_ other: SlowSchedule, _ sources: [Int?], now: Double) {
        for (job, entry) in other.entries {
            guard sources.indices.contains(job.source), let source = sources[job.source], periods.indices.contains(source) else { continue }
            let own = Job(source: source, subject: job.subject)
            let due = entry.isRunning ? now : min(entry.due, now + periods[source])
            entries[own] = Entry(due: due, failures: entry.failures)
            push(own, due: due)
        }
    }

    /// Says whom the sources are about now. Whoever is new is due at once; whoever is gone is not asked about again.
    mutating func replace(_ subjects: [[SlowSubject]], now: Double) {
        var wanted: Set<Job> = []
        for (source, list) in subjects.enumerated() {
            for subject in list {
                let job = Job(source: source, subject: subject)
                guard wanted.insert(job).inserted, entries[job] == nil else { continue }
                entries[job] = Entry(due: now)
                push(job, due: now)
            }
        }
        guard entries.count > wanted.count else { return }
        // What is left of them in the queues is passed over when its turn comes, which may be in an hour.
        entries = entries.filter { wanted.contains($0.key) }
        let nodes = Set(wanted.map(\.subject.node))
        lanes = lanes.filter { $0.value.isBusy || nodes.contains($0.key) }
        sweep()
    }

    /// Throws away what is left of those who are gone when that is most of what the queues hold: guests may come and go at each scrape.
    private mutating func sweep() {
        guard queued > 2 * entries.count + 1024 else { return }
        let entries = entries
        func isGone(_ job: Job, _ due: Double) -> Bool { entries[job].map { $0.due != due || $0.isRunning } ?? true }
        for lane in Array(lanes.keys) {
            lanes[lane]?.own.removeAll(where: isGone)
            lanes[lane]?.guests.removeAll(where: isGone)
        }
    }

    /// What all queues hold, whether it is wanted or not.
    var queued: Int { lanes.values.reduce(0) { $0 + $1.own.size + $1.guests.size } }

    /// The lanes that have something to do and do nothing.
    func idleLanes(now: Double) -> [String] {
        lanes.filter { _, lane in !lane.isBusy && [lane.own.first, lane.guests.first].contains { $0.map { $0 <= now } ?? false } }
            .map(\.key).sorted()
    }

    /// Nobody is being asked, and nobody is due.
    func isAtRest(now: Double) -> Bool { !lanes.values.contains(where: \.isBusy) && idleLanes(now: now).isEmpty }

    /// The next job of a lane, which is busy from now on until `finish`; nil when nothing is due.
    mutating func take(_ lane: String, now: Double) -> Job? {
        guard lanes[lane]?.isBusy == false else { return nil }
        while let next = lanes[lane]?.own.pop(dueBy: now) ?? lanes[lane]?.guests.pop(dueBy: now) {
            guard let entry = entries[next.job], entry.due == next.due, !entry.isRunning else { continue }
            entries[next.job]?.isRunning = true
            entries[next.job]?.isShaken = false
            lanes[lane]?.isBusy = true
            return next.job
        }
        return nil
    }

    /// Says how a job went.
    ///
    /// - Parameter spread: from 0.9 to 1.1: the same period for all would let them all come at once for ever.
    mutating func finish(_ job: Job, _ outcome: SlowOutcome, now: Double, spread: Double) {
        lanes[job.subject.node]?.isBusy = false
        guard var entry = entries[job] else { return }
        entry.isRunning = false
        entry.isForbidden = outcome == .forbidden && !entry.isShaken
        let period = periods.indices.contains(job.source) ? periods[job.source] : 3600
        switch outcome {
        case .answered(let delay):
            entry.failures = 0
            entry.due = now + (delay ?? period) * spread
        case .forbidden where entry.isShaken:
            entry.failures = 0
            entry.due = now
        case .absent, .forbidden:
            // Nothing of that changes often.
            entry.failures = 0
            entry.due = now + max(period, outcome == .absent ? 3600 : 600) * spread
        case .failed:
            entry.failures = min(entry.failures + 1, 16)
            entry.due = now + min(max(period, 60), 10 * Double(1 << entry.failures)) * spread
        }
        entries[job] = entry
        push(job, due: entry.due)
    }

    /// Makes those due that were refused for want of a right. Who is being asked now is asked once more if that is refused.
    mutating func retryForbidden(now: Double) {
        for (job, entry) in entries where entry.isRunning || entry.isForbidden {
            if entry.isRunning {
                entries[job]?.isShaken = true
            } else {
                entries[job]?.due = now
                entries[job]?.isForbidden = false
                push(job, due: now)
            }
        }
    }

    private mutating func push(_ job: Job, due: Double) {
        if job.subject.guest == nil {
            lanes[job.subject.node, default: Lane()].own.push(job, due: due)
        } else {
            lanes[job.subject.node, default: Lane()].guests.push(job, due: due)
        }
    }
}

/// What came of asking.
enum SlowOutcome: Sendable, Equatable {
    /// - nextAfterSeconds: in place of the period.
    case answered(nextAfterSeconds: Double?)
    /// There is nothing to be had.
    case absent
    case forbidden
    case failed
}
