/// A pass of vzdump over guests of one node: of a job, or of somebody who wanted one backup.
struct BackupRun: Sendable {
    /// What went wrong, with one guest of it.
    enum Trouble: Sendable { case none, warning, failure }

    /// Position among the inventory's jobs; nil for one that was started by hand.
    let job: Int?
    /// Positions in the inventory, in the order in which they are taken.
    let guests: [Int]
    let storage: String
    let mode: String
    /// Unix times.
    let start: Int
    let end: Int
    let trouble: Trouble
    /// Which of the guests has the trouble.
    let troubled: Int

    /// How it ended.
    var outcome: String {
        switch trouble {
        case .none: "OK"
        case .warning: "WARNINGS: 1"
        case .failure: "job errors"
        }
    }
}

extension World {
    /// How far back nodes remember the runs of their jobs.
    static let backupDays = 14
    /// A night has no more, however many guests there are.
    private static let nightSeconds = 4 * 3600

    /// The run of a job that a node began on a local day; nil when it had nothing to do or was off, and when an outage cut it short.
    func backupRun(job position: Int, node: Node, day: Int, now: Int) -> BackupRun? {
        let job = dealt.backupJobs[position]
        guard job.isEnabled, let scheduled = job.start(onDay: day) else { return nil }
        let start = scheduled + 1 + (node.index + position) % 5
        let guests = guests(of: job, on: node, at: start)
        guard !guests.isEmpty, start <= now else { return nil }
        var generator = SeededGenerator(seed: inventory.seed ^ UInt64(bitPattern: Int64(start)), "run", node.index)
        // Every fourth night a guest fails, and another fourth has a warning.
        let trouble: BackupRun.Trouble =
            switch (day / (job.weekday == nil ? 1 : 7) + node.index) % 4 {
            case 1: .warning
            case 3: .failure
            default: .none
            }
        let total = guests.reduce(0) { $0 + backupSeconds(of: $1, of: guests.count, start: start) }
        let run = BackupRun(
            job: position, guests: guests, storage: job.storage, mode: job.mode ?? "snapshot", start: start, end: start + total + 1,
            trouble: trouble, troubled: generator.below(guests.count))
        guard wasOn(node: node.index, from: start, to: min(run.end, now)) else { return nil }
        return run
    }

    /// The guests of a job that were on a node at a unix time: what is moved afterwards changes no run that was before.
    private func guests(of job: BackupJob, on node: Node, at start: Int) -> [Int] {
        guard !histories.isEmpty else { return job.guestsByNode[node.index] }
        let moment = Double(start) - timeline.epoch
        return job.guests.filter { self.node(ofGuest: $0, at: moment) == node.index }
    }

    /// How long the backup of a guest takes that is one of so many.
    func backupSeconds(of guest: Int, of count: Int, start: Int) -> Int {
        var generator = SeededGenerator(seed: inventory.seed ^ UInt64(bitPattern: Int64(start)), "vzdump", guest)
        let gibibytes = Double(inventory.guests[guest].diskBytes >> 30)
        let wanted = (5 + gibibytes * 0.7) * generator.uniform(0.8, 1.25)
        return max(1, Int(min(wanted, Double(Self.nightSeconds) / Double(max(1, count)))))
    }

    /// Where each guest of a run begins and ends, in unix time.
    func backupTimes(of run: BackupRun) -> [(start: Int, end: Int)] {
        if run.job == nil { return [(run.start, run.end)] }
        var start = run.start
        return run.guests.map { guest in
            let end = start + backupSeconds(of: guest, of: run.guests.count, start: run.start)
            defer { start = end }
            return (start, end)
        }
    }

    /// Whether a node was on all the time between two unix times.
    func wasOn(node: Int, from start: Int, to end: Int) -> Bool {
        let startMoment = Double(start) - timeline.epoch
        return presence(of: node, at: startMoment).isUp && !wasDown(node: node, from: startMoment, to: Double(end) - timeline.epoch)
    }
}
