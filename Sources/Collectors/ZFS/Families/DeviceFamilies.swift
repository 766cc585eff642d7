import Metrics

/// Families of a pool's devices and of the groups that they form.
struct DeviceFamilies: Sendable {
    private static let labels = LabelSchema("pool", "vdev")
    private static let errorLabels = labels.adding("kind")
    private static let infoLabels = labels.adding("type", "role", "parent")

    private let info: Metric
    private let online: Metric
    private let health: Metric
    private let errors: Metric
    private let slow: Metric

    init(_ catalogue: inout Catalogue) {
        let source = "zpool status -p -s "
        info = catalogue.info(
            "zfs_vdev_info",
            "A device or group of a pool: its type (root, mirror, raidz, draid, disk, file, spare, replacing), what it is for (data, special, dedup, log, cache, spare), and the group that it is in.",
            labels: Self.infoLabels, detail: .disk, source: source + "NAME, vdev_type, class")
        online = catalogue.gauge(
            "zfs_vdev_online", "1 if the device is ONLINE; of a spare, if it is in use or could be.", labels: Self.labels, detail: .disk,
            source: source + "STATE == ONLINE")
        health = catalogue.gauge(
            "zfs_vdev_health", "State of the device, as the numbers of zfs_pool_health.", labels: Self.labels, detail: .disk,
            source: source + "STATE")
        errors = catalogue.counter(
            "zfs_vdev_errors_total",
            "Errors of the device since the pool was imported or zpool clear: read, write, checksum; of a group, those that its redundancy could not mend.",
            labels: Self.errorLabels, detail: .disk, source: source + "READ, WRITE, CKSUM")
        slow = catalogue.counter(
            "zfs_vdev_slow_ios_total",
            "Operations of the device that took longer than zio_slow_io_ms since the pool was imported or zpool clear.",
            labels: Self.labels, detail: .disk, source: source + "SLOW")
    }

    func write(_ pool: String, _ device: PoolDevice, into buffer: inout SampleBuffer) {
        buffer.add(info, buffer.labels(Self.infoLabels, pool, device.name, device.kind, device.role, device.parent), true)
        let labels = buffer.labels(Self.labels, pool, device.name)
        buffer.add(online, labels, device.state.map { $0 == .online })
        buffer.add(health, labels, device.state?.number)
        for (kind, count) in [("read", device.readErrors), ("write", device.writeErrors), ("checksum", device.checksumErrors)] {
            guard let count else { continue }
            buffer.add(errors, buffer.labels(Self.errorLabels, pool, device.name, kind), count)
        }
        buffer.add(slow, labels, device.slowOperations)
    }
}
