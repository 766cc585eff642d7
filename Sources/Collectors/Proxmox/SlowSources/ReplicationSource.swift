import Metrics
import ProxmoxAPI

/// How replication jobs fare, from the node that copies: only there is it known.
struct ReplicationSource: SlowSource {
    private static let labels = LabelSchema("cluster", "node", "vmid", "job_id", "target")

    var profile = SlowProfile(name: "replication", scope: .node, periodSeconds: 60, endpoint: "/nodes/N/replication")
    private let lastSync: Metric
    private let lastSyncSeconds: Metric
    private let lastTry: Metric
    private let nextSync: Metric
    private let failures: Metric
    private let duration: Metric
    private let status: Metric
    private let enabled: Metric

    init(_ catalogue: inout Catalogue) {
        let source = profile.endpoint + " "
        func gauge(_ name: String, _ help: String, _ field: String) -> Metric {
            catalogue.gauge("pve_replication_" + name, help, labels: Self.labels, source: source + field)
        }
        lastSync = gauge(
            "last_sync_timestamp", "The same as pve_replication_last_sync_timestamp_seconds, under the name that dashboards know.",
            "last_sync")
        lastSyncSeconds = gauge(
            "last_sync_timestamp_seconds", "When the guest was last copied, in seconds since 1970; absent while it never was.", "last_sync")
        lastTry = gauge("last_try_timestamp_seconds", "When copying was last tried.", "last_try")
        nextSync = gauge("next_sync_timestamp_seconds", "When it will be tried next; absent of a job that is switched off.", "next_sync")
        failures = gauge("failed_syncs", "Times in a row that copying failed.", "fail_count")
        duration = gauge("last_duration_seconds", "How long copying took the last time.", "duration")
        status = gauge("status", "1 if the job did not fail the last time; absent of one that is switched off.", "fail_count, error")
        enabled = gauge("enabled", "0 if the job is switched off.", "disable")
    }

    func ask(
        _ subject: SlowSubject, _ call: SlowCall, last: Listing<ReplicationStatus>?
    ) async throws(ProxmoxError) -> Listing<ReplicationStatus> {
        try await call.client.replication(subject.node, http: call.http, by: call.deadline)
    }

    func write(_ subject: SlowSubject, _ jobs: Listing<ReplicationStatus>, into page: inout SlowPage) {
        var seen: Set<String> = []
        let rows = jobs.rows.sorted { $0.id < $1.id }
        for job in rows where !page.picture.hiddenGuests.contains(job.vmid) && seen.insert(job.id).inserted {
            let labels = page.buffer.labels(Self.labels, page.cluster, subject.node, String(job.vmid), job.id, job.target)
            page.buffer.add(lastSync, labels, job.lastSync)
            page.buffer.add(lastSyncSeconds, labels, job.lastSync)
            page.buffer.add(lastTry, labels, job.lastTry)
            page.buffer.add(failures, labels, job.failureCount)
            page.buffer.add(duration, labels, job.durationSeconds)
            page.buffer.add(enabled, labels, job.isEnabled)
            guard job.isEnabled else { continue }
            page.buffer.add(nextSync, labels, job.nextSync)
            page.buffer.add(status, labels, job.failureCount.map { $0 == 0 && !job.hasError })
        }
    }
}
