import Metrics

/// Storage pools of a hypervisor.
struct PoolFamilies: Sendable {
    private static let labels = LibvirtFamilies.hypervisorLabels.adding("storage_pool")
    private static let infoLabels = labels.adding("type")

    private let info: Metric
    private let state, autostart, capacity, allocation, available: Metric

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, source: String) -> Metric {
            catalogue.gauge("libvirt_storage_pool_" + name, help, labels: Self.labels, source: source)
        }
        info = catalogue.info(
            "libvirt_storage_pool_info", "The pool's type as it is defined: dir, fs, netfs, logical, disk, iscsi, rbd, zfs and others.",
            labels: Self.infoLabels, source: "virStoragePoolGetXMLDesc pool type")
        state = gauge(
            "state", "The pool's state: 0 inactive, 1 being built, 2 running, 3 degraded, 4 inaccessible.",
            source: "virStoragePoolGetInfo state")
        autostart = gauge("autostart", "1 if the pool starts with its hypervisor.", source: "virStoragePoolGetAutostart")
        capacity = gauge(
            "capacity_bytes", "Size of the pool, as it was when the pool was refreshed last.", source: "virStoragePoolGetInfo capacity")
        allocation = gauge(
            "allocation_bytes", "What is used of the pool, as it was when the pool was refreshed last.",
            source: "virStoragePoolGetInfo allocation")
        available = gauge(
            "available_bytes", "What is free in the pool, as it was when the pool was refreshed last.",
            source: "virStoragePoolGetInfo available")
    }

    func write(_ pool: PoolRecord, _ uri: String, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, uri, pool.name)
        if !pool.type.isEmpty { buffer.add(info, buffer.labels(Self.infoLabels, extending: labels, pool.type), true) }
        buffer.add(state, labels, pool.state.map { Double($0) })
        buffer.add(autostart, labels, pool.isAutostarted)
        buffer.add(capacity, labels, pool.capacityBytes)
        buffer.add(allocation, labels, pool.allocationBytes)
        buffer.add(available, labels, pool.availableBytes)
    }
}
