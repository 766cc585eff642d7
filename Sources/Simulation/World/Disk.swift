/// A physical disk of a node.
struct Disk: Sendable {
    enum Kind: String, Sendable { case nvme, ssd, hdd, usb }

    let kind: Kind
    /// `/dev/sda`
    let path: String
    let model: String
    let vendor: String
    let serial: String
    let wwn: String
    let bytes: Int
    let isHealthy: Bool
    /// What is on it; nil for nothing.
    let use: String?
    /// Percent of its life that is used up.
    let wear: Int
    /// How long it had run when the world began.
    let hours: Int

    /// As `/dev/disk/by-id` names it; nil when it has no serial number.
    var link: String? {
        switch kind {
        case .nvme: "/dev/disk/by-id/nvme-\(model)_\(serial)"
        case .ssd, .hdd: "/dev/disk/by-id/ata-\(model)_\(serial)"
        case .usb: nil
        }
    }
}

extension World {
    /// Two disks that the node starts from, two for data, one without use; every third node of four has a stick too. Where a pool has
    /// lost a disk, the disk itself finds nothing wrong.
    func disks(of node: Node, at moment: Double) -> [Disk] {
        let isFailing = has(.diskFailing, node, at: moment)
        var generator = SeededGenerator(seed: inventory.seed, "disks", node.index)
        func disk(_ kind: Disk.Kind, _ path: String, _ model: String, _ bytes: Int, use: String?, isHealthy: Bool = true) -> Disk {
            let serial = generator.hexadecimal(digits: 12).uppercased()
            let hours = 2_000 + generator.below(40_000)
            return Disk(
                kind: kind, path: "/dev/" + path, model: model, vendor: kind == .nvme ? "unknown" : kind == .usb ? "Generic " : "ATA     ",
                serial: kind == .usb ? "unknown" : serial,
                wwn: kind == .nvme ? "eui.0025\(serial.lowercased())" : kind == .usb ? "unknown" : "0x5000\(serial.lowercased())",
                bytes: bytes,
                isHealthy: isHealthy, use: use,
                wear: kind == .hdd ? 0 : max(isFailing && path == "nvme1n1" ? 96 : 0, min(95, hours / 1500 + generator.below(4))),
                hours: hours)
        }
        var disks = [
            disk(.nvme, "nvme0n1", "SAMSUNG_MZQL23T8HCLS-00A07", 3_840_755_982_336, use: "ZFS"),
            disk(.nvme, "nvme1n1", "SAMSUNG_MZQL23T8HCLS-00A07", 3_840_755_982_336, use: "ZFS"),
            disk(.hdd, "sda", "ST8000NM000A-2KE101", 8_001_563_222_016, use: "ZFS", isHealthy: !isFailing),
            disk(.hdd, "sdb", "ST8000NM000A-2KE101", 8_001_563_222_016, use: "ZFS"),
            disk(.ssd, "sdc", "INTEL_SSDSC2KB480G8", 480_103_981_056, use: nil),
        ]
        if node.index % 4 == 2 { disks.append(disk(.usb, "sdd", "Flash_Disk", 31_457_280_000, use: "vfat")) }
        return disks
    }

    /// Degrees Celsius: warmer in the afternoon.
    func temperature(of disk: Disk, _ node: Node, at moment: Double) -> Int {
        if has(.overheating, node, at: moment) { return (disk.kind == .nvme ? 83 : 61) + disk.hours % 3 }
        return 29 + disk.hours % 7 + Int(node.diskBusy.value(at: moment) / node.diskBusy.peak * 9)
    }

    func hours(of disk: Disk, at moment: Double) -> Int { disk.hours + max(0, Int(moment)) / 3600 }

    /// Bytes that were written to it in its life.
    func writtenBytes(of disk: Disk, at moment: Double) -> Int { hours(of: disk, at: moment) * 3_600_000_000 / 512 * 512 }
}
