/// Volumes and the disks that they lie on.
extension WindowsExposition {
    private struct Volume {
        let name: String
        let label: String
        let disk: Int
        let size: Int
        let free: Int
        /// What the disk did for it.
        let traffic: GuestReading.Disk
        let busySeconds: Double
    }

    /// What is reserved for starting is not touched afterwards.
    private var volumes: [Volume] {
        let disks = [state.reading.disks.0, state.reading.disks.1, state.reading.disks.2]
        return state.inside.fileSystems.map { system in
            let isLettered = system.mountPoint.hasSuffix(":\\")
            return Volume(
                name: isLettered ? String(system.mountPoint.dropLast()) : "HarddiskVolume1",
                label: isLettered ? (system.mountPoint == "C:\\" ? "" : "Data") : system.mountPoint, disk: system.disk,
                size: system.totalBytes, free: system.totalBytes - system.usedBytes,
                traffic: isLettered && disks.indices.contains(system.disk) ? disks[system.disk] : GuestReading.Disk(),
                busySeconds: isLettered ? state.busySeconds(ofDisk: system.disk) : 0)
        }
    }

    /// The `windows_logical_disk_` families.
    func writeVolumes(into writer: inout ExpositionWriter) {
        let volumes = volumes
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: (Volume) -> Double) {
            writer.family(name, kind, help)
            for volume in volumes { writer.sample(["volume": volume.name], value(volume)) }
        }
        each("windows_logical_disk_avg_read_requests_queued", .gauge, "Reads that waited, on average.") { _ in 0 }
        each("windows_logical_disk_avg_write_requests_queued", .gauge, "Writes that waited, on average.") { _ in 0 }
        // Whole mebibytes, as Windows counts them.
        each("windows_logical_disk_free_bytes", .gauge, "Bytes in no use.") { Double($0.free & ~0xF_FFFF) }
        each("windows_logical_disk_idle_seconds_total", .counter, "Seconds without work.") { max(0, uptimeSeconds - $0.busySeconds) }
        writer.family("windows_logical_disk_info", .gauge, "A volume's identity, as labels.")
        for (number, volume) in volumes.enumerated() {
            writer.sample(
                [
                    "disk": "\(volume.disk)", "filesystem": "NTFS",
                    "serial_number": String(0x5F1C_6300 + number, radix: 16, uppercase: true),
                    "type": "fixed", "volume": volume.name, "volume_name": volume.label,
                ], 1)
        }
        each("windows_logical_disk_read_bytes_total", .counter, "Bytes read.") { Double($0.traffic.readBytes) }
        each("windows_logical_disk_read_latency_seconds_total", .counter, "Seconds that reads took.") {
            Self.seconds($0.traffic.readNanoseconds)
        }
        each("windows_logical_disk_read_seconds_total", .counter, "Seconds with a read in work.") {
            Self.seconds($0.traffic.readNanoseconds)
        }
        each("windows_logical_disk_read_write_latency_seconds_total", .counter, "Seconds that reads and writes took.") {
            Self.seconds($0.traffic.readNanoseconds) + Self.seconds($0.traffic.writeNanoseconds)
        }
        each("windows_logical_disk_reads_total", .counter, "Reads.") { Double($0.traffic.readOperations) }
        each("windows_logical_disk_requests_queued", .gauge, "Requests that wait now.") { _ in 0 }
        each("windows_logical_disk_size_bytes", .gauge, "Size.") { Double($0.size & ~0xF_FFFF) }
        each("windows_logical_disk_split_ios_total", .counter, "Requests that were split.") { Double($0.traffic.writeOperations / 200) }
        each("windows_logical_disk_write_bytes_total", .counter, "Bytes written.") { Double($0.traffic.writtenBytes) }
        each("windows_logical_disk_write_latency_seconds_total", .counter, "Seconds that writes took.") {
            Self.seconds($0.traffic.writeNanoseconds)
        }
        each("windows_logical_disk_write_seconds_total", .counter, "Seconds with a write in work.") {
            Self.seconds($0.traffic.writeNanoseconds)
        }
        each("windows_logical_disk_writes_total", .counter, "Writes.") { Double($0.traffic.writeOperations) }
    }

    /// The `windows_physical_disk_` families; the third disk has no volume.
    func writePhysicalDisks(into writer: inout ExpositionWriter) {
        let disks = [state.reading.disks.0, state.reading.disks.1, state.reading.disks.2]
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: (Int, GuestReading.Disk) -> Double) {
            writer.family(name, kind, help)
            for (number, disk) in disks.enumerated() { writer.sample(["disk": "\(number)"], value(number, disk)) }
        }
        each("windows_physical_disk_idle_seconds_total", .counter, "Seconds without work.") { number, _ in
            max(0, uptimeSeconds - state.busySeconds(ofDisk: number))
        }
        each("windows_physical_disk_read_bytes_total", .counter, "Bytes read.") { Double($1.readBytes) }
        each("windows_physical_disk_read_latency_seconds_total", .counter, "Seconds that reads took.") { Self.seconds($1.readNanoseconds) }
        each("windows_physical_disk_read_seconds_total", .counter, "Seconds with a read in work.") { Self.seconds($1.readNanoseconds) }
        each("windows_physical_disk_read_write_latency_seconds_total", .counter, "Seconds that reads and writes took.") {
            Self.seconds($1.readNanoseconds) + Self.seconds($1.writeNanoseconds)
        }
        each("windows_physical_disk_reads_total", .counter, "Reads.") { Double($1.readOperations) }
        each("windows_physical_disk_requests_queued", .gauge, "Requests that wait now.") { _, _ in 0 }
        each("windows_physical_disk_split_ios_total", .counter, "Requests that were split.") { Double($1.writeOperations / 200) }
        each("windows_physical_disk_write_bytes_total", .counter, "Bytes written.") { Double($1.writtenBytes) }
        each("windows_physical_disk_write_latency_seconds_total", .counter, "Seconds that writes took.") {
            Self.seconds($1.writeNanoseconds)
        }
        each("windows_physical_disk_write_seconds_total", .counter, "Seconds with a write in work.") { Self.seconds($1.writeNanoseconds) }
        each("windows_physical_disk_writes_total", .counter, "Writes.") { Double($1.writeOperations) }
    }

    private static func seconds(_ nanoseconds: Int) -> Double { Double(nanoseconds) / 1e9 }
}
