import JSON

/// A row of `/nodes/N/qemu?full=1`. What comes from QEMU itself is absent when the machine does not answer in three seconds.
///
/// Its `cpu` is not read: it is computed from what the answering worker happens to remember.
package struct VirtualMachine: Sendable {
    /// An entry of `blockstat`; counters since QEMU started.
    package struct BlockDevice: Sendable {
        /// `scsi0`
        package let name: String
        package fileprivate(set) var readBytes: Double?
        package fileprivate(set) var writeBytes: Double?
        package fileprivate(set) var reads: Double?
        package fileprivate(set) var writes: Double?
        package fileprivate(set) var flushes: Double?
        package fileprivate(set) var unmaps: Double?
        package fileprivate(set) var failedReads: Double?
        package fileprivate(set) var failedWrites: Double?
        package fileprivate(set) var readNanoseconds: Double?
        package fileprivate(set) var writeNanoseconds: Double?
        package fileprivate(set) var flushNanoseconds: Double?
        package fileprivate(set) var unmapNanoseconds: Double?
    }

    /// An entry of `nics`.
    package struct NetworkInterface: Sendable {
        /// `tap100i0`
        package let name: String
        package let receivedBytes: Double?
        package let sentBytes: Double?
    }

    /// `ballooninfo`
    package struct Balloon: Sendable {
        package fileprivate(set) var actualBytes: Double?
        package fileprivate(set) var maximumBytes: Double?
        package fileprivate(set) var totalBytes: Double?
        package fileprivate(set) var swappedInBytes: Double?
        package fileprivate(set) var swappedOutBytes: Double?
        package fileprivate(set) var majorPageFaults: Double?
        package fileprivate(set) var minorPageFaults: Double?
    }

    /// Disks, and cards, of one machine that are believed; QEMU has fewer.
    private static let deviceLimit = 128

    package let vmid: Int
    package private(set) var name: String?
    /// The state of the process: `running` also while paused.
    package private(set) var status: String?
    package private(set) var isTemplate: Bool?
    package private(set) var tags: String?
    package private(set) var cpus: Double?
    package private(set) var uptimeSeconds: Double?
    package private(set) var processID: Double?
    package private(set) var memoryUsedBytes: Double?
    package private(set) var memoryBytes: Double?
    package private(set) var memoryOnHostBytes: Double?
    package private(set) var memoryFreeBytes: Double?
    package private(set) var balloonTargetBytes: Double?
    package private(set) var diskBytes: Double?
    package private(set) var networkInBytes: Double?
    package private(set) var networkOutBytes: Double?
    package private(set) var diskReadBytes: Double?
    package private(set) var diskWriteBytes: Double?
    package private(set) var balloon = Balloon()
    package private(set) var pressure = Pressure()
    package private(set) var disks: [BlockDevice] = []
    package private(set) var interfaces: [NetworkInterface] = []

    init?(_ row: JSONValue) {
        guard let vmid = row["vmid"]?.integer, vmid >= 0 else { return nil }
        self.vmid = vmid
        row.forEachMember { key, value in
            switch key {
            case "name": name = value.word
            case "status": status = value.text
            case "template": isTemplate = value.flag
            case "tags": tags = value.word
            case "cpus": cpus = value.number
            case "uptime": uptimeSeconds = value.number
            case "pid": processID = value.number
            case "mem": memoryUsedBytes = value.number
            case "maxmem": memoryBytes = value.number
            case "memhost": memoryOnHostBytes = value.number
            case "freemem": memoryFreeBytes = value.number
            case "balloon": balloonTargetBytes = value.number
            case "maxdisk": diskBytes = value.number
            case "netin": networkInBytes = value.number
            case "netout": networkOutBytes = value.number
            case "diskread": diskReadBytes = value.number
            case "diskwrite": diskWriteBytes = value.number
            case "ballooninfo": value.forEachMember { balloon.take($0, $1) }
            case "blockstat": value.forEachMember { if disks.count < Self.deviceLimit { disks.append(BlockDevice($0.word, $1)) } }
            case "nics": value.forEachMember { if interfaces.count < Self.deviceLimit { interfaces.append(NetworkInterface($0.word, $1)) } }
            default: pressure.take(key, value)
            }
        }
        // The API is written in Perl, whose hashes have another order each time.
        disks.sort { $0.name < $1.name }
        interfaces.sort { $0.name < $1.name }
    }
}

extension VirtualMachine.BlockDevice {
    init(_ name: String, _ statistics: JSONValue) {
        self.name = name
        statistics.forEachMember { key, value in
            switch key {
            case "rd_bytes": readBytes = value.number
            case "wr_bytes": writeBytes = value.number
            case "rd_operations": reads = value.number
            case "wr_operations": writes = value.number
            case "flush_operations": flushes = value.number
            case "unmap_operations": unmaps = value.number
            case "failed_rd_operations": failedReads = value.number
            case "failed_wr_operations": failedWrites = value.number
            case "rd_total_time_ns": readNanoseconds = value.number
            case "wr_total_time_ns": writeNanoseconds = value.number
            case "flush_total_time_ns": flushNanoseconds = value.number
            case "unmap_total_time_ns": unmapNanoseconds = value.number
            default: break
            }
        }
    }
}

extension VirtualMachine.NetworkInterface {
    init(_ name: String, _ statistics: JSONValue) {
        self.name = name
        receivedBytes = statistics["netin"]?.number
        sentBytes = statistics["netout"]?.number
    }
}

extension VirtualMachine.Balloon {
    fileprivate mutating func take(_ key: JSONKey, _ value: JSONValue) {
        switch key {
        case "actual": actualBytes = value.number
        case "max_mem": maximumBytes = value.number
        case "total_mem": totalBytes = value.number
        case "mem_swapped_in": swappedInBytes = value.number
        case "mem_swapped_out": swappedOutBytes = value.number
        case "major_page_faults": majorPageFaults = value.number
        case "minor_page_faults": minorPageFaults = value.number
        default: break
        }
    }
}
