import JSON

/// A row of `/nodes/N/lxc`. Its `cpu` is not read, for the reason given at `VirtualMachine`.
package struct Container: Sendable {
    package let vmid: Int
    package private(set) var name: String?
    package private(set) var status: String?
    package private(set) var isTemplate: Bool?
    package private(set) var tags: String?
    package private(set) var cpus: Double?
    package private(set) var uptimeSeconds: Double?
    package private(set) var processID: Double?
    package private(set) var memoryUsedBytes: Double?
    package private(set) var memoryBytes: Double?
    package private(set) var swapUsedBytes: Double?
    package private(set) var swapBytes: Double?
    /// Of the root file system.
    package private(set) var diskUsedBytes: Double?
    package private(set) var diskBytes: Double?
    package private(set) var networkInBytes: Double?
    package private(set) var networkOutBytes: Double?
    package private(set) var diskReadBytes: Double?
    package private(set) var diskWriteBytes: Double?
    package private(set) var pressure = Pressure()

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
            case "swap": swapUsedBytes = value.number
            case "maxswap": swapBytes = value.number
            case "disk": diskUsedBytes = value.number
            case "maxdisk": diskBytes = value.number
            case "netin": networkInBytes = value.number
            case "netout": networkOutBytes = value.number
            case "diskread": diskReadBytes = value.number
            case "diskwrite": diskWriteBytes = value.number
            default: pressure.take(key, value)
            }
        }
    }
}
