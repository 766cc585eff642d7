import ProxmoxAPI
import TestSupport
import Testing

@testable import ProxmoxCollector

/// The schedule beside one that is written as simply as can be, through thousands of random steps.
@Suite struct SlowScheduleModelTests {
    /// Looks at all jobs each time.
    private struct Naive {
        struct Entry {
            var due: Double
            var failures = 0
        }

        let periods: [Double]
        var entries: [SlowSchedule.Job: Entry] = [:]
        var busy: [String: SlowSchedule.Job] = [:]

        mutating func replace(_ subjects: [[SlowSubject]], now: Double) {
            let wanted = Set(subjects.enumerated().flatMap { source, list in list.map { SlowSchedule.Job(source: source, subject: $0) } })
            entries = entries.filter { wanted.contains($0.key) }
            for job in wanted where entries[job] == nil { entries[job] = Entry(due: now) }
        }

        /// The jobs that may be the next of a lane.
        func next(_ lane: String, now: Double) -> Set<SlowSchedule.Job> {
            guard busy[lane] == nil else { return [] }
            let due = entries.filter { $0.key.subject.node == lane && $0.value.due <= now }
            let own = due.filter { $0.key.subject.guest == nil }
            let candidates = own.isEmpty ? due : own
            let first = candidates.values.map(\.due).min()
            return Set(candidates.filter { $0.value.due == first }.keys)
        }

        mutating func finish(_ job: SlowSchedule.Job, _ outcome: SlowOutcome, now: Double, spread: Double) {
            busy[job.subject.node] = nil
            guard let failures = entries[job]?.failures else { return }
            let period = periods[job.source]
            switch outcome {
            case .answered(let delay): entries[job] = Entry(due: now + (delay ?? period) * spread)
            case .absent: entries[job] = Entry(due: now + max(period, 3600) * spread)
            case .forbidden: entries[job] = Entry(due: now + max(period, 600) * spread)
            case .failed:
                var delay = 20.0
                for _ in 0..<min(failures, 15) { delay *= 2 }
                entries[job] = Entry(due: now + min(max(period, 60), delay) * spread, failures: failures + 1)
            }
        }
    }

    @Test(arguments: 0..<20) func `both say the same`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let periods = [30.0, 60, 300, 3600]
        var schedule = SlowSchedule(periods: periods)
        var naive = Naive(periods: periods)
        let nodes = ["", "pve1", "pve2", "pve3"]
        var now = 0.0
        for step in 0..<3000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let subjects = periods.indices.map { source in
                    source == 0
                        ? [SlowSubject.cluster]
                        : nodes.dropFirst().flatMap { node -> [SlowSubject] in
                            guard Int.random(in: 0..<4, using: &random) > 0 else { return [] }
                            guard source > 1 else { return [.node(node)] }
                            return (0..<6).compactMap { vmid in
                                Bool.random(using: &random) ? SlowSubject(node: node, guest: .init(kind: .lxc, vmid: vmid)) : nil
                            }
                        }
                }
                schedule.replace(subjects, now: now)
                naive.replace(subjects, now: now)
            case 1...3: now += Double(Int.random(in: 0...40, using: &random))
            case 4: now += Double(Int.random(in: 0...4000, using: &random))
            default:
                let lane = nodes[Int.random(in: 0..<nodes.count, using: &random)]
                if let job = naive.busy[lane] {
                    let outcomes: [SlowOutcome] = [
                        .answered(nextAfterSeconds: nil), .answered(nextAfterSeconds: 5), .absent, .forbidden, .failed, .failed,
                    ]
                    let outcome = outcomes[Int.random(in: 0..<outcomes.count, using: &random)]
                    let spread = [0.9, 1, 1.1][Int.random(in: 0..<3, using: &random)]
                    schedule.finish(job, outcome, now: now, spread: spread)
                    naive.finish(job, outcome, now: now, spread: spread)
                } else {
                    let candidates = naive.next(lane, now: now)
                    let isIdle = schedule.idleLanes(now: now).contains(lane)
                    let job = schedule.take(lane, now: now)
                    #expect(job.map(candidates.contains) ?? candidates.isEmpty, "step \(step): \(String(describing: job))")
                    #expect(isIdle || job == nil)
                    naive.busy[lane] = job
                }
            }
        }
    }
}
