import Metrics
import ProxmoxAPI

/// The backup jobs of the cluster.
struct BackupJobSource: SlowSource {
    static let jobLabels = LabelSchema("cluster", "job_id")
    private static let infoLabels = jobLabels.adding("schedule", "storage", "mode", "selection")

    var profile = SlowProfile(name: "backup_jobs", scope: .cluster, periodSeconds: 300, endpoint: "/cluster/backup")
    private let info: Metric
    private let enabled: Metric
    private let nextRun: Metric

    init(_ catalogue: inout Catalogue) {
        let source = profile.endpoint + " "
        info = catalogue.info(
            "pve_backup_job_info", "A backup job: when, where to, and of which guests (all, pool:NAME or vmid:LIST).",
            labels: Self.infoLabels, source: source + "schedule, storage, mode, all, pool, vmid")
        enabled = catalogue.gauge(
            "pve_backup_job_enabled", "1 if the job is switched on.", labels: Self.jobLabels, source: source + "enabled")
        nextRun = catalogue.gauge(
            "pve_backup_job_next_run_timestamp_seconds",
            "When the job runs next, in seconds since 1970; absent of one that is switched off.",
            labels: Self.jobLabels, source: source + "next-run")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Listing<BackupJob>?) async throws(ProxmoxError) -> Listing<BackupJob> {
        try await call.client.backupJobs(http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ jobs: Listing<BackupJob>, into page: inout SlowPage) {
        var seen: Set<String> = []
        for job in jobs.rows.sorted(by: { $0.id < $1.id }) where seen.insert(job.id).inserted {
            let infoLabels = page.buffer.labels(
                Self.infoLabels, page.cluster, job.id, job.schedule ?? "", job.storage ?? "", job.mode ?? "", job.selection ?? "")
            page.buffer.add(info, infoLabels, true)
            let labels = page.buffer.labels(Self.jobLabels, page.cluster, job.id)
            page.buffer.add(enabled, labels, job.isEnabled)
            if job.isEnabled { page.buffer.add(nextRun, labels, job.nextRun) }
        }
    }
}

/// Guests that no backup job covers.
struct BackupGapSource: SlowSource {
    private static let labels = LabelSchema("cluster", "vmid", "name", "type")

    var profile = SlowProfile(name: "backup_gaps", scope: .cluster, periodSeconds: 300, endpoint: "/cluster/backup-info/not-backed-up")
    private let count: Metric
    private let info: Metric

    init(_ catalogue: inout Catalogue) {
        count = catalogue.gauge(
            "pve_guests_not_backed_up", "Guests that no backup job covers, whether backed up by hand or not.",
            labels: ClusterFamilies.labels, source: profile.endpoint)
        info = catalogue.info(
            "pve_not_backed_up_info", "A guest that no backup job covers, whether backed up by hand or not.", labels: Self.labels,
            source: profile.endpoint)
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Listing<UncoveredGuest>?) async throws(ProxmoxError) -> Listing<UncoveredGuest>
    {
        try await call.client.guestsNotBackedUp(http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ guests: Listing<UncoveredGuest>, into page: inout SlowPage) {
        var seen: Set<Int> = []
        let rows = guests.rows.sorted { $0.vmid < $1.vmid }.filter { guest in
            !page.picture.hiddenGuests.contains(guest.vmid) && seen.insert(guest.vmid).inserted
        }
        if guests.isWhole { page.buffer.add(count, page.labelsOfCluster(), Double(rows.count)) }
        for guest in rows {
            let labels = page.buffer.labels(Self.labels, page.cluster, String(guest.vmid), guest.name, guest.kind)
            page.buffer.add(info, labels, true)
        }
    }
}
