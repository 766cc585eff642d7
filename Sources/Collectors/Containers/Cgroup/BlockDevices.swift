import Primitives

/// The block devices of a machine, by their numbers.
struct BlockDevices {
    private let root: String
    private var known: [String: (name: String, isStacked: Bool)] = [:]

    init(fileSystemRoot: String) { root = fileSystemRoot }

    /// `sda` of `8:0`; the number itself when the machine does not tell.
    mutating func name(_ number: String) -> String { about(number).name }

    /// Those whose figures add up: what goes through a mapped device or a RAID is counted there and again on the disks below.
    mutating func addable(_ devices: [CgroupFigures.Device]) -> [CgroupFigures.Device] {
        guard devices.count > 1 else { return devices }
        var real: [CgroupFigures.Device] = []
        for device in devices where !about(device.number).isStacked { real.append(device) }
        return real.isEmpty ? devices : real
    }

    private mutating func about(_ number: String) -> (name: String, isStacked: Bool) {
        if let found = known[number] { return found }
        let place = "\(root)/sys/dev/block/\(number)"
        let name = Files.linkTarget(place).flatMap { $0.split(separator: "/").last.map(String.init) } ?? number
        let lower = Files.names(in: place + "/slaves", limit: 1) ?? []
        // A loop device's file lies on a disk.
        let found = (name, !lower.isEmpty || number.hasPrefix("7:"))
        known[number] = found
        return found
    }
}
