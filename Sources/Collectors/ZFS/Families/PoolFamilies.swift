import Metrics

/// Families of a pool: how it is, what it has.
struct PoolFamilies: Sendable {
    private static let stateLabels = PoolIOTables.labels.adding("state")
    private static let infoLabels = PoolIOTables.labels.adding("guid")

    private let info: Metric
    private let health: Metric
    private let state: Metric
    private let size: Metric
    private let allocated: Metric
    private let free: Metric
    private let fragmentation: Metric
    private let deduplication: Metric
    private let freeing: Metric
    private let leaked: Metric
    private let readOnly: Metric
    private let checkpoint: Metric
    private let expandable: Metric
    private let dataErrors: Metric

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info(
            "zfs_pool_info", "A pool that is imported, with its GUID; empty where ZFS is too old to tell.", labels: Self.infoLabels,
            source: "POOL/guid")
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("zfs_pool_" + name, help, labels: PoolIOTables.labels, source: source)
        }
        health = gauge(
            "health", "0 ONLINE, 1 DEGRADED, 2 FAULTED, 3 OFFLINE, 4 UNAVAIL, 5 REMOVED, 6 SUSPENDED.", "POOL/state, else zpool list health"
        )
        state = catalogue.gauge(
            "zfs_pool_state", "1 for the state that the pool is in, 0 for the others.", labels: Self.stateLabels,
            source: "POOL/state, else zpool list health")
        let list = "zpool list -Hp "
        size = gauge("size_bytes", "Size of the pool: of its disks, with what redundancy takes in a raidz.", list + "size")
        allocated = gauge("allocated_bytes", "Space of the pool that is in use.", list + "allocated")
        free = gauge("free_bytes", "Space of the pool that is not in use.", list + "free")
        fragmentation = gauge("fragmentation_ratio", "Fragmentation of the free space, 0-1.", list + "fragmentation / 100")
        deduplication = gauge(
            "deduplication_ratio", "Blocks on disk over blocks by name: 1 without duplicates, 0.5 when each is there twice by name.",
            list + "1 / dedupratio")
        freeing = gauge("freeing_bytes", "Space of destroyed datasets that is still to be freed.", list + "freeing")
        leaked = gauge("leaked_bytes", "Space that was lost while destroyed datasets were freed.", list + "leaked")
        readOnly = gauge("readonly", "1 if the pool was imported for reading only.", list + "readonly")
        checkpoint = gauge("checkpoint_bytes", "Space that the pool's checkpoint keeps; absent without one.", list + "checkpoint")
        expandable = gauge(
            "expand_size_bytes", "Space of the disks that the pool could grow into; absent when there is none.", list + "expandsize")
        dataErrors = gauge("data_errors", "Files and objects that are known to be damaged.", "zpool status errors, error_count")
    }

    func write(_ pool: String, guid: String, into buffer: inout SampleBuffer) {
        buffer.add(info, buffer.labels(Self.infoLabels, pool, guid), true)
    }

    func write(_ pool: String, _ current: PoolState, into buffer: inout SampleBuffer) {
        buffer.add(health, buffer.labels(PoolIOTables.labels, pool), current.number)
        for candidate in PoolState.allCases {
            buffer.add(state, buffer.labels(Self.stateLabels, pool, candidate.rawValue.lowercased()), candidate == current)
        }
    }

    func write(_ capacity: PoolCapacity, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(PoolIOTables.labels, capacity.name)
        buffer.add(size, labels, capacity.sizeBytes)
        buffer.add(allocated, labels, capacity.allocatedBytes)
        buffer.add(free, labels, capacity.freeBytes)
        buffer.add(fragmentation, labels, capacity.fragmentationRatio)
        buffer.add(deduplication, labels, capacity.deduplicationRatio)
        buffer.add(freeing, labels, capacity.freeingBytes)
        buffer.add(leaked, labels, capacity.leakedBytes)
        buffer.add(readOnly, labels, capacity.isReadOnly)
        buffer.add(checkpoint, labels, capacity.checkpointBytes)
        buffer.add(expandable, labels, capacity.expandableBytes)
    }

    func write(_ status: PoolStatus, into buffer: inout SampleBuffer) {
        buffer.add(dataErrors, buffer.labels(PoolIOTables.labels, status.name), status.dataErrors)
    }
}
