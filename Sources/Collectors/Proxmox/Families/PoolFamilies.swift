import Metrics
import ProxmoxAPI

/// Families of a ZFS pool, as the API knows it.
struct PoolFamilies: Sendable {
    static let labels = NodeFamilies.labels.adding("pool")
    private static let stateLabels = labels.adding("state")
    private static let deviceLabels = labels.adding("vdev")
    private static let errorLabels = deviceLabels.adding("kind")
    private static let states = StateSet(
        stateLabels, ["ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "REMOVED", "UNAVAIL", "SUSPENDED"])
    private static let read = LabelTail(errorLabels, "read")
    private static let write = LabelTail(errorLabels, "write")
    private static let checksum = LabelTail(errorLabels, "checksum")

    private let health: Metric
    private let size: Metric
    private let allocated: Metric
    private let free: Metric
    private let fragmentation: Metric
    private let deduplication: Metric
    private let state: Metric
    private let deviceErrors: Metric
    private let deviceOnline: Metric
    private let dataErrors: Metric
    private let lastScrub: Metric
    private let lastScrubErrors: Metric
    private let scrubRunning: Metric
    private let resilverRunning: Metric
    private let progress: Metric

    init(_ catalogue: inout Catalogue) {
        let list = "/nodes/N/disks/zfs "
        let detail = "/nodes/N/disks/zfs/POOL "
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("pve_zfs_pool_" + name, help, labels: Self.labels, source: source)
        }
        health = gauge("health_status", "1 if the pool is ONLINE, which one that lost a disk is not.", list + "health == ONLINE")
        size = gauge("size_bytes", "Size of the pool's disks together.", list + "size")
        allocated = gauge("alloc_bytes", "Used space of the pool's disks together.", list + "alloc")
        free = gauge("free_bytes", "Free space of the pool's disks together.", list + "free")
        fragmentation = gauge("frag_percent", "Fragmentation of the pool's free space, 0-100.", list + "frag")
        deduplication = gauge("dedup_ratio", "How many times the pool's deduplicated blocks are used; 1 without any.", list + "dedup")
        state = catalogue.gauge(
            "pve_zfs_pool_state", "1 for the state that the pool is in, 0 for the others.", labels: Self.stateLabels,
            source: list + "health")
        deviceErrors = catalogue.counter(
            "pve_zfs_vdev_errors_total", "Errors of a disk, or of what is made of several, since the pool was imported or cleared.",
            labels: Self.errorLabels, source: detail + "children read, write, cksum")
        deviceOnline = catalogue.gauge(
            "pve_zfs_vdev_online",
            "1 if the disk, or what is made of several, does its work or waits for it as a spare; for the pool see pve_zfs_pool_health_status.",
            labels: Self.deviceLabels, source: detail + "children state: ONLINE, AVAIL or INUSE")
        dataErrors = gauge("data_errors", "Files and metadata of the pool that are damaged for good.", detail + "errors")
        lastScrub = gauge(
            "last_scrub_timestamp_seconds",
            "When the last scrub that was seen ended, in seconds since 1970; absent while none was: the API tells of the last scan only.",
            detail + "scan")
        lastScrubErrors = gauge("last_scrub_errors", "Errors that the last scrub could not repair.", detail + "scan")
        scrubRunning = gauge("scrub_running", "1 if a scrub runs; one that pauses does not.", detail + "scan")
        resilverRunning = gauge("resilver_running", "1 if a resilver runs.", detail + "scan")
        progress = gauge(
            "scan_progress_ratio", "How much of a scrub or resilver that runs or pauses is done, 0-1.", detail + "scan")
    }

    func write(_ labels: LabelSet, _ pool: Pool, into buffer: inout SampleBuffer) {
        buffer.add(health, labels, pool.health.map { $0 == "ONLINE" })
        buffer.add(size, labels, pool.sizeBytes)
        buffer.add(allocated, labels, pool.allocatedBytes)
        buffer.add(free, labels, pool.freeBytes)
        buffer.add(fragmentation, labels, pool.fragmentation)
        buffer.add(deduplication, labels, pool.deduplicationRatio)
        buffer.add(state, extending: labels, Self.states, pool.health)
    }

    /// - Parameter scrub: a scan that was a scrub and has ended.
    /// - Parameter offsetSeconds: what the node's clock shows beyond UTC.
    func write(_ labels: LabelSet, scrub: PoolScan, offsetSeconds: Double, into buffer: inout SampleBuffer) {
        buffer.add(lastScrub, labels, scrub.lastScrubLocalSeconds.map { $0 - offsetSeconds })
        buffer.add(lastScrubErrors, labels, scrub.lastScrubErrors)
    }

    func write(_ labels: LabelSet, _ detail: PoolDetail, into buffer: inout SampleBuffer) {
        for device in detail.devices {
            let deviceLabels = buffer.labels(Self.deviceLabels, extending: labels, device.name)
            for (tail, count) in [
                (Self.read, device.readErrors), (Self.write, device.writeErrors), (Self.checksum, device.checksumErrors),
            ] where count != nil {
                buffer.add(deviceErrors, buffer.labels(extending: deviceLabels, by: tail), count)
            }
            buffer.add(deviceOnline, deviceLabels, device.isOnline)
        }
        buffer.add(dataErrors, labels, detail.dataErrors)
        guard let scan = detail.scan else { return }
        buffer.add(scrubRunning, labels, scan.isScrubRunning)
        buffer.add(resilverRunning, labels, scan.isResilverRunning)
        buffer.add(progress, labels, scan.progressRatio)
    }
}
