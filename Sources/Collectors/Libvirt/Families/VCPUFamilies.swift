import Metrics

/// Virtual CPUs of a domain, one by one.
struct VCPUFamilies: Sendable {
    private static let labels = LibvirtFamilies.domainLabels.adding("vcpu")

    private let current, maximum: Metric
    private let table: FieldTable<DomainStatistics.VCPU>

    init(_ catalogue: inout Catalogue) {
        var table = FieldTable<DomainStatistics.VCPU>("libvirt_domain_vcpu_", labels: Self.labels, detail: .disk)
        let nanosecond = 1e-9
        current = catalogue.gauge(
            "libvirt_domain_vcpu_current", "Virtual CPUs that are plugged in.", labels: LibvirtFamilies.domainLabels,
            source: "virDomainListGetStats vcpu.current")
        maximum = catalogue.gauge(
            "libvirt_domain_vcpu_maximum", "Virtual CPUs that may be plugged in.", labels: LibvirtFamilies.domainLabels,
            source: "virDomainListGetStats vcpu.maximum")
        table.gauge(
            &catalogue, "state", "The virtual CPU's state: 0 offline, 1 running, 2 blocked.", .state,
            source: "virDomainListGetStats vcpu.N.state")
        table.counter(
            &catalogue, "time_seconds_total", "Time for which the virtual CPU has run.", .time, scale: nanosecond,
            source: "virDomainListGetStats vcpu.N.time")
        table.counter(
            &catalogue, "wait_seconds_total",
            "Time for which the virtual CPU has waited, as the wait_sum of the machine's scheduler counts it; 0 on Linux 5.16 and newer with libvirt 9.0, see delay.",
            .wait,
            scale: nanosecond, source: "virDomainListGetStats vcpu.N.wait, where the kernel counts schedstats")
        table.counter(
            &catalogue, "delay_seconds_total",
            "Time for which the virtual CPU had work and the machine ran something else, which its guest sees as stolen.",
            .delay, scale: nanosecond, source: "virDomainListGetStats vcpu.N.delay")
        self.table = table
    }

    /// - Parameter labels: those of the domain.
    func write(_ statistics: DomainStatistics, _ labels: LabelSet, detail: Detail, into buffer: inout SampleBuffer) {
        buffer.add(current, labels, statistics.currentVCPUs)
        buffer.add(maximum, labels, statistics.maximumVCPUs)
        guard detail >= .disk else { return }
        for vcpu in statistics.vcpus {
            table.write(vcpu.fields, buffer.labels(Self.labels, extending: labels, vcpu.name), into: &buffer)
        }
    }
}
