import Metrics
import ProxmoxAPI

/// Families of a virtual machine's disks. Time over operations is latency.
struct BlockDeviceFamilies: Sendable {
    private static let labels = GuestFamilies.labels.adding("device")

    private let readBytes: Metric
    private let writeBytes: Metric
    private let reads: Metric
    private let writes: Metric
    private let flushes: Metric
    private let unmaps: Metric
    private let failedReads: Metric
    private let failedWrites: Metric
    private let readTime: Metric
    private let writeTime: Metric
    private let flushTime: Metric
    private let unmapTime: Metric

    init(_ catalogue: inout Catalogue) {
        func counter(_ name: String, _ help: String, _ field: String) -> Metric {
            catalogue.counter(
                "pve_vm_block_\(name)_total", help, labels: Self.labels, detail: .disk, source: "/nodes/N/qemu?full=1 blockstat.*.\(field)")
        }
        readBytes = counter("read_bytes", "Bytes read from the disk since QEMU started.", "rd_bytes")
        writeBytes = counter("write_bytes", "Bytes written to the disk since QEMU started.", "wr_bytes")
        reads = counter("read_ops", "Reads from the disk.", "rd_operations")
        writes = counter("write_ops", "Writes to the disk.", "wr_operations")
        flushes = counter("flush_ops", "Flushes of the disk.", "flush_operations")
        unmaps = counter("unmap_ops", "Discards on the disk.", "unmap_operations")
        failedReads = counter("failed_read_ops", "Reads from the disk that failed.", "failed_rd_operations")
        failedWrites = counter("failed_write_ops", "Writes to the disk that failed.", "failed_wr_operations")
        readTime = counter("read_time_seconds", "Time that reads took, summed.", "rd_total_time_ns / 1e9")
        writeTime = counter("write_time_seconds", "Time that writes took, summed.", "wr_total_time_ns / 1e9")
        flushTime = counter("flush_time_seconds", "Time that flushes took, summed.", "flush_total_time_ns / 1e9")
        unmapTime = counter("unmap_time_seconds", "Time that discards took, summed.", "unmap_total_time_ns / 1e9")
    }

    func write(_ guest: LabelSet, _ disk: VirtualMachine.BlockDevice, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, extending: guest, disk.name)
        buffer.add(readBytes, labels, disk.readBytes)
        buffer.add(writeBytes, labels, disk.writeBytes)
        buffer.add(reads, labels, disk.reads)
        buffer.add(writes, labels, disk.writes)
        buffer.add(flushes, labels, disk.flushes)
        buffer.add(unmaps, labels, disk.unmaps)
        buffer.add(failedReads, labels, disk.failedReads)
        buffer.add(failedWrites, labels, disk.failedWrites)
        buffer.add(readTime, labels, disk.readNanoseconds.map { $0 / 1e9 })
        buffer.add(writeTime, labels, disk.writeNanoseconds.map { $0 / 1e9 })
        buffer.add(flushTime, labels, disk.flushNanoseconds.map { $0 / 1e9 })
        buffer.add(unmapTime, labels, disk.unmapNanoseconds.map { $0 / 1e9 })
    }
}

/// Families of a virtual machine's network cards, as the host's tap devices count them.
struct NetworkInterfaceFamilies: Sendable {
    private static let labels = GuestFamilies.labels.adding("interface")

    private let received: Metric
    private let sent: Metric

    init(_ catalogue: inout Catalogue) {
        received = catalogue.counter(
            "pve_vm_nic_in_bytes_total", "Bytes that the guest received through the card.", labels: Self.labels,
            detail: .disk, source: "/nodes/N/qemu?full=1 nics.*.netin")
        sent = catalogue.counter(
            "pve_vm_nic_out_bytes_total", "Bytes that the guest sent through the card.", labels: Self.labels,
            detail: .disk, source: "/nodes/N/qemu?full=1 nics.*.netout")
    }

    func write(_ guest: LabelSet, _ interface: VirtualMachine.NetworkInterface, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, extending: guest, interface.name)
        buffer.add(received, labels, interface.receivedBytes)
        buffer.add(sent, labels, interface.sentBytes)
    }
}
