import Metrics

/// The families of cAdvisor that dashboards read, with its names, labels and units; written when the settings want them.
///
/// Left out: what it makes of walks through file systems, and per-CPU series, which version 2 of control groups does not have.
struct CAdvisorFamilies {
    private static let labels = LabelSchema("id", "name", "image")
    private static let cpu = labels.adding("cpu")
    private static let interface = labels.adding("interface")
    private static let device = labels.adding("device")
    private static let failure = labels.adding("failure_type", "scope")
    private static let directions = ["receive", "transmit"]

    private let cpuTotal, cpuUser, cpuSystem, periods, throttledPeriods, throttled: Metric
    private let usage, workingSet, rss, cache, swap, maxUsage, failures: Metric
    /// bytes, packets, errors, packets dropped; received, then transmitted.
    private let network: [[Metric]]
    private let reads, writes: Metric
    private let quota, period, shares, memoryLimit: Metric
    private let startTime, lastSeen, oomEvents, processes, threads: Metric
    /// cpu, memory, io; waiting, then stalled.
    private let pressure: [String: [Metric]]

    init(_ catalogue: inout Catalogue) {
        let source = "as cAdvisor, when containers.cadvisor_names is set"
        func gauge(_ name: String, _ help: String, _ labels: LabelSchema = Self.labels) -> Metric {
            catalogue.gauge("container_\(name)", help, labels: labels, source: source)
        }
        func counter(_ name: String, _ help: String, _ labels: LabelSchema = Self.labels) -> Metric {
            catalogue.counter("container_\(name)", help, labels: labels, source: source)
        }
        cpuTotal = counter("cpu_usage_seconds_total", "CPU time, under cAdvisor's name.", Self.cpu)
        cpuUser = counter("cpu_user_seconds_total", "CPU time in user mode, under cAdvisor's name.")
        cpuSystem = counter("cpu_system_seconds_total", "CPU time in system mode, under cAdvisor's name.")
        periods = counter("cpu_cfs_periods_total", "Periods of the CPU limit, under cAdvisor's name.")
        throttledPeriods = counter(
            "cpu_cfs_throttled_periods_total", "Periods of the CPU limit that were cut short, under cAdvisor's name.")
        throttled = counter("cpu_cfs_throttled_seconds_total", "Time in which tasks were held back, under cAdvisor's name.")
        usage = gauge("memory_usage_bytes", "Memory with file cache, under cAdvisor's name.")
        workingSet = gauge("memory_working_set_bytes", "Memory without file cache that was not used lately, under cAdvisor's name.")
        rss = gauge("memory_rss", "Anonymous memory, under cAdvisor's name.")
        cache = gauge("memory_cache", "File cache, under cAdvisor's name.")
        swap = gauge("memory_swap", "Memory swapped out, under cAdvisor's name.")
        maxUsage = gauge("memory_max_usage_bytes", "Most memory that was used, under cAdvisor's name.")
        failures = counter("memory_failures_total", "Page faults, under cAdvisor's name.", Self.failure)
        network = Self.directions.map { direction in
            ["bytes", "packets", "errors", "packets_dropped"].map { kind in
                counter("network_\(direction)_\(kind)_total", "Of an interface, under cAdvisor's name.", Self.interface)
            }
        }
        reads = counter("fs_reads_bytes_total", "Bytes read from a disk, under cAdvisor's name.", Self.device)
        writes = counter("fs_writes_bytes_total", "Bytes written to a disk, under cAdvisor's name.", Self.device)
        quota = gauge("spec_cpu_quota", "CPU time in each period of the limit in millionths of a second, under cAdvisor's name.")
        period = gauge("spec_cpu_period", "Length of the CPU limit's period in millionths of a second, under cAdvisor's name.")
        shares = gauge("spec_cpu_shares", "Weight of CPU time, under cAdvisor's name.")
        memoryLimit = gauge("spec_memory_limit_bytes", "Limit of memory, 0 without one, under cAdvisor's name.")
        startTime = gauge("start_time_seconds", "Start in unix seconds, under cAdvisor's name.")
        lastSeen = gauge("last_seen", "When it was seen last, in unix seconds, under cAdvisor's name.")
        oomEvents = counter("oom_events_total", "Processes killed for want of memory, under cAdvisor's name.")
        processes = gauge("processes", "Processes, under cAdvisor's name.")
        threads = gauge("threads", "Threads, under cAdvisor's name.")
        pressure = Dictionary(
            uniqueKeysWithValues: ["cpu", "memory", "io"].map { resource in
                (
                    resource,
                    ["waiting", "stalled"].map { kind in
                        counter("pressure_\(resource)_\(kind)_seconds_total", "Time of pressure stall information, under cAdvisor's name.")
                    }
                )
            })
    }

    func write(_ readings: [ContainerReading], now: Double, _ devices: inout BlockDevices, into samples: inout FamilySamples) {
        for (index, reading) in readings.enumerated() {
            samples.begin(index, user: reading.container.user)
            guard let figures = reading.figures, let group = reading.container.group else { continue }
            let labels = samples.buffer.labels(Self.labels, "/" + group.path, reading.container.name, reading.container.image)
            write(figures, labels, into: &samples)
            samples.add(startTime, labels, reading.startTime)
            samples.add(lastSeen, labels, now.rounded(.down))
            samples.add(oomEvents, labels, reading.oomKills)
            for device in figures.devices ?? [] {
                let labels = samples.buffer.labels(Self.device, extending: labels, "/dev/" + devices.name(device.number))
                samples.add(reads, labels, device.readBytes)
                samples.add(writes, labels, device.writtenBytes)
            }
            for interface in reading.network ?? [] {
                let labels = samples.buffer.labels(Self.interface, extending: labels, interface.name)
                for (index, counts) in [interface.received, interface.transmitted].enumerated() {
                    for (metric, value) in zip(network[index], [counts.bytes, counts.packets, counts.errors, counts.dropped]) {
                        samples.add(metric, labels, value)
                    }
                }
            }
        }
    }

    private func write(_ figures: CgroupFigures, _ labels: LabelSet, into samples: inout FamilySamples) {
        if let total = figures.cpuTotal { samples.add(cpuTotal, samples.buffer.labels(Self.cpu, extending: labels, "total"), total) }
        samples.add(cpuUser, labels, figures.cpuUser)
        samples.add(cpuSystem, labels, figures.cpuSystem)
        samples.add(periods, labels, figures.cpuPeriods)
        samples.add(throttledPeriods, labels, figures.cpuThrottledPeriods)
        samples.add(throttled, labels, figures.cpuThrottled)
        samples.add(usage, labels, figures.memoryUsage)
        samples.add(workingSet, labels, figures.memoryWorkingSet)
        samples.add(rss, labels, figures.memoryAnonymous)
        samples.add(cache, labels, figures.memoryFile)
        samples.add(swap, labels, figures.memorySwap)
        samples.add(maxUsage, labels, figures.memoryPeak)
        for (kind, value) in [("pgfault", figures.pageFaults), ("pgmajfault", figures.majorPageFaults)] {
            guard let value else { continue }
            let kind = samples.buffer.labels(Self.labels.adding("failure_type"), extending: labels, kind)
            samples.add(failures, samples.buffer.labels(Self.failure, extending: kind, "hierarchy"), value)
        }
        samples.add(quota, labels, figures.cpuLimit.flatMap { limit in figures.cpuPeriod.map { (limit * $0 * 1e6).rounded() } })
        samples.add(period, labels, figures.cpuPeriod.map { ($0 * 1e6).rounded() })
        samples.add(shares, labels, figures.cpuShares)
        samples.add(memoryLimit, labels, figures.memoryUsage == nil ? nil : figures.memoryLimit ?? 0)
        samples.add(processes, labels, figures.processes)
        samples.add(threads, labels, figures.threads)
        for pressure in figures.pressure {
            guard let metrics = self.pressure[pressure.resource], metrics.count == 2 else { continue }
            samples.add(metrics[0], labels, pressure.waiting)
            samples.add(metrics[1], labels, pressure.stalled)
        }
    }
}
