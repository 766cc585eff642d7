import Metrics

/// Families of scrubs and resilvers.
struct ScanFamilies: Sendable {
    private let scrub: Kind
    private let lastScrub: Last
    private let resilver: Kind
    private let lastResilver: Last

    /// What there is of either.
    private struct Kind: Sendable {
        let running: Metric
        let paused: Metric?
        let progress: Metric
        let examined: Metric
        let toExamine: Metric
        let started: Metric
    }

    /// Of the newest that has finished.
    private struct Last: Sendable {
        let end: Metric
        let duration: Metric
        let errors: Metric
        let repaired: Metric
    }

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("zfs_pool_" + name, help, labels: PoolIOTables.labels, source: "zpool status scan, scan_stats." + source)
        }
        func kind(_ word: String, pauses: Bool) -> Kind {
            Kind(
                running: gauge("\(word)_running", "1 while a \(word) is at work.", "state"),
                paused: pauses ? gauge("\(word)_paused", "1 while a \(word) is paused.", "scrub_pause") : nil,
                progress: gauge(
                    "\(word)_progress_ratio", "How much of the \(word) under way is done, 0-1.", "issued / (to_examine - skipped)"),
                examined: gauge("\(word)_examined_bytes", "Bytes that the \(word) under way has found to read.", "examined"),
                toExamine: gauge("\(word)_to_examine_bytes", "Bytes that the \(word) under way has to look at.", "to_examine - skipped"),
                started: gauge("\(word)_start_timestamp_seconds", "When the \(word) under way began, in seconds since 1970.", "start_time"))
        }
        func last(_ word: String, errors: String, repaired: String, _ whatRepaired: String) -> Last {
            Last(
                end: gauge(
                    "last_\(word)_timestamp_seconds",
                    "When the newest \(word) that martlet knows to have finished did so, in seconds since 1970; absent when it knows of none.",
                    "end_time"),
                duration: gauge(
                    "last_\(word)_duration_seconds", "How long the newest finished \(word) took, pauses included where ZFS counts them.",
                    "end_time - start_time"),
                errors: gauge(errors, "Errors that the newest finished \(word) could not repair.", "errors"),
                repaired: gauge(repaired, "Bytes that the newest finished \(word) \(whatRepaired).", "processed"))
        }
        scrub = kind("scrub", pauses: true)
        lastScrub = last("scrub", errors: "scrub_errors", repaired: "scrub_repaired_bytes", "repaired")
        resilver = kind("resilver", pauses: false)
        lastResilver = last("resilver", errors: "resilver_errors", repaired: "resilver_resilvered_bytes", "wrote")
    }

    /// - Parameter finished: the newest scrub that was seen to have finished, which another scan may have made ZFS forget.
    func write(_ status: PoolStatus, finished: PoolScan?, into buffer: inout SampleBuffer) {
        guard status.tellsScans else { return }
        let labels = buffer.labels(PoolIOTables.labels, status.name)
        func underWay(_ kind: PoolScan.Kind) -> PoolScan? { status.scans.first { $0.kind == kind && $0.isUnderWay } }
        write(underWay(.scrub), scrub, labels, into: &buffer)
        write(finished, lastScrub, labels, into: &buffer)
        write(underWay(.resilver), resilver, labels, into: &buffer)
        let resilvers = status.scans.filter { $0.kind == .resilver && $0.state == .finished }
        write(resilvers.max { ($0.endSeconds ?? 0) < ($1.endSeconds ?? 0) }, lastResilver, labels, into: &buffer)
    }

    private func write(_ scan: PoolScan?, _ kind: Kind, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        buffer.add(kind.running, labels, scan?.state == .running)
        if let paused = kind.paused { buffer.add(paused, labels, scan?.state == .paused) }
        guard let scan else { return }
        buffer.add(kind.progress, labels, scan.progressRatio)
        buffer.add(kind.examined, labels, scan.examinedBytes)
        buffer.add(kind.toExamine, labels, scan.toExamineBytes)
        buffer.add(kind.started, labels, scan.startSeconds)
    }

    private func write(_ scan: PoolScan?, _ last: Last, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        guard let scan else { return }
        buffer.add(last.end, labels, scan.endSeconds)
        buffer.add(last.duration, labels, scan.durationSeconds)
        buffer.add(last.errors, labels, scan.errors)
        buffer.add(last.repaired, labels, scan.repairedBytes)
    }
}
