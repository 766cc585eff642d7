/// Disks and file systems.
extension LinuxExposition {
    /// The `node_disk_` families of all disks.
    func writeDisks(into writer: inout ExpositionWriter) {
        let disks = machine.disks
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: (LinuxMachine.Disk) -> Double) {
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
            // Disks of one driver are told apart by the second number, sixteen apart.
            let minor = disks[..<number].count { $0.major == disk.major } * 16
            writer.sample(
                [
                    "device": disk.device, "major": disk.major, "minor": "\(minor)", "model": disk.model, "path": "", "revision": "",
                    "serial": disk.serial, "wwn": "",
                ], 1)
        }
    }

    /// The `node_filesystem_` families of all that is mounted.
    func writeFileSystems(into writer: inout ExpositionWriter) {
        let systems = machine.fileSystems
        func each(_ name: StaticString, _ help: StaticString, _ value: (LinuxMachine.FileSystem) -> Double) {
            writer.family(name, .gauge, help)
            for system in systems {
                writer.sample(["device": system.device, "fstype": system.type, "mountpoint": system.mountPoint], value(system))
            }
        }
        each("node_filesystem_avail_bytes", "Bytes left to ordinary users.") { Double($0.available) }
        each("node_filesystem_device_error", "Whether the file system could not be asked.") { _ in 0 }
        each("node_filesystem_files", "Inodes.") { $0.files }
        each("node_filesystem_files_free", "Inodes in no use.") { ($0.files * (1 - $0.filesUsedShare)).rounded() }
        each("node_filesystem_free_bytes", "Bytes in no use.") { Double($0.size - $0.used) }
        each("node_filesystem_readonly", "Whether it cannot be written.") { _ in 0 }
        each("node_filesystem_size_bytes", "Size.") { Double($0.size) }
    }
}
