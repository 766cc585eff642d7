import JSON

/// `/nodes/N/status`. Its `cpu` and `idle` are not read: the first depends on the worker that answers, the second is always 0.
package struct NodeStatus: Sendable {
    /// A memory-like area in bytes.
    package struct Space: Sendable {
        package let totalBytes: Double?
        package let usedBytes: Double?
        package let freeBytes: Double?
    }

    /// `pve-manager/9.2.11/14a22df35955d97d`
    package let version: String?
    /// `6.17.2-1-pve`
    package let kernel: String?
    package let cpuModel: String?
    /// `efi` or `legacy-bios`
    package let bootMode: String?
    package let memoryAvailableBytes: Double?
    package let load1: Double?
    package let load5: Double?
    package let load15: Double?
    /// Share of time waiting for input and output, 0-1.
    package let ioWaitRatio: Double?
    /// nil also when the machine does not tell (0 on ARM).
    package let cpuMegahertz: Double?
    /// Of all sockets.
    package let cores: Double?
    package let sockets: Double?
    package let rootFileSystem: Space?
    package let swap: Space?
    package let sharedByKSMBytes: Double?

    init?(_ data: JSONValue) {
        guard data.isObject else { return nil }
        version = data["pveversion"]?.word
        kernel = data["current-kernel"]?["release"]?.word
        bootMode = data["boot-info"]?["mode"]?.word
        memoryAvailableBytes = data["memory"]?["available"]?.number
        var loads: [Double?] = []
        data["loadavg"]?.forEachElement { loads.append($0.number) }
        func load(_ index: Int) -> Double? { loads.indices.contains(index) ? loads[index] : nil }
        load1 = load(0)
        load5 = load(1)
        load15 = load(2)
        ioWaitRatio = data["wait"]?.number
        let cpu = data["cpuinfo"]
        cpuModel = cpu?["model"]?.word
        cpuMegahertz = cpu?["mhz"]?.number.flatMap { $0 == 0 ? nil : $0 }
        cores = cpu?["cores"]?.number
        sockets = cpu?["sockets"]?.number
        rootFileSystem = data["rootfs"].map(Space.init)
        swap = data["swap"].map(Space.init)
        sharedByKSMBytes = data["ksm"]?["shared"]?.number
    }
}

extension NodeStatus.Space {
    init(_ value: JSONValue) {
        totalBytes = value["total"]?.number
        usedBytes = value["used"]?.number
        freeBytes = value["free"]?.number
    }
}
