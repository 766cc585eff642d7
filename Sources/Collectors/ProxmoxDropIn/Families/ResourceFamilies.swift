import Metrics

/// The numbers and names of `/cluster/resources`. Every row that has a number gets its sample, pools too.
struct ResourceFamilies: Sendable {
    private let diskSize: Metric
    private let diskUsage: Metric
    private let memorySize: Metric
    private let memoryUsage: Metric
    private let transmitted: Metric
    private let received: Metric
    private let written: Metric
    private let read: Metric
    private let cpuUsage: Metric
    private let cpuLimit: Metric
    private let uptime: Metric
    private let shared: Metric
    private let transmittedTotal: Metric
    private let receivedTotal: Metric
    private let writtenTotal: Metric
    private let readTotal: Metric
    private let guestInfo: Metric
    private let storageInfo: Metric

    private static let guestLabels = LabelSchema("id", "node", "name", "type", "template", "tags")
    private static let storageLabels = LabelSchema("id", "node", "storage", "plugintype", "content")

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, _ field: String) -> Metric {
            catalogue.gauge(name, help, labels: DropInFamilies.id, source: "/cluster/resources " + field)
        }
        func counter(_ name: String, _ help: String, _ field: String) -> Metric {
            catalogue.counter(name, help, labels: DropInFamilies.id, source: "/cluster/resources " + field)
        }
        diskSize = gauge(
            "pve_disk_size_bytes", "Size of a storage, of a node's or container's root, of a virtual machine's boot disk.", "maxdisk")
        diskUsage = gauge("pve_disk_usage_bytes", "Used part of pve_disk_size_bytes; always 0 for virtual machines.", "disk")
        memorySize = gauge("pve_memory_size_bytes", "Memory of a node, or what a guest may have.", "maxmem")
        memoryUsage = gauge("pve_memory_usage_bytes", "Memory in use by a node or guest.", "mem")
        transmitted = gauge("pve_network_transmit_bytes", "Deprecated: pve_network_transmit_bytes_total as a gauge.", "netout")
        received = gauge("pve_network_receive_bytes", "Deprecated: pve_network_receive_bytes_total as a gauge.", "netin")
        written = gauge("pve_disk_write_bytes", "Deprecated: pve_disk_written_bytes_total as a gauge.", "diskwrite")
        read = gauge("pve_disk_read_bytes", "Deprecated: pve_disk_read_bytes_total as a gauge.", "diskread")
        cpuUsage = gauge("pve_cpu_usage_ratio", "CPU time in use, as a share of the CPUs of the node or guest.", "cpu")
        cpuLimit = gauge("pve_cpu_usage_limit", "CPUs of the node or guest.", "maxcpu")
        uptime = gauge("pve_uptime_seconds", "How long the node or guest has been running.", "uptime")
        shared = gauge("pve_storage_shared", "1 if the nodes share the storage.", "shared")
        transmittedTotal = counter("pve_network_transmit_bytes_total", "Bytes that the guest has sent since it started.", "netout")
        receivedTotal = counter("pve_network_receive_bytes_total", "Bytes that the guest has received since it started.", "netin")
        writtenTotal = counter(
            "pve_disk_written_bytes_total", "Bytes that the guest has written to its disks since it started.", "diskwrite")
        readTotal = counter("pve_disk_read_bytes_total", "Bytes that the guest has read from its disks since it started.", "diskread")
        guestInfo = catalogue.info(
            "pve_guest_info", "A virtual machine or container.", labels: Self.guestLabels,
            source: "/cluster/resources id, node, name, type, template, tags")
        storageInfo = catalogue.info(
            "pve_storage_info", "A storage of a node; the kinds of content in alphabetical order.", labels: Self.storageLabels,
            source: "/cluster/resources id, node, storage, plugintype, content")
    }

    func write(_ row: ResourceRow, id: LabelSet, into buffer: inout SampleBuffer) {
        buffer.add(diskSize, id, row.maxdisk)
        buffer.add(diskUsage, id, row.disk)
        buffer.add(memorySize, id, row.maxmem)
        buffer.add(memoryUsage, id, row.mem)
        buffer.add(transmitted, id, row.netout)
        buffer.add(transmittedTotal, id, row.netout)
        buffer.add(received, id, row.netin)
        buffer.add(receivedTotal, id, row.netin)
        buffer.add(written, id, row.diskwrite)
        buffer.add(writtenTotal, id, row.diskwrite)
        buffer.add(read, id, row.diskread)
        buffer.add(readTotal, id, row.diskread)
        buffer.add(cpuUsage, id, row.cpu)
        buffer.add(cpuLimit, id, row.maxcpu)
        buffer.add(uptime, id, row.uptime)
        buffer.add(shared, id, row.shared)
        if row.isGuest {
            let labels = buffer.labels(Self.guestLabels, row.id ?? "", row.node, row.name, row.type, row.template, row.tags)
            buffer.add(guestInfo, labels, true)
        } else if row.type == "storage" {
            // The API gives the list in another order each time.
            let kinds = row.content.split(separator: ",", omittingEmptySubsequences: false)
            let content = kinds.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: ",")
            buffer.add(storageInfo, buffer.labels(Self.storageLabels, row.id ?? "", row.node, row.storage, row.pluginType, content), true)
        }
    }
}
