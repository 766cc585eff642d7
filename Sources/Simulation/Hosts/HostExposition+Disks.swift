/// Disks and file systems.
extension HostExposition {
    private struct Disk {
        let device: String
        let readBytes: Double
        let writtenBytes: Double
        let reads: Double
        let writes: Double
        let flushes: Double
        let readSeconds: Double
        let writeSeconds: Double
        let busySeconds: Double
    }

    /// The guests' disks lie on the fast one; the host lives on the other.
    private var disks: [Disk] {
        let own = sinceBoot(node.diskWrites)
        let busy = sinceBoot(node.diskBusy)
        let ownWrites = (own / 16_384).rounded(.down)
        return [
            Disk(
                device: "nvme0n1", readBytes: Double(sums.read), writtenBytes: Double(sums.written), reads: Double(sums.reads),
                writes: Double(sums.writes), flushes: Double(sums.flushes), readSeconds: sums.readSeconds,
                writeSeconds: sums.writeSeconds, busySeconds: busy),
            Disk(
                device: "sda", readBytes: (ownWrites / 4).rounded(.down) * 16_384, writtenBytes: ownWrites * 16_384,
                reads: (ownWrites / 4).rounded(.down), writes: ownWrites, flushes: (ownWrites / 30).rounded(.down),
                readSeconds: ownWrites * 0.000_05, writeSeconds: ownWrites * 0.000_4, busySeconds: busy * 0.2),
        ]
    }

    /// The `node_disk_` families of both disks.
    func writeDisks(into writer: inout ExpositionWriter) {
        let disks = disks
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: (Disk) -> Double) {
            writer.family(name, kind, help)
            for disk in disks { writer.sample(["device": disk.device], value(disk)) }
        }
        each("node_disk_reads_completed_total", .counter, "Reads that ended well.") { $0.reads }
        each("node_disk_reads_merged_total", .counter, "Reads that were joined to others.") { ($0.reads / 50).rounded(.down) }
        each("node_disk_read_bytes_total", .counter, "Bytes read.") { $0.readBytes }
        each("node_disk_read_time_seconds_total", .counter, "Seconds that reads took.") { $0.readSeconds }
        each("node_disk_writes_completed_total", .counter, "Writes that ended well.") { $0.writes }
        each("node_disk_writes_merged_total", .counter, "Writes that were joined to others.") { ($0.writes / 5).rounded(.down) }
        each("node_disk_written_bytes_total", .counter, "Bytes written.") { $0.writtenBytes }
        each("node_disk_write_time_seconds_total", .counter, "Seconds that writes took.") { $0.writeSeconds }
        each("node_disk_flush_requests_total", .counter, "Flushes that ended well.") { $0.flushes }
        each("node_disk_flush_requests_time_seconds_total", .counter, "Seconds that flushes took.") { $0.flushes * 0.001 }
        each("node_disk_io_now", .gauge, "Requests in flight.") { _ in 0 }
        each("node_disk_io_time_seconds_total", .counter, "Seconds with a request in flight.") { $0.busySeconds }
        each("node_disk_io_time_weighted_seconds_total", .counter, "Seconds with a request in flight, times their number.") {
            $0.readSeconds + $0.writeSeconds
        }
        writer.family("node_disk_info", .gauge, "A disk's identity, as labels.")
        for (number, disk) in disks.enumerated() {
            let isFast = number == 0
            writer.sample(
                [
                    "device": disk.device, "major": isFast ? "259" : "8", "minor": "0",
                    "model": isFast ? "SAMSUNG MZQL23T8HCLS" : "INTEL SSDSC2KB24", "path": "", "revision": "",
                    "serial": "SIM\(node.index + 1)\(number)", "wwn": "",
                ], 1)
        }
    }

    /// The `node_filesystem_` families of root, firmware and shared storage.
    func writeFileSystems(into writer: inout ExpositionWriter) {
        struct FileSystem {
            let device: String
            let type: String
            let mountPoint: String
            let size: Int
            let used: Int
            let available: Int
            let files: Double
        }
        let share = World.pages(world.inventory.shareUsed.value(at: moment))
        let systems = [
            FileSystem(
                device: "/dev/mapper/pve-root", type: "ext4", mountPoint: "/", size: node.rootBytes, used: reading.rootUsedBytes,
                available: ProxmoxAnswers.rootAvailableBytes(node, reading), files: 6_291_456),
            FileSystem(
                device: "/dev/sda2", type: "vfat", mountPoint: "/boot/efi", size: 1_071_628_288, used: 9_175_040,
                available: 1_062_453_248, files: 0),
            FileSystem(
                device: "10.0.0.5:/export/nas", type: "nfs4", mountPoint: "/mnt/pve/nas", size: world.inventory.shareBytes, used: share,
                available: world.inventory.shareBytes - share, files: 1_610_612_736),
        ]
        func each(_ name: StaticString, _ help: StaticString, _ value: (FileSystem) -> Double) {
            writer.family(name, .gauge, help)
            for system in systems {
                writer.sample(["device": system.device, "fstype": system.type, "mountpoint": system.mountPoint], value(system))
            }
        }
        each("node_filesystem_avail_bytes", "Bytes left to ordinary users.") { Double($0.available) }
        each("node_filesystem_device_error", "Whether the file system could not be asked.") { _ in 0 }
        each("node_filesystem_files", "Inodes.") { $0.files }
        each("node_filesystem_files_free", "Inodes in no use.") { ($0.files * 0.97).rounded() }
        each("node_filesystem_free_bytes", "Bytes in no use.") { Double($0.size - $0.used) }
        each("node_filesystem_readonly", "Whether it cannot be written.") { _ in 0 }
        each("node_filesystem_size_bytes", "Size.") { Double($0.size) }
    }
}
