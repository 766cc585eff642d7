import Metrics
import ProxmoxAPI

/// When each guest was last backed up well, from the tasks of all nodes: a backup stays where it ran when its guest moves on.
struct BackupSource: SlowSource {
    var profile = SlowProfile(
        name: "backups", scope: .node, periodSeconds: 300, endpoint: "/nodes/N/tasks?typefilter=vzdump and their logs", isOfThePast: true)
    private let machineLast: Metric
    private let containerLast: Metric
    private let last: Metric
    private let duration: Metric
    private let success: Metric
    private let jobSuccess: Metric
    private let jobRun: Metric

    /// How far back the first question goes; a guest that nobody backed up for so long has no backup worth the name.
    private static let pastSeconds = 35 * 86_400.0
    /// How far back later questions go: a task is listed by its start, and may take as long.
    private static let overlapSeconds = 2 * 86_400.0
    /// Tasks of one answer.
    private static let taskLimit = 2000
    /// Logs that are read at a time.
    private static let logsAtOnce = 16

    init(_ catalogue: inout Catalogue) {
        let source = "/nodes/N/tasks typefilter=vzdump, and the logs of those about several guests"
        func gauge(_ name: String, _ help: String, _ labels: LabelSchema = GuestFamilies.labels) -> Metric {
            catalogue.gauge(name, help, labels: labels, source: source)
        }
        let help = "The same as pve_guest_last_backup_timestamp_seconds, under the name that dashboards know."
        machineLast = gauge("pve_vm_last_backup_timestamp", help)
        containerLast = gauge("pve_lxc_last_backup_timestamp", help)
        last = gauge(
            "pve_guest_last_backup_timestamp_seconds",
            "When the guest's last good backup, with warnings or without, was done, in seconds since 1970; absent if there was none in the 35 days before martlet first asked."
        )
        duration = gauge(
            "pve_guest_last_backup_duration_seconds", "How long the backup took that pve_guest_last_backup_timestamp_seconds tells of.")
        success = gauge("pve_guest_last_backup_success", "1 if the last backup of the guest that ended went well, 0 if it failed.")
        jobSuccess = gauge(
            "pve_backup_job_last_run_success", "1 if the job's last run went well on all nodes; where the logs name the job.",
            BackupJobSource.jobLabels)
        jobRun = gauge(
            "pve_backup_job_last_run_timestamp_seconds", "When the job's last run ended, in seconds since 1970.", BackupJobSource.jobLabels)
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: BackupHistory?) async throws(ProxmoxError) -> BackupHistory {
        var history = last ?? BackupHistory()
        let since = call.now - (last == nil ? Self.pastSeconds : Self.overlapSeconds)
        let tasks = try await call.client.backupTasks(
            subject.node, since: since, limit: Self.taskLimit, http: call.http, by: call.deadline)
        history.take(tasks.rows, since: since)
        var patience = SlowPatience()
        for _ in 0..<Self.logsAtOnce {
            guard let task = history.nextUnread() else { break }
            do throws(ProxmoxError) {
                history.take(try await log(of: task, on: subject.node, call), of: task)
                patience.succeeded()
            } catch {
                // A log that cannot be had is not asked for again: others must get their turn.
                guard try patience.goesOn(after: error) else { break }
            }
        }
        return history
    }

    private func log(of task: BackupTask, on node: String, _ call: SlowCall) async throws(ProxmoxError) -> BackupLog {
        var log = BackupLog(taskStart: task.start)
        // Of one guest's task only the job's name is wanted, which stands at the top.
        guard task.vmid == nil else {
            for line in try await call.client.taskLog(task.upid, on: node, from: 0, limit: 20, http: call.http, by: call.deadline) {
                log.read(line)
            }
            return log
        }
        let pageLines = 5000
        for page in 0..<40 {
            let lines = try await call.client.taskLog(
                task.upid, on: node, from: page * pageLines, limit: pageLines, http: call.http, by: call.deadline)
            for line in lines { log.read(line) }
            if lines.count < pageLines { break }
        }
        log.finish(taskEnd: task.end)
        return log
    }

    func delaySeconds(after history: BackupHistory) -> Double? { history.isWhole ? nil : 5 }

    func write(_ readings: [(subject: SlowSubject, reading: BackupHistory)], into page: inout SlowPage) {
        var (guests, jobs) = ([Int: BackupHistory.Guest](), [String: [BackupHistory.JobRun]]())
        for (_, history) in readings {
            guests.merge(history.guests) { $0.merged(with: $1) }
            for (job, run) in history.jobs { jobs[job, default: []].append(run) }
        }
        for guest in page.picture.guestsInOrder + page.picture.lostGuestsInOrder {
            guard let backup = guests[guest.vmid] else { continue }
            page.turn(to: guest.node)
            let labels = page.labels(of: guest)
            page.buffer.add(success, labels, backup.isLastGood)
            guard let good = backup.good else { continue }
            page.buffer.add(guest.kind == .qemu ? machineLast : containerLast, labels, good.end)
            page.buffer.add(last, labels, good.end)
            page.buffer.add(duration, labels, good.durationSeconds)
        }
        page.turn(to: "")
        for (job, runs) in jobs.sorted(by: { $0.key < $1.key }) {
            guard let run = BackupHistory.JobRun.last(of: runs) else { continue }
            let labels = page.buffer.labels(BackupJobSource.jobLabels, page.cluster, job)
            page.buffer.add(jobSuccess, labels, run.isGood)
            page.buffer.add(jobRun, labels, run.end)
        }
    }
}
