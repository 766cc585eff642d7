import Metrics

/// Disks of a domain.
struct BlockFamilies: Sendable {
    private static let labels = LibvirtFamilies.domainLabels.adding("target_device")
    private static let infoLabels = labels.adding(
        "disk_type", "device", "target_bus", "driver_name", "driver_type", "driver_cache", "driver_discard", "source_file",
        "source_protocol", "serial")
    private static let typeLabels = labels.adding("type")

    private let table: FieldTable<DomainStatistics.Block>
    private let info, depth: Metric
    private let limits: [DomainDefinition.Disk.Limit.Kind: Metric]
    private let error: Metric
    private let jobInfo, jobRatio: Metric

    init(_ catalogue: inout Catalogue) {
        var table = FieldTable<DomainStatistics.Block>("libvirt_domain_block_stats_", labels: Self.labels, detail: .disk)
        let nanosecond = 1e-9
        func counter(_ name: String, _ help: String, _ field: DomainStatistics.Block, scale: Double = 1) {
            table.counter(&catalogue, name, help, field, scale: scale, source: "virDomainListGetStats block.N." + field.rawValue)
        }
        func gauge(_ name: String, _ help: String, _ field: DomainStatistics.Block) {
            table.gauge(&catalogue, name, help, field, source: "virDomainListGetStats block.N." + field.rawValue)
        }
        counter("read_bytes_total", "Bytes that the guest has read.", .readBytes)
        counter("read_requests_total", "Reads of the guest that were done.", .readRequests)
        counter("read_time_seconds_total", "Time that the guest's reads took, each counted by itself.", .readTimes, scale: nanosecond)
        counter("write_bytes_total", "Bytes that the guest has written.", .writeBytes)
        counter("write_requests_total", "Writes of the guest that were done.", .writeRequests)
        counter("write_time_seconds_total", "Time that the guest's writes took, each counted by itself.", .writeTimes, scale: nanosecond)
        counter("flush_requests_total", "Flushes of the guest that were done.", .flushRequests)
        counter("flush_time_seconds_total", "Time that the guest's flushes took, each counted by itself.", .flushTimes, scale: nanosecond)
        gauge("capacity_bytes", "Size of the disk as its guest sees it.", .capacity)
        gauge(
            "allocation_bytes", "The highest place of the image that was written to, of a file what it takes in its file system.",
            .allocation)
        gauge("physicalsize_bytes", "Size of the image, a file or a device.", .physical)
        func ofDisk(_ name: String, _ help: String, labels: LabelSchema = BlockFamilies.labels, source: String) -> Metric {
            catalogue.gauge("libvirt_domain_block_" + name, help, labels: labels, detail: .disk, source: source)
        }
        info = catalogue.info(
            "libvirt_domain_block_stats_info", "What is defined of the disk.", labels: Self.infoLabels, detail: .disk,
            source: "virDomainGetXMLDesc devices/disk")
        depth = ofDisk(
            "backing_chain_depth", "Images behind the one that the guest writes to; each snapshot outside of the image adds one.",
            source: "virDomainGetXMLDesc devices/disk/backingStore")
        func limit(_ name: String, _ help: String, _ element: String, hasType: Bool = true) -> Metric {
            ofDisk(
                "limit_" + name, help, labels: hasType ? Self.typeLabels : Self.labels,
                source: "virDomainGetXMLDesc devices/disk/iotune/" + element)
        }
        limits = [
            .bytes: limit(
                "bytes_per_second", "Bytes a second that the guest may read, write or both in total; absent where it is not limited.",
                "*_bytes_sec"),
            .operations: limit(
                "operations_per_second",
                "Operations a second that the guest may read, write or both in total; absent where it is not limited.", "*_iops_sec"),
            .burstBytes: limit(
                "burst_bytes_per_second", "Bytes a second that the guest may for a while; absent where not set.", "*_bytes_sec_max"),
            .burstOperations: limit(
                "burst_operations_per_second", "Operations a second that the guest may for a while; absent where not set.", "*_iops_sec_max"
            ),
            .bytesBurst: limit(
                "bytes_burst_seconds", "For how long a burst of bytes may go on; absent where not set.", "*_bytes_sec_max_length"),
            .operationsBurst: limit(
                "operations_burst_seconds", "For how long a burst of operations may go on; absent where not set.", "*_iops_sec_max_length"),
            .operationSize: limit(
                "operation_size_bytes", "A larger operation counts as several, each of this size; absent where not set.", "size_iops_sec",
                hasType: false),
        ]
        error = ofDisk(
            "error_code", "What made the hypervisor stop the disk: 0 nothing, 1 an error, 2 no space left.",
            source: "virDomainGetDiskErrors")
        jobInfo = catalogue.info(
            "libvirt_domain_block_job_info", "A job that is under way with the disk: pull, copy, commit, active_commit or backup.",
            labels: Self.typeLabels, detail: .disk, source: "virDomainGetBlockJobInfo type")
        jobRatio = ofDisk("job_progress_ratio", "How much of the disk's job is done.", source: "virDomainGetBlockJobInfo cur, end")
        self.table = table
    }

    /// - Parameter labels: those of the domain.
    func write(_ statistics: DomainStatistics, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        for disk in statistics.blocks {
            table.write(disk.fields, buffer.labels(Self.labels, extending: labels, disk.name), into: &buffer)
        }
    }

    func write(_ details: DomainDetails, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        for (disk, code) in (details.diskErrors ?? [:]).sorted(by: { $0.key < $1.key }) {
            buffer.add(error, buffer.labels(Self.labels, extending: labels, disk), Double(code))
        }
        for job in details.blockJobs ?? [] {
            let disk = buffer.labels(Self.labels, extending: labels, job.disk)
            buffer.add(jobInfo, buffer.labels(Self.typeLabels, extending: disk, job.word), true)
            buffer.add(jobRatio, disk, job.ratio)
        }
    }

    func write(_ definition: DomainDefinition, _ domain: DomainBasics, _ uri: String, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        for disk in definition.disks {
            let set = buffer.labels(Self.labels, extending: labels, disk.target)
            buffer.add(
                info,
                buffer.labels(
                    Self.infoLabels, uri, domain.name, domain.uuid, disk.target, disk.type, disk.device, disk.bus, disk.driver, disk.format,
                    disk.cache, disk.discard, disk.source, disk.networkProtocol, disk.serial), true)
            buffer.add(depth, set, disk.backingDepth.map { Double($0) })
            for limit in disk.limits {
                guard let family = limits[limit.kind] else { continue }
                buffer.add(family, limit.type.map { buffer.labels(Self.typeLabels, extending: set, $0.rawValue) } ?? set, limit.value)
            }
        }
    }
}
