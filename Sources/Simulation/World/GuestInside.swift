/// What a guest's own system would tell: its release, its file systems, its addresses. Made when it is asked for.
struct GuestInside: Sendable {
    struct FileSystem: Sendable {
        let name: String
        let mountPoint: String
        let type: String
        let totalBytes: Int
        let usedBytes: Int
        /// As the system calls the disk; nil for what has none.
        let device: String?
        /// Which of the guest's virtual disks it is on.
        let disk: Int
    }

    struct Interface: Sendable {
        let name: String
        let hardwareAddress: String
        /// With the length of their prefix.
        let version4: [(address: String, prefix: Int)]
        let version6: [(address: String, prefix: Int)]
        let receivedBytes: Int
        let sentBytes: Int
        /// Of those received.
        var droppedPackets = 0
        var brokenPackets = 0
    }

    struct System: Sendable {
        let id: String
        let name: String
        let prettyName: String
        let version: String
        let versionID: String
        let kernel: String
        let kernelVersion: String
        /// Windows only.
        let variant: String?
    }

    let system: System
    let fileSystems: [FileSystem]
    let interfaces: [Interface]

    /// - Parameter moment: when the guest is asked; it must be running.
    init(_ guest: Guest, in world: World, at moment: Double, reading: GuestReading) {
        let identity = GuestIdentity(guest, in: world)
        var generator = SeededGenerator(seed: world.inventory.seed, "inside", guest.index)
        let isWindows = identity.systemType == "win11"
        system = isWindows ? Self.windows : Self.linux[generator.below(Self.linux.count)]
        // Fills slowly, and never all of it.
        let usual = generator.uniform(0.1, 0.7) + guest.memory.value(at: moment / 50) * 0.25
        let hasSnaps = isWindows ? false : generator.below(3) == 0
        let fullness = world.has(.diskFull, guest, at: moment) ? (0.985, 0.982) : (usual, usual * (isWindows ? 0.7 : 0.8))
        fileSystems =
            isWindows ? Self.windowsFileSystems(guest, fullness) : Self.linuxFileSystems(guest, fullness, hasSnaps: hasSnaps)
        let addresses = guest.kind == .qemu ? [identity.hardwareAddresses.0, identity.hardwareAddresses.1] : [identity.hardwareAddresses.0]
        let names = guest.kind == .lxc ? ["eth0"] : isWindows ? ["Ethernet", "Ethernet 2"] : ["ens18", "ens19"]
        let cards = [reading.cards.0, reading.cards.1]
        let loopback = Interface(
            name: isWindows ? "Loopback Pseudo-Interface 1" : "lo", hardwareAddress: isWindows ? "" : "00:00:00:00:00:00",
            version4: [("127.0.0.1", 8)], version6: [("::1", 128)], receivedBytes: 4096, sentBytes: 4096)
        let isBridged = guest.kind == .qemu && world.bridgedGuest == guest.index
        let network = { (number: Int) -> [(address: String, prefix: Int)] in
            let address =
                number == 0
                ? world.address(of: guest)
                : IPv4Address(10, 21, UInt8(truncatingIfNeeded: guest.vmid >> 8), UInt8(truncatingIfNeeded: guest.vmid))
            return [(address.description, World.prefixLength)]
        }
        var interfaces = zip(zip(names, addresses), cards).enumerated().map { number, card in
            // What is part of a bridge has no address of its own.
            let isPart = isBridged && number == 0
            return Interface(
                name: card.0.0, hardwareAddress: card.0.1.lowercased(), version4: isPart ? [] : network(number),
                version6: isPart ? [] : Self.version6(guest, number), receivedBytes: card.1.receivedBytes, sentBytes: card.1.sentBytes)
        }
        let losses = world.stretches(of: .packetDrops, guest, from: moment - reading.uptimeSeconds, to: moment)
        if !losses.isEmpty, !interfaces.isEmpty {
            let packets = losses.reduce(0) { $0 + guest.network.area(from: $1.start, to: $1.end) * 0.8 / 900 }
            let seconds = losses.reduce(0) { $0 + $1.seconds }
            interfaces[0].droppedPackets = Int(seconds * 3 + packets * 0.005)
            interfaces[0].brokenPackets = Int(seconds + packets * 0.002)
        }
        if isBridged {
            interfaces.append(
                Interface(
                    name: "br0", hardwareAddress: addresses[0].lowercased(), version4: network(0), version6: Self.version6(guest, 0),
                    receivedBytes: cards[0].receivedBytes, sentBytes: cards[0].sentBytes))
        }
        if guest.kind == .qemu, !isWindows {
            let hasDocker = generator.below(3) == 0
            interfaces += Self.innerNetworks(guest, seed: world.inventory.seed, hasDocker: hasDocker)
        }
        self.interfaces = [loopback] + interfaces
    }

    /// Networks that end inside the guest, and tunnels: nobody reaches it there.
    private static func innerNetworks(_ guest: Guest, seed: UInt64, hasDocker: Bool) -> [Interface] {
        var generator = SeededGenerator(seed: seed, "inner networks", guest.index)
        func interface(
            _ name: String, _ hardwareAddress: String, _ version4: [(address: String, prefix: Int)],
            _ version6: [(address: String, prefix: Int)] = []
        ) -> Interface {
            Interface(
                name: name, hardwareAddress: hardwareAddress, version4: version4, version6: version6, receivedBytes: 0, sentBytes: 0)
        }
        var interfaces: [Interface] = []
        if hasDocker {
            interfaces.append(interface("docker0", "02:42:ac:11:00:01", [("172.17.0.1", 16)]))
            if generator.below(2) == 0 {
                interfaces.append(interface("br-" + generator.hexadecimal(digits: 12), "02:42:ac:12:00:01", [("172.18.0.1", 16)]))
                let tail = generator.hexadecimal(digits: 4)
                let address = "6a:3c:1d:00:\(tail.prefix(2)):\(tail.suffix(2))"
                interfaces.append(interface("veth" + generator.hexadecimal(digits: 7), address, [], [("fe80::683c:1dff:fe00:\(tail)", 64)]))
            }
        }
        let last = 2 + guest.index % 250
        switch generator.below(6) {
        case 0: interfaces.append(interface("wg0", "", [("10.8.0.\(last)", 24)]))
        case 1: interfaces.append(interface("tailscale0", "", [("100.64.0.\(last)", 32)], [("fd7a:115c:a1e0::\(last)", 128)]))
        default: break
        }
        return interfaces
    }

    /// The first card has one that the world knows, the second only one of its link.
    private static func version6(_ guest: Guest, _ number: Int) -> [(address: String, prefix: Int)] {
        let tail = String(guest.vmid, radix: 16)
        let link = (address: "fe80::be24:11ff:fe\(number)a:\(tail)", prefix: 64)
        return number == 0 ? [(address: "2001:db8:20::\(tail)", prefix: 64), link] : [link]
    }

    private static func linuxFileSystems(_ guest: Guest, _ fullness: (Double, Double), hasSnaps: Bool) -> [FileSystem] {
        func system(_ name: String, _ mountPoint: String, _ type: String, _ bytes: Int, _ used: Double, _ disk: Int, hasDevice: Bool = true)
            -> FileSystem
        {
            FileSystem(
                name: name, mountPoint: mountPoint, type: type, totalBytes: bytes, usedBytes: World.pages(Double(bytes) * used),
                device: hasDevice ? "/dev/\(name)" : nil, disk: disk)
        }
        let boot = 1 << 30
        var systems = [
            system("sda2", "/", "ext4", guest.diskBytes - boot, fullness.0, 0), system("sda1", "/boot", "ext4", boot, 0.3, 0),
            system("sdb1", "/srv", "xfs", guest.diskBytes / 2, fullness.1, 1),
        ]
        if hasSnaps {
            systems.append(system("loop0", "/snap/core22/1621", "squashfs", 77_594_624, 1, 0, hasDevice: false))
            // A folder that is mounted at a second place.
            systems.append(system("sdb1", "/var/lib/docker", "xfs", guest.diskBytes / 2, fullness.1, 1))
        }
        return systems
    }

    private static func windowsFileSystems(_ guest: Guest, _ fullness: (Double, Double)) -> [FileSystem] {
        func volume(_ number: Int, _ mountPoint: String, _ bytes: Int, _ used: Double, _ disk: Int) -> FileSystem {
            FileSystem(
                name: "\\\\?\\Volume{5f1c63a8-0000-0000-0000-\(number)0100000000}\\", mountPoint: mountPoint, type: "NTFS",
                totalBytes: bytes,
                usedBytes: World.pages(Double(bytes) * used), device: "\\\\.\\PhysicalDrive\(disk)", disk: disk)
        }
        let reserved = 100 << 20
        return [
            volume(1, "System Reserved", reserved, 0.4, 0), volume(2, "C:\\", guest.diskBytes - reserved, fullness.0, 0),
            volume(3, "D:\\", guest.diskBytes / 2, fullness.1, 1),
        ]
    }

    private static let windows = System(
        id: "mswindows", name: "Microsoft Windows", prettyName: "Windows 11 Pro", version: "Microsoft Windows 11", versionID: "11",
        kernel: "26100", kernelVersion: "10.0", variant: "client")
    private static let linux = [
        System(
            id: "debian", name: "Debian GNU/Linux", prettyName: "Debian GNU/Linux 13 (trixie)", version: "13 (trixie)", versionID: "13",
            kernel: "6.12.48+deb13-amd64", kernelVersion: "#1 SMP PREEMPT_DYNAMIC Debian 6.12.48-1 (2025-09-20)", variant: nil),
        System(
            id: "ubuntu", name: "Ubuntu", prettyName: "Ubuntu 24.04.3 LTS", version: "24.04.3 LTS (Noble Numbat)", versionID: "24.04",
            kernel: "6.8.0-85-generic", kernelVersion: "#85-Ubuntu SMP PREEMPT_DYNAMIC Thu Sep 18 15:26:59 UTC 2025", variant: nil),
        System(
            id: "rocky", name: "Rocky Linux", prettyName: "Rocky Linux 9.6 (Blue Onyx)", version: "9.6 (Blue Onyx)", versionID: "9.6",
            kernel: "5.14.0-570.49.1.el9_6.x86_64", kernelVersion: "#1 SMP PREEMPT_DYNAMIC Wed Sep 24 17:03:38 UTC 2025", variant: nil),
    ]
}
