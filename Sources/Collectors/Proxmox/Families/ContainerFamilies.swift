import Metrics
import ProxmoxAPI

/// Families of containers.
struct ContainerFamilies: Sendable {
    private let status: Metric
    private let uptime: Metric
    private let cpuUsage: Metric
    private let cpus: Metric
    private let memoryUsed: Metric
    private let memoryMax: Metric
    private let swapUsed: Metric
    private let swapMax: Metric
    private let diskUsed: Metric
    private let diskMax: Metric
    private let pid: Metric
    private let networkIn: Metric
    private let networkOut: Metric
    private let diskRead: Metric
    private let diskWrite: Metric
    private let pressure: PressureFamilies

    init(_ catalogue: inout Catalogue) {
        let list = "/nodes/N/lxc "
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("pve_lxc_" + name, help, labels: GuestFamilies.labels, source: source)
        }
        func counter(_ name: String, _ help: String, _ field: String) -> Metric {
            catalogue.counter("pve_lxc_\(name)_bytes_total", help, labels: GuestFamilies.labels, source: list + field)
        }
        status = gauge("status", "1 if the container runs.", list + "status == running")
        uptime = gauge("uptime_seconds", "Seconds since the container started.", list + "uptime")
        cpuUsage = gauge("cpu_usage", "CPU use of the container's own CPUs over ten seconds, 0-1.", "/cluster/resources cpu")
        cpus = gauge("cpus", "CPUs of the container.", list + "cpus")
        memoryUsed = gauge("memory_used_bytes", "Memory in use.", list + "mem")
        memoryMax = gauge("memory_max_bytes", "Memory that the container may use.", list + "maxmem")
        swapUsed = gauge("swap_used_bytes", "Swap in use.", list + "swap")
        swapMax = gauge("swap_max_bytes", "Swap that the container may use.", list + "maxswap")
        diskUsed = gauge("disk_used_bytes", "Used space of the root file system.", list + "disk")
        diskMax = gauge("disk_max_bytes", "Size of the root file system.", list + "maxdisk")
        pid = gauge("pid", "Process id of the container's init on the node.", list + "pid")
        networkIn = counter("network_in", "Bytes received; starts at 0 again when the container starts.", "netin")
        networkOut = counter("network_out", "Bytes sent; starts at 0 again when the container starts.", "netout")
        diskRead = counter("disk_read", "Bytes read from disks since the container started.", "diskread")
        diskWrite = counter("disk_write", "Bytes written to disks since the container started.", "diskwrite")
        pressure = PressureFamilies("pve_lxc", "/nodes/N/lxc", &catalogue)
    }

    /// - Parameter cpu: from `/cluster/resources`.
    func write(_ labels: LabelSet, _ container: Container, cpu: Double?, into buffer: inout SampleBuffer) {
        buffer.add(status, labels, container.status.map { $0 == "running" })
        buffer.add(uptime, labels, container.uptimeSeconds)
        buffer.add(cpuUsage, labels, cpu)
        buffer.add(cpus, labels, container.cpus)
        buffer.add(memoryUsed, labels, container.memoryUsedBytes)
        buffer.add(memoryMax, labels, container.memoryBytes)
        buffer.add(swapUsed, labels, container.swapUsedBytes)
        buffer.add(swapMax, labels, container.swapBytes)
        buffer.add(diskUsed, labels, container.diskUsedBytes)
        buffer.add(diskMax, labels, container.diskBytes)
        buffer.add(pid, labels, container.processID)
        buffer.add(networkIn, labels, container.networkInBytes)
        buffer.add(networkOut, labels, container.networkOutBytes)
        buffer.add(diskRead, labels, container.diskReadBytes)
        buffer.add(diskWrite, labels, container.diskWriteBytes)
        pressure.write(labels, container.pressure, into: &buffer)
    }

    /// What `/cluster/resources` tells when the node does not; no counters, as with virtual machines.
    func write(_ labels: LabelSet, _ guest: GuestResource, into buffer: inout SampleBuffer) {
        buffer.add(status, labels, guest.isRunning)
        buffer.add(cpuUsage, labels, guest.cpuRatio)
        buffer.add(cpus, labels, guest.cpus)
        buffer.add(memoryUsed, labels, guest.memoryUsedBytes)
        buffer.add(memoryMax, labels, guest.memoryBytes)
        buffer.add(diskUsed, labels, guest.diskUsedBytes)
        buffer.add(diskMax, labels, guest.diskBytes)
    }

    func write(_ labels: LabelSet, cpu: Double?, into buffer: inout SampleBuffer) { buffer.add(cpuUsage, labels, cpu) }
}
