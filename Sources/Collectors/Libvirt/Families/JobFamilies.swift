import Metrics

/// The job of a whole domain: a migration, a save, a dump.
struct JobFamilies: Sendable {
    private static let labels = LibvirtFamilies.domainLabels
    private static let operationLabels = labels.adding("operation")

    private let type, operation: Metric
    private let dirtyRate: Metric
    private let table: FieldTable<DomainDetails.Job.Field>

    init(_ catalogue: inout Catalogue) {
        var table = FieldTable<DomainDetails.Job.Field>("libvirt_domain_job_info_", labels: Self.labels)
        let source = "virDomainGetJobStats "
        type = catalogue.gauge(
            "libvirt_domain_job_info_type",
            "The kind of the domain's job: 0 none, 1 bounded, 2 unbounded, 3 completed, 4 failed, 5 cancelled.", labels: Self.labels,
            source: source + "type")
        operation = catalogue.info(
            "libvirt_domain_job_operation_info", "What the domain's job does, as migration_out.", labels: Self.operationLabels,
            source: source + "operation")
        func gauge(_ name: String, _ help: String, _ field: DomainDetails.Job.Field, scale: Double = 1) {
            table.gauge(&catalogue, name, help, field, scale: scale, source: source + field.rawValue)
        }
        let millisecond = 1e-3
        gauge("time_elapsed_seconds", "Time since the job began.", .elapsed, scale: millisecond)
        gauge("time_remaining_seconds", "Time that the job will still take, as libvirt expects it.", .remaining, scale: millisecond)
        gauge("downtime_seconds", "Time for which the guest will stand still, as libvirt expects it.", .downtime, scale: millisecond)
        gauge("data_total_bytes", "What the job has to move.", .dataTotal)
        gauge("data_processed_bytes", "What the job has moved.", .dataProcessed)
        gauge("data_remaining_bytes", "What the job has still to move.", .dataRemaining)
        gauge("memory_total_bytes", "Memory that the job has to move.", .memoryTotal)
        gauge("memory_processed_bytes", "Memory that the job has moved, again and again where the guest writes to it.", .memoryProcessed)
        gauge("memory_remaining_bytes", "Memory that the job has still to move.", .memoryRemaining)
        gauge("memory_bytes_per_second", "Memory that the job moves in a second.", .memoryPerSecond)
        dirtyRate = catalogue.gauge(
            "libvirt_domain_job_info_memory_dirty_bytes_per_second",
            "Memory that the guest writes to in a second while it is moved; the job never ends where that is more than it moves.",
            labels: Self.labels, source: source + "memory_dirty_rate, memory_page_size")
        gauge("memory_iterations", "How often the job has gone through the guest's memory.", .iteration)
        gauge("file_total_bytes", "Disks that the job has to move.", .fileTotal)
        gauge("file_processed_bytes", "Disks that the job has moved.", .fileProcessed)
        gauge("file_remaining_bytes", "Disks that the job has still to move.", .fileRemaining)
        self.table = table
    }

    /// - Parameter labels: those of the domain.
    func write(_ job: DomainDetails.Job, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        buffer.add(type, labels, Double(job.type))
        guard job.type != 0 else { return }
        buffer.add(operation, buffer.labels(Self.operationLabels, extending: labels, job.operationWord), true)
        table.write(job.fields, labels, into: &buffer)
        if let pages = job.fields[.dirtyRate], let size = job.fields[.pageSize] { buffer.add(dirtyRate, labels, pages * size) }
    }
}
