import Metrics
import ProxmoxAPI

/// Families of a node.
struct NodeFamilies: Sendable {
    static let labels = LabelSchema("cluster", "node")
    private static let infoLabels = labels.adding("version", "kernel", "cpu_model", "boot_mode")

    private let up: Metric
    private let stale: Metric
    private let uptime: Metric
    private let cpuLoad: Metric
    private let cpus: Metric
    private let memoryTotal: Metric
    private let memoryUsed: Metric
    private let memoryFree: Metric
    private let load1: Metric
    private let load5: Metric
    private let load15: Metric
    private let ioWait: Metric
    private let idle: Metric
    private let memoryAvailable: Metric
    private let info: Metric
    private let cpuMegahertz: Metric
    private let cpuCores: Metric
    private let cpuSockets: Metric
    private let rootTotal: Metric
    private let rootUsed: Metric
    private let rootFree: Metric
    private let ksmShared: Metric
    private let swapTotal: Metric
    private let swapUsed: Metric
    private let swapFree: Metric
    private let virtualMachines: Metric
    private let containers: Metric

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("pve_node_" + name, help, labels: Self.labels, source: source)
        }
        up = gauge(
            "up", "1 if corosync counts the node as a member, whatever its statistics daemon says: see pve_node_statistics_stale.",
            "/cluster/status online, else /cluster/resources status")
        stale = gauge(
            "statistics_stale",
            "1 if the node is a member and its statistics daemon has been silent for five minutes, so that figures from it are missing.",
            "/cluster/status online, /cluster/resources status")
        let resources = "/cluster/resources "
        uptime = gauge("uptime_seconds", "Seconds since the node booted.", resources + "uptime")
        cpuLoad = gauge("cpu_load", "CPU use of the node, 0-1.", resources + "cpu")
        cpus = gauge("cpus_total", "Threads of the node's CPUs.", resources + "maxcpu")
        memoryTotal = gauge("memory_total_bytes", "Memory of the node.", resources + "maxmem")
        memoryUsed = gauge("memory_used_bytes", "Memory in use; includes the ZFS ARC.", resources + "mem")
        memoryFree = gauge("memory_free_bytes", "Memory not in use: total less used.", resources + "maxmem - mem")
        let status = "/nodes/N/status "
        load1 = gauge("load1", "Load average over one minute.", status + "loadavg[0]")
        load5 = gauge("load5", "Load average over five minutes.", status + "loadavg[1]")
        load15 = gauge("load15", "Load average over fifteen minutes.", status + "loadavg[2]")
        ioWait = gauge("iowait", "Share of time that CPUs waited for input and output, 0-1.", status + "wait")
        idle = gauge(
            "idle", "Share of time that CPUs neither worked nor waited, 0-1.", "1 - /cluster/resources cpu - /nodes/N/status wait")
        memoryAvailable = gauge(
            "memory_available_bytes", "Memory that programs could have without swapping, as the kernel estimates it.",
            status + "memory.available")
        info = catalogue.info(
            "pve_node_info", "Version of Proxmox VE, kernel, CPU and boot mode of the node.", labels: Self.infoLabels,
            source: status + "pveversion, current-kernel.release, cpuinfo.model, boot-info.mode")
        cpuMegahertz = gauge(
            "cpu_mhz", "Clock of the first CPU in megahertz; absent where the machine does not tell.", status + "cpuinfo.mhz")
        cpuCores = gauge("cpu_cores", "CPU cores of all sockets.", status + "cpuinfo.cores")
        cpuSockets = gauge("cpu_sockets", "CPU sockets.", status + "cpuinfo.sockets")
        rootTotal = gauge("rootfs_total_bytes", "Size of the root file system.", status + "rootfs.total")
        rootUsed = gauge("rootfs_used_bytes", "Used space of the root file system.", status + "rootfs.used")
        rootFree = gauge(
            "rootfs_free_bytes", "Free space of the root file system, the part reserved for root included.", status + "rootfs.free")
        ksmShared = gauge("ksm_shared_bytes", "Memory that kernel same-page merging shares.", status + "ksm.shared")
        swapTotal = gauge("swap_total_bytes", "Size of swap.", status + "swap.total")
        swapUsed = gauge("swap_used_bytes", "Swap in use.", status + "swap.used")
        swapFree = gauge("swap_free_bytes", "Swap not in use.", status + "swap.free")
        virtualMachines = gauge("vm_count", "Virtual machines on the node, templates included.", "/nodes/N/qemu length")
        containers = gauge("lxc_count", "Containers on the node, templates included.", "/nodes/N/lxc length")
    }

    /// - Parameter isStale: nil when `/cluster/resources` does not tell.
    func write(_ labels: LabelSet, isOnline: Bool, isStale: Bool?, _ row: ClusterResources.Node?, into buffer: inout SampleBuffer) {
        buffer.add(up, labels, isOnline)
        guard isOnline else { return }
        buffer.add(stale, labels, isStale)
        guard let row else { return }
        buffer.add(uptime, labels, row.uptimeSeconds)
        buffer.add(cpuLoad, labels, row.cpuRatio)
        buffer.add(cpus, labels, row.cpus)
        buffer.add(memoryTotal, labels, row.memoryBytes)
        buffer.add(memoryUsed, labels, row.memoryUsedBytes)
        if let total = row.memoryBytes, let used = row.memoryUsedBytes { buffer.add(memoryFree, labels, total - used) }
    }

    /// - Parameter cpu: from `/cluster/resources`.
    func write(_ cluster: String, _ node: String, _ status: NodeStatus, cpu: Double?, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, cluster, node)
        if let version = status.version {
            let labels = buffer.labels(
                Self.infoLabels, cluster, node, version, status.kernel ?? "", status.cpuModel ?? "", status.bootMode ?? "")
            buffer.add(info, labels, true)
        }
        if let cpu, let wait = status.ioWaitRatio { buffer.add(idle, labels, max(0, 1 - cpu - wait)) }
        buffer.add(memoryAvailable, labels, status.memoryAvailableBytes)
        buffer.add(load1, labels, status.load1)
        buffer.add(load5, labels, status.load5)
        buffer.add(load15, labels, status.load15)
        buffer.add(ioWait, labels, status.ioWaitRatio)
        buffer.add(cpuMegahertz, labels, status.cpuMegahertz)
        buffer.add(cpuCores, labels, status.cores)
        buffer.add(cpuSockets, labels, status.sockets)
        buffer.add(rootTotal, labels, status.rootFileSystem?.totalBytes)
        buffer.add(rootUsed, labels, status.rootFileSystem?.usedBytes)
        buffer.add(rootFree, labels, status.rootFileSystem?.freeBytes)
        buffer.add(ksmShared, labels, status.sharedByKSMBytes)
        buffer.add(swapTotal, labels, status.swap?.totalBytes)
        buffer.add(swapUsed, labels, status.swap?.usedBytes)
        buffer.add(swapFree, labels, status.swap?.freeBytes)
    }

    func write(_ labels: LabelSet, virtualMachines count: Int?, containers other: Int?, into buffer: inout SampleBuffer) {
        buffer.add(virtualMachines, labels, count.map(Double.init))
        buffer.add(containers, labels, other.map(Double.init))
    }
}
