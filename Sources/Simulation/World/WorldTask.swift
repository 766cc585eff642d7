/// A job that a node worked on: a backup, a refresh of package lists.
struct WorldTask: Sendable {
    let node: String
    let processID: Int
    /// The start, in hundredths of a second since the node's.
    let processStart: Int
    /// Unix times.
    let start: Int
    let end: Int
    let type: String
    /// The vmid, or empty.
    let id: String
    /// How it ended: `OK`, `WARNINGS: 1` or an error's text.
    let outcome: String
    let isRunning: Bool
    /// What it backed up.
    let run: BackupRun?

    /// Who started it.
    static let user = "root@pam"

    /// `UPID:pve1:000001EA:000492B3:6B002C5E:vzdump:110:root@pam:`
    var upid: String {
        func hexadecimal(_ value: Int) -> String {
            let digits = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        }
        return "UPID:\(node):\(hexadecimal(processID)):\(hexadecimal(processStart)):\(hexadecimal(start)):\(type):\(id):\(Self.user):"
    }
}

extension World {
    /// What somebody starts on a node in each slot of 10 minutes. One node after the other has one that takes the whole slot.
    private static let slotSeconds = 600
    /// How far back nodes remember what was started by hand: they forget it earlier than the jobs of the night.
    private static let slotCount = 2 * 144
    /// How long the last backups are ago of a node that has stopped making them.
    private static let staleDays = 20

    /// The tasks that a node began since a unix time, newest first. What an outage cut off left no trace.
    func tasks(of node: Node, at moment: Double, since wanted: Int = 0) -> [WorldTask] {
        let now = Int(timeline.epoch + moment)
        // Whoever asks may mean any number.
        let since = min(max(0, wanted), now + 1)
        let latest = now / Self.slotSeconds
        let oldest = max(latest - Self.slotCount, since / Self.slotSeconds)
        let byHand = oldest <= latest ? (oldest...latest).compactMap { task(of: node, slot: $0, now: now) } : []
        let today = LocalTime(unixSeconds: now).day
        let firstDay = max(today - backupDays(of: node, at: moment), LocalTime(unixSeconds: since).day)
        let nightly =
            firstDay <= today ? (firstDay...today).flatMap { day in inventory.backupJobs.indices.map { (day: day, job: $0) } } : []
        let runs = nightly.compactMap { task(of: node, job: $0.job, day: $0.day, now: now) }
        let last = lastBackup(of: node, at: moment)
        return (byHand + runs + failedRuns(of: node, now: now)).filter { $0.start >= since && ($0.run == nil || $0.start <= last) }
            .sorted { $0.start > $1.start }
    }

    /// The task with that name, however it is written; nil when the node does not know it.
    func task(of node: Node, upid: String, at moment: Double) -> WorldTask? {
        let parts = upid.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 4, let start = Int(parts[4], radix: 16), (0...0xFFFF_FFFF).contains(start) else { return nil }
        let now = Int(timeline.epoch + moment)
        let slot = start / Self.slotSeconds
        var candidates = slot >= now / Self.slotSeconds - Self.slotCount ? [task(of: node, slot: slot, now: now)] : []
        let day = LocalTime(unixSeconds: start).day
        candidates += failedRuns(of: node, now: now)
        if day >= LocalTime(unixSeconds: now).day - backupDays(of: node, at: moment) {
            candidates += inventory.backupJobs.indices.map { task(of: node, job: $0, day: day, now: now) }
        }
        return candidates.compactMap { $0 }.first { $0.upid == upid }
    }

    /// For how many days a node remembers the runs of its jobs. Where there were none lately it goes on knowing the old ones.
    private func backupDays(of node: Node, at moment: Double) -> Int {
        has(.backupStale, node, at: moment) ? Self.staleDays + Self.backupDays : Self.backupDays
    }

    /// The unix time after which a node has backed up nothing; usually never.
    private func lastBackup(of node: Node, at moment: Double) -> Int {
        trouble(.backupStale, node: node.index, at: moment).map { Int(timeline.epoch + $0.start) - Self.staleDays * LocalTime.daySeconds }
            ?? .max
    }

    /// Runs of the nightly job that somebody started out of turn as `backup-failed` began; each has one guest, the one that is done soonest.
    private func failedRuns(of node: Node, now: Int) -> [WorldTask] {
        troubles.all(.backupFailed, node: node.index).compactMap { span in
            let start = Int((timeline.epoch + span.start).rounded(.up)) + 1
            guard start <= now, let job = dealt.backupJobs.first else { return nil }
            let moment = Double(start) - timeline.epoch
            let candidates = job.guests.filter { self.node(ofGuest: $0, at: moment) == node.index }
            guard let guest = candidates.min(by: { dealt.guests[$0].diskBytes < dealt.guests[$1].diskBytes }) else { return nil }
            let seconds = backupSeconds(of: guest, of: 1, start: start)
            let run = BackupRun(
                job: 0, guests: [guest], storage: job.storage, mode: job.mode ?? "snapshot", start: start, end: start + seconds + 1,
                trouble: .failure, troubled: 0)
            guard wasOn(node: node.index, from: start, to: min(run.end, now)) else { return nil }
            return task(of: node, run, now: now)
        }
    }

    private func task(of node: Node, job: Int, day: Int, now: Int) -> WorldTask? {
        backupRun(job: job, node: node, day: day, now: now).map { task(of: node, $0, now: now) }
    }

    private func task(of node: Node, _ run: BackupRun, now: Int) -> WorldTask {
        var generator = SeededGenerator(seed: inventory.seed ^ UInt64(bitPattern: Int64(run.start)), "process", node.index)
        return WorldTask(
            node: node.name, processID: 1_000 + generator.below(4_000_000), processStart: processStart(of: node, start: run.start),
            start: run.start, end: run.end, type: "vzdump", id: "", outcome: run.outcome, isRunning: run.end > now, run: run)
    }

    private func task(of node: Node, slot: Int, now: Int) -> WorldTask? {
        var generator = SeededGenerator(seed: inventory.seed ^ UInt64(bitPattern: Int64(slot)), "task", node.index)
        let nodeCount = inventory.nodes.count
        let takesWholeSlot = slot % nodeCount == node.index
        let start = slot * Self.slotSeconds + (takesWholeSlot ? 0 : generator.below(200))
        let end = takesWholeSlot ? (slot + 1) * Self.slotSeconds : start + 5 + generator.below(300)
        guard start <= now, wasOn(node: node.index, from: start, to: min(end, now)) else { return nil }
        let first = dealt.nodes[node.index]
        let guestCount = first.qemu.count + first.lxc.count
        let wantsBackup = guestCount > 0 && slot % 4 != 0
        let processID = 1_000 + generator.below(4_000_000)
        let chosen = wantsBackup ? generator.below(guestCount) : 0
        let guest = !wantsBackup ? nil : chosen < first.qemu.count ? first.qemu[chosen] : first.lxc[chosen - first.qemu.count]
        let trouble: BackupRun.Trouble =
            switch (slot + node.index) % 8 {
            case 3: .failure
            case 6: .warning
            default: .none
            }
        // One that has left cannot be backed up here any more.
        guard let guest, self.node(ofGuest: guest, at: Double(start) - timeline.epoch) == node.index else {
            let outcome =
                switch trouble {
                case .none: "OK"
                case .warning: "WARNINGS: 1"
                case .failure: "command 'apt-get update' failed: exit code 100"
                }
            return WorldTask(
                node: node.name, processID: processID, processStart: processStart(of: node, start: start), start: start, end: end,
                type: "aptupdate", id: "", outcome: outcome, isRunning: end > now, run: nil)
        }
        let run = BackupRun(
            job: nil, guests: [guest], storage: "nas", mode: "snapshot", start: start, end: end, trouble: trouble, troubled: 0)
        return WorldTask(
            node: node.name, processID: processID, processStart: processStart(of: node, start: start), start: start, end: end,
            type: "vzdump", id: "\(inventory.guests[guest].vmid)", outcome: run.outcome, isRunning: end > now, run: run)
    }

    private func processStart(of node: Node, start: Int) -> Int {
        let moment = Double(start) - timeline.epoch
        guard case .up(let bootedAt) = presence(of: node.index, at: moment) else { return 0 }
        return max(0, Int((moment - bootedAt) * 100))
    }
}
