import ProxmoxAPI

/// What a node's tasks told of backups so far.
struct BackupHistory: Sendable {
    struct Good: Sendable {
        /// Seconds since 1970.
        let end: Double
        let durationSeconds: Double?
    }

    struct Guest: Sendable {
        private(set) var lastEnd: Double
        private(set) var isLastGood: Bool
        private(set) var good: Good?

        init(end: Double, isGood: Bool, durationSeconds: Double?) {
            lastEnd = end
            isLastGood = isGood
            good = isGood ? Good(end: end, durationSeconds: durationSeconds) : nil
        }

        /// What both know together.
        func merged(with other: Guest) -> Guest {
            // Of two that ended in the same second, the one that was told of later.
            var result = lastEnd > other.lastEnd ? self : other
            result.good = [good, other.good].compactMap { $0 }.max { $0.end < $1.end }
            return result
        }
    }

    struct JobRun: Sendable {
        let start: Double
        let end: Double
        let isGood: Bool

        /// The last run of all: a job starts on its nodes at once, and what began five minutes before is an earlier one.
        static func last(of runs: [JobRun]) -> JobRun? {
            guard let newest = runs.map(\.start).max() else { return nil }
            let together = runs.filter { $0.start > newest - 300 }
            return JobRun(start: newest, end: together.map(\.end).max() ?? newest, isGood: together.allSatisfy(\.isGood))
        }
    }

    private(set) var guests: [Int: Guest] = [:]
    /// The newest run of each job on this node.
    private(set) var jobs: [String: JobRun] = [:]
    /// Tasks of one node that are believed, guests that they tell of, and jobs: what is past these is left out.
    private static let (taskLimit, guestLimit, jobLimit) = (50_000, ProxmoxClient.rowLimit, 1024)

    /// Starts of the tasks that were taken, by the hash of their names: those are long, many, and of nobody's choice.
    private var known: [Int: Double] = [:]
    /// Tasks whose logs are still to be read, the newest last.
    private var unread: [BackupTask] = []

    /// Whether all that is there was read.
    var isWhole: Bool { unread.isEmpty }

    /// - Parameter tasks: some of which may have been taken before.
    /// - Parameter since: what was asked for, never earlier than the time before. Tasks that began before it are left out: nothing is
    ///   remembered of them, so that each would be new each time.
    mutating func take(_ tasks: [BackupTask], since: Double) {
        known = known.filter { $0.value >= since }
        for task in tasks.sorted(by: { $0.start < $1.start }) where task.start >= since {
            let key = task.upid.hashValue
            guard let end = task.end, known[key] == nil, max(known.count, unread.count) < Self.taskLimit else { continue }
            known[key] = task.start
            unread.append(task)
            if let vmid = task.vmid { add(vmid, Guest(end: end, isGood: task.isGood, durationSeconds: max(0, end - task.start))) }
        }
    }

    mutating func nextUnread() -> BackupTask? { unread.popLast() }

    mutating func take(_ log: BackupLog, of task: BackupTask) {
        if task.vmid == nil {
            for run in log.runs { add(run.vmid, Guest(end: run.end, isGood: run.isGood, durationSeconds: run.durationSeconds)) }
        }
        guard let job = log.job, let end = task.end, jobs[job] != nil || jobs.count < Self.jobLimit else { return }
        if task.start >= jobs[job]?.start ?? task.start { jobs[job] = JobRun(start: task.start, end: end, isGood: task.isGood) }
    }

    private mutating func add(_ vmid: Int, _ guest: Guest) {
        if let known = guests[vmid] {
            guests[vmid] = known.merged(with: guest)
        } else if guests.count < Self.guestLimit {
            guests[vmid] = guest
        }
    }
}
