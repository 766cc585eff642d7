/// How far a replication job is. Times are unix times, and 0 as long as a thing has not happened.
struct ReplicationState: Sendable, Equatable {
    /// When the last copy that succeeded began.
    var lastSync = 0
    /// When the last copy began.
    var lastTry = 0
    /// When the next one begins; 0 while the target is off.
    var nextSync = 0
    var failCount = 0
    /// Of the last copy that ended.
    var durationSeconds: Double?
    /// Of the last copy, when it failed.
    var error: String?
    /// While a copy is under way.
    var processID: Int?
}

extension World {
    /// A job that fails nevertheless succeeds every three hours, so that it has a last time and nobody need be woken.
    private static let luckSeconds = 10_800
    /// For how long a job had stood still when somebody noticed.
    private static let staleSeconds = 6 * 3600

    /// The job as its node, which must be on, sees it.
    func state(of job: ReplicationJob, at moment: Double) -> ReplicationState {
        let now = Int(timeline.epoch + moment)
        let source = inventory.nodes[inventory.guests[job.guest].node]
        if job.condition != .disabled {
            if let span = trouble(.replicationFailed, node: source.index, at: moment) {
                let begin = Int((timeline.epoch + span.start).rounded(.up))
                return failing(job, now, from: begin, last: (begin - 1) / job.scheduleSeconds * job.scheduleSeconds)
            }
            if let span = trouble(.replicationStale, node: source.index, at: moment) {
                return standing(job, Int(timeline.epoch + span.start) - Self.staleSeconds)
            }
        }
        switch job.condition {
        case .disabled: return ReplicationState(nextSync: job.scheduleSeconds)
        case .fails:
            let lucky = now / Self.luckSeconds * Self.luckSeconds
            let first = lucky + job.scheduleSeconds
            return first <= now ? failing(job, now, from: first, last: lucky) : succeeded(job, lucky, now)
        case .works: return working(job, now)
        }
    }

    // MARK: a job that works, unless its target is off

    private func working(_ job: ReplicationJob, _ now: Int) -> ReplicationState {
        let period = job.scheduleSeconds
        let latest = now / period * period
        // A node that has just started catches up within the minute.
        var attempt = latest
        switch presence(ofNode: inventory.guests[job.guest].node, atUnix: latest) {
        case .up: break
        case .down(let since, _):
            let caughtUp = nextMinute(after: presence(ofNode: inventory.guests[job.guest].node, atUnix: now))
            attempt = caughtUp.flatMap { $0 <= now ? $0 : nil } ?? lastStart(of: job, before: since)
        }
        guard case .down(let since, _) = presence(ofNode: job.target, atUnix: attempt) else { return succeeded(job, attempt, now) }

        let lastSync = lastStart(of: job, before: since)
        let firstTry = min(attempt, lastSync + job.scheduleSeconds)
        var state = ReplicationState(lastSync: lastSync, lastTry: firstTry, failCount: 1)
        state.durationSeconds = duration(of: job, firstTry, from: 3, to: 3.2)
        let target = inventory.nodes[job.target]
        state.error =
            "command '/usr/bin/ssh -e none -o 'BatchMode=yes' -o 'HostKeyAlias=\(target.name)' root@\(target.address) -- "
            + "pvesr prepare-local-job \(job.name)' failed: exit code 255"
        // It is not tried again before the target is back, and then not at once.
        guard let isBack = nextMinute(after: presence(ofNode: job.target, atUnix: now)) else { return state }
        let retry = max(firstTry + 300, isBack)
        guard retry > now else { return succeeded(job, retry, now) }
        state.nextSync = firstTry + 300
        return state
    }

    private func succeeded(_ job: ReplicationJob, _ attempt: Int, _ now: Int) -> ReplicationState {
        let period = job.scheduleSeconds
        let duration = duration(of: job, attempt)
        var state = ReplicationState(
            lastSync: attempt, lastTry: attempt, nextSync: (attempt / period + 1) * period, durationSeconds: duration)
        if Double(now - attempt) < duration {
            // It is under way: what is known of its end is of the time before.
            state.lastSync = (attempt - 1) / period * period
            state.durationSeconds = self.duration(of: job, state.lastSync)
            state.processID = 1_000 + attempt % 4_000_000
        }
        return state
    }

    // MARK: a job that fails

    /// - Parameters:
    ///   - first: when it failed first, not later than now.
    ///   - last: when it had succeeded before.
    private func failing(_ job: ReplicationJob, _ now: Int, from first: Int, last: Int) -> ReplicationState {
        var attempt = min(first, now)
        var failures = 1
        while attempt + Self.retrySeconds(failures: failures) <= now {
            attempt += Self.retrySeconds(failures: failures)
            failures += 1
        }
        let vmid = inventory.guests[job.guest].vmid
        let disk = inventory.guests[job.guest].kind == .qemu ? "vm-\(vmid)-disk-0" : "subvol-\(vmid)-disk-0"
        return ReplicationState(
            lastSync: last, lastTry: attempt, nextSync: attempt + Self.retrySeconds(failures: failures), failCount: failures,
            durationSeconds: duration(of: job, attempt, from: 5, to: 5.5),
            error: "command 'zfs snapshot rpool/data/\(disk)@__replicate_\(job.name)_\(attempt)__' failed: got timeout")
    }

    /// A job that nobody starts any more.
    private func standing(_ job: ReplicationJob, _ last: Int) -> ReplicationState {
        let attempt = max(0, last) / job.scheduleSeconds * job.scheduleSeconds
        return ReplicationState(
            lastSync: attempt, lastTry: attempt, nextSync: attempt + job.scheduleSeconds, durationSeconds: duration(of: job, attempt))
    }

    /// As the real scheduler waits: longer each time, then half an hour.
    private static func retrySeconds(failures: Int) -> Int { failures <= 3 ? 300 * failures : 1800 }

    // MARK: helpers

    /// Seconds that the copy takes which begins at `attempt`, to the microsecond.
    private func duration(of job: ReplicationJob, _ attempt: Int, from low: Double = 1.5, to high: Double = 40) -> Double {
        var generator = SeededGenerator(seed: inventory.seed ^ UInt64(bitPattern: Int64(attempt)), "copy", job.guest * 2 + job.number)
        return (generator.logUniform(low, high) * 1e6).rounded() / 1e6
    }

    /// When the schedule started the job last before a moment.
    private func lastStart(of job: ReplicationJob, before moment: Double) -> Int {
        (Int((timeline.epoch + moment).rounded(.up)) - 1) / job.scheduleSeconds * job.scheduleSeconds
    }

    private func presence(ofNode node: Int, atUnix unixSeconds: Int) -> Presence {
        presence(of: node, at: Double(unixSeconds) - timeline.epoch)
    }

    /// The first full minute of a node that is on; nil for one that is off.
    private func nextMinute(after presence: Presence) -> Int? {
        guard case .up(let bootedAt) = presence else { return nil }
        return Int(((timeline.epoch + bootedAt) / 60).rounded(.up)) * 60
    }
}
