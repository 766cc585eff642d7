import Metrics

/// All families of the collector.
struct SystemFamilies {
    static let mode = LabelSchema("mode")
    static let window = LabelSchema("window")
    static let direction = LabelSchema("direction")
    static let resource = LabelSchema("resource")
    static let identity = LabelSchema("hostname", "kernel")

    let catalogue: Catalogue
    let info, uptime, cpus, cpu, load: Metric
    let memoryTotal, memoryAvailable, swapTotal, swapFree: Metric
    let diskBytes, networkBytes, rootSize, rootAvailable: Metric
    let waiting, stalled: Metric

    init() {
        var catalogue = Catalogue()
        func gauge(_ name: String, _ help: String, _ labels: LabelSchema = .none, from source: String) -> Metric {
            catalogue.gauge("llm_monitor_system_\(name)", help, labels: labels, source: source)
        }
        func counter(_ name: String, _ help: String, _ labels: LabelSchema = .none, from source: String) -> Metric {
            catalogue.counter("llm_monitor_system_\(name)", help, labels: labels, source: source)
        }
        info = catalogue.info(
            "llm_monitor_system_info", "What the machine calls itself, and its kernel.", labels: Self.identity,
            source: "/proc/sys/kernel/hostname, /proc/sys/kernel/osrelease")
        uptime = gauge("uptime_seconds", "Time since the machine was started.", from: "/proc/uptime")
        cpus = gauge("cpus", "CPUs that are online.", from: "/proc/stat cpuN")
        cpu = counter(
            "cpu_seconds_total", "Time of all CPUs by what they did; user with niced programs, irq with soft interrupts.", Self.mode,
            from: "/proc/stat cpu")
        load = gauge("load_average", "Tasks that ran or waited to, on average.", Self.window, from: "/proc/loadavg")
        memoryTotal = gauge("memory_total_bytes", "Memory of the machine.", from: "/proc/meminfo MemTotal")
        memoryAvailable = gauge("memory_available_bytes", "Memory that new programs could have.", from: "/proc/meminfo MemAvailable")
        swapTotal = gauge("swap_total_bytes", "Size of the swap space.", from: "/proc/meminfo SwapTotal")
        swapFree = gauge("swap_free_bytes", "Swap space that is not used.", from: "/proc/meminfo SwapFree")
        diskBytes = counter(
            "disk_bytes_total", "Bytes read from and written to all disks, each byte once.", Self.direction,
            from: "/proc/diskstats, /sys/block")
        networkBytes = counter(
            "network_bytes_total", "Bytes that came and went on the machine's network cards.", Self.direction,
            from: "/proc/1/net/dev")
        rootSize = gauge("root_filesystem_size_bytes", "Size of the root file system.", from: "statvfs of /")
        rootAvailable = gauge(
            "root_filesystem_available_bytes", "What programs may still write to the root file system.", from: "statvfs of /")
        waiting = counter(
            "pressure_waiting_seconds_total", "Time in which some tasks of the machine waited for a resource.", Self.resource,
            from: "/proc/pressure: some")
        stalled = counter(
            "pressure_stalled_seconds_total", "Time in which all tasks of the machine waited for a resource.", Self.resource,
            from: "/proc/pressure: full")
        self.catalogue = catalogue
    }
}
