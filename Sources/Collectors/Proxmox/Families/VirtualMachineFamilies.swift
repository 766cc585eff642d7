import Metrics
import ProxmoxAPI

/// Families of virtual machines.
struct VirtualMachineFamilies: Sendable {
    private static let labels = GuestFamilies.labels

    private let status: Metric
    private let uptime: Metric
    private let cpuUsage: Metric
    private let cpus: Metric
    private let memoryUsed: Metric
    private let memoryMax: Metric
    private let memoryFree: Metric
    private let memoryHost: Metric
    private let diskMax: Metric
    private let pid: Metric
    private let networkIn: Metric
    private let networkOut: Metric
    private let diskRead: Metric
    private let diskWrite: Metric
    private let balloonTarget: Metric
    private let balloonActual: Metric
    private let balloonMax: Metric
    private let balloonTotal: Metric
    private let swappedIn: Metric
    private let swappedOut: Metric
    private let majorFaults: Metric
    private let minorFaults: Metric
    private let pressure: PressureFamilies
    private let disks: BlockDeviceFamilies
    private let interfaces: NetworkInterfaceFamilies

    init(_ catalogue: inout Catalogue) {
        let list = "/nodes/N/qemu?full=1 "
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("pve_vm_" + name, help, labels: Self.labels, source: source)
        }
        func counter(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.counter("pve_vm_" + name, help, labels: Self.labels, source: source)
        }
        status = gauge("status", "1 if the virtual machine runs; a paused one runs.", list + "status == running")
        uptime = gauge("uptime_seconds", "Seconds since QEMU started.", list + "uptime")
        cpuUsage = gauge("cpu_usage", "CPU use of the virtual machine's own CPUs over ten seconds, 0-1.", "/cluster/resources cpu")
        cpus = gauge("cpus", "CPUs of the virtual machine.", list + "cpus")
        memoryUsed = gauge("memory_used_bytes", "Memory in use, as the guest tells or else as the host counts it.", list + "mem")
        memoryMax = gauge("memory_max_bytes", "Memory that the virtual machine may use.", list + "maxmem")
        memoryFree = gauge("memory_free_bytes", "Free memory as the guest tells.", list + "freemem")
        memoryHost = gauge("memory_host_bytes", "Memory that the virtual machine takes on the host.", list + "memhost")
        diskMax = gauge("disk_max_bytes", "Size of the boot disk; 0 without one.", list + "maxdisk")
        pid = gauge("pid", "Process id of QEMU on the node.", list + "pid")
        networkIn = counter(
            "network_in_bytes_total", "Bytes received by all cards; starts at 0 again on start and live migration.", list + "netin")
        networkOut = counter(
            "network_out_bytes_total", "Bytes sent by all cards; starts at 0 again on start and live migration.", list + "netout")
        diskRead = counter("disk_read_bytes_total", "Bytes read from all disks since QEMU started.", list + "diskread")
        diskWrite = counter("disk_write_bytes_total", "Bytes written to all disks since QEMU started.", list + "diskwrite")
        balloonTarget = gauge("balloon_bytes", "Memory that the balloon is asked to leave to the guest.", list + "balloon")
        let info = list + "ballooninfo."
        balloonActual = gauge("balloon_actual_bytes", "Memory that the balloon leaves to the guest.", info + "actual")
        balloonMax = gauge("balloon_max_bytes", "Most memory that the balloon can leave to the guest.", info + "max_mem")
        balloonTotal = gauge("balloon_total_bytes", "Memory that the guest sees.", info + "total_mem")
        swappedIn = gauge("balloon_mem_swapped_in_bytes", "Memory that the guest swapped in since it booted.", info + "mem_swapped_in")
        swappedOut = gauge("balloon_mem_swapped_out_bytes", "Memory that the guest swapped out since it booted.", info + "mem_swapped_out")
        majorFaults = counter("balloon_major_page_faults_total", "Page faults in the guest that needed a disk.", info + "major_page_faults")
        minorFaults = counter(
            "balloon_minor_page_faults_total", "Page faults in the guest that needed no disk.", info + "minor_page_faults")
        pressure = PressureFamilies("pve_vm", "/nodes/N/qemu?full=1", &catalogue)
        disks = BlockDeviceFamilies(&catalogue)
        interfaces = NetworkInterfaceFamilies(&catalogue)
    }

    /// - Parameter cpu: from `/cluster/resources`.
    /// - Parameter detail: disks and cards are written from `disk` on; the call is the same, since the balloon comes with them.
    func write(_ labels: LabelSet, _ machine: VirtualMachine, cpu: Double?, detail: Detail, into buffer: inout SampleBuffer) {
        buffer.add(status, labels, machine.status.map { $0 == "running" })
        buffer.add(uptime, labels, machine.uptimeSeconds)
        buffer.add(cpuUsage, labels, cpu)
        buffer.add(cpus, labels, machine.cpus)
        buffer.add(memoryUsed, labels, machine.memoryUsedBytes)
        buffer.add(memoryMax, labels, machine.memoryBytes)
        buffer.add(memoryFree, labels, machine.memoryFreeBytes)
        buffer.add(memoryHost, labels, machine.memoryOnHostBytes)
        buffer.add(diskMax, labels, machine.diskBytes)
        buffer.add(pid, labels, machine.processID)
        buffer.add(networkIn, labels, machine.networkInBytes)
        buffer.add(networkOut, labels, machine.networkOutBytes)
        buffer.add(diskRead, labels, machine.diskReadBytes)
        buffer.add(diskWrite, labels, machine.diskWriteBytes)
        buffer.add(balloonTarget, labels, machine.balloonTargetBytes)
        buffer.add(balloonActual, labels, machine.balloon.actualBytes)
        buffer.add(balloonMax, labels, machine.balloon.maximumBytes)
        buffer.add(balloonTotal, labels, machine.balloon.totalBytes)
        buffer.add(swappedIn, labels, machine.balloon.swappedInBytes)
        buffer.add(swappedOut, labels, machine.balloon.swappedOutBytes)
        buffer.add(majorFaults, labels, machine.balloon.majorPageFaults)
        buffer.add(minorFaults, labels, machine.balloon.minorPageFaults)
        pressure.write(labels, machine.pressure, into: &buffer)
        guard detail >= .disk else { return }
        for disk in machine.disks { disks.write(labels, disk, into: &buffer) }
        for interface in machine.interfaces { interfaces.write(labels, interface, into: &buffer) }
    }

    /// What `/cluster/resources` tells when the node does not. No counters and no uptime: going back to an older source would look like a restart.
    func write(_ labels: LabelSet, _ guest: GuestResource, into buffer: inout SampleBuffer) {
        buffer.add(status, labels, guest.isRunning)
        buffer.add(cpuUsage, labels, guest.cpuRatio)
        buffer.add(cpus, labels, guest.cpus)
        buffer.add(memoryUsed, labels, guest.memoryUsedBytes)
        buffer.add(memoryMax, labels, guest.memoryBytes)
        buffer.add(diskMax, labels, guest.diskBytes)
    }

    func write(_ labels: LabelSet, cpu: Double?, into buffer: inout SampleBuffer) { buffer.add(cpuUsage, labels, cpu) }
}

extension GuestResource {
    /// As the node's list would say it: a paused machine's process runs. nil when nobody knows.
    var isRunning: Bool? {
        switch status {
        case nil, "unknown": nil
        case "running", "paused": true
        default: false
        }
    }
}
