import Metrics

/// Memory as the balloon and the guest's driver of it tell it.
struct MemoryFamilies: Sendable {
    private let table: FieldTable<DomainStatistics.Memory>
    private let period: Metric

    private static let kibibyte = 1024.0

    init(_ catalogue: inout Catalogue) {
        var table = FieldTable<DomainStatistics.Memory>("libvirt_domain_memory_stats_", labels: LibvirtFamilies.domainLabels)
        period = catalogue.gauge(
            "libvirt_domain_memory_stats_period_seconds",
            "How often the guest's balloon driver is asked; at 0 it is never, and what the guest tells is old or not there.",
            labels: LibvirtFamilies.domainLabels, source: "virDomainGetXMLDesc memballoon/stats period")
        func gauge(_ name: String, _ help: String, _ field: DomainStatistics.Memory) {
            table.gauge(&catalogue, name, help, field, scale: Self.kibibyte, source: "virDomainListGetStats balloon." + field.rawValue)
        }
        func counter(_ name: String, _ help: String, _ field: DomainStatistics.Memory, scale: Double = 1) {
            table.counter(&catalogue, name, help, field, scale: scale, source: "virDomainListGetStats balloon." + field.rawValue)
        }
        gauge("actual_balloon_bytes", "Memory that the balloon leaves to the guest.", .current)
        gauge("maximum_bytes", "Memory that the balloon may leave to the guest at most.", .maximum)
        gauge("rss_bytes", "Memory of the machine that the domain's QEMU holds.", .rss)
        gauge("available_bytes", "Memory that the guest's kernel counts as its own, used or not.", .available)
        gauge("usable_bytes", "Memory that the guest can use without swapping, its MemAvailable.", .usable)
        gauge("unused_bytes", "Memory that the guest uses for nothing at all, its MemFree.", .unused)
        gauge("disk_cache_bytes", "Memory that the guest could get back from its caches of files.", .diskCaches)
        counter("swap_in_bytes_total", "What the guest has read from its swap.", .swapIn, scale: Self.kibibyte)
        counter("swap_out_bytes_total", "What the guest has written to its swap.", .swapOut, scale: Self.kibibyte)
        counter("major_fault_total", "Page faults of the guest that needed a disk.", .majorFault)
        counter("minor_fault_total", "Page faults of the guest that needed none.", .minorFault)
        counter("hugetlb_pgalloc_total", "Huge pages that the guest has got.", .hugetlbAllocations)
        counter("hugetlb_pgfail_total", "Huge pages that the guest has asked for in vain.", .hugetlbFailures)
        table.gauge(
            &catalogue, "last_update_timestamp_seconds", "When the guest told the figures of its own memory last, in seconds since 1970.",
            .lastUpdate, source: "virDomainListGetStats balloon.last-update")
        self.table = table
    }

    /// - Parameter labels: those of the domain.
    func write(_ statistics: DomainStatistics, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        table.write(statistics.memory, labels, into: &buffer)
    }

    func write(_ definition: DomainDefinition, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        buffer.add(period, labels, definition.balloonPeriodSeconds)
    }
}
