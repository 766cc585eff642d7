import Testing

@testable import Simulation

/// How guests are set up, with keys and kinds typed from answers that a real Proxmox VE 9.2 gave.
@Suite struct ConfigurationTests {
    private static let machine: [String: String] = [
        "boot": "string", "cores": "integer", "digest": "string", "memory": "string", "meta": "string", "name": "string", "net0": "string",
        "ostype": "string", "scsi0": "string", "scsihw": "string", "smbios1": "string", "sockets": "integer", "vmgenid": "string",
    ]
    /// What the recorded machines lacked; the simulated ones have three disks, a drive and two cards, as their counters tell.
    private static let devices: Set<String> = ["cpu", "ide2", "net1", "scsi1", "scsi2"]
    private static let container: [String: String] = [
        "arch": "string", "cores": "integer", "digest": "string", "hostname": "string", "memory": "integer", "net0": "string",
        "ostype": "string", "rootfs": "string", "swap": "integer", "unprivileged": "integer",
    ]
    private static let sometimes: [String: String] = [
        "agent": "string", "balloon": "integer", "description": "string", "hostpci0": "string", "ipconfig0": "string", "lock": "string",
        "onboot": "integer",
        "parent": "string", "tags": "string",
        "template": "integer",
    ]

    @Test func `machines`() throws {
        let answers = answers(try world(guests: 300), after: 60)
        var seen: Set<String> = []
        for guest in answers.inventory.guests where guest.kind == .qemu {
            let data = try #require(try Tree(answers.qemuConfiguration(guest))["data"])
            #expect(data.keys.subtracting(Self.sometimes.keys) == Set(Self.machine.keys).union(Self.devices))
            for key in data.keys { #expect(data[key]?.kind == Self.machine[key] ?? Self.sometimes[key] ?? "string", "\(key)") }
            #expect(data["name"] == .string(guest.name) && data["memory"] == .string("\(guest.memoryBytes / 1_048_576)"))
            #expect(data["cores"]?.integer == guest.cpus && data["tags"]?.string == guest.tags && data["lock"]?.string == guest.lock)
            #expect((data["agent"] != nil) == guest.hasAgent && (data["template"] != nil) == (guest.role == .template))
            #expect(data["scsi0"]?.string?.hasSuffix(",size=\(guest.diskBytes / 1_073_741_824)G") == true)
            #expect(data["digest"]?.string?.utf8.count == 40 && data["vmgenid"]?.string?.utf8.count == 36)
            let hasCloudInit = data["ipconfig0"] != nil
            #expect(data["ide2"] == .string(hasCloudInit ? "local-zfs:vm-\(guest.vmid)-cloudinit,media=cdrom" : "none,media=cdrom"))
            #expect(!hasCloudInit || answers.agentFailure(guest) != nil)
            seen.formUnion(data.keys)
        }
        #expect(seen.isSuperset(of: Self.sometimes.keys))
    }

    @Test func `containers`() throws {
        let answers = answers(try world(guests: 300), after: 60)
        var seen: Set<String> = []
        var statics = 0
        for guest in answers.inventory.guests where guest.kind == .lxc {
            let data = try #require(try Tree(answers.lxcConfiguration(guest))["data"])
            #expect(data.keys.subtracting(Self.sometimes.keys) == Set(Self.container.keys))
            for key in data.keys { #expect(data[key]?.kind == Self.container[key] ?? Self.sometimes[key], "\(key)") }
            #expect(data["hostname"] == .string(guest.name) && data["memory"]?.integer == guest.memoryBytes / 1_048_576)
            #expect(data["swap"]?.integer == guest.swapBytes / 1_048_576 && data["agent"] == nil)
            seen.formUnion(data.keys)
            let card = try #require(data["net0"]?.string)
            #expect(card.hasPrefix("name=eth0,bridge=vmbr0,") && card.hasSuffix(",type=veth"))
            #expect(card.contains(",ip=dhcp,") != card.contains(",ip=\(answers.world.address(of: guest))/16,"))
            #expect(card.contains(",gw=") != card.contains("dhcp"))
            statics += card.contains("dhcp") ? 0 : 1
        }
        #expect((30..<80).contains(statics))
        #expect(seen.isSuperset(of: ["onboot", "tags", "description", "template"]))
    }

    @Test func `only some start with their node`() throws {
        let world = try world(guests: 200)
        let starting = world.inventory.guests.filter { GuestIdentity($0, in: world).startsOnBoot }
        #expect((80..<150).contains(starting.count) && !starting.contains { $0.role == .template })
    }

    /// What is set does not change, whatever happens.
    @Test func `a configuration stands still`() throws {
        let world = try world([Step(after: 10, scenario: .cpuSaturation)])
        for guest in world.inventory.guests.prefix(20) {
            let (one, two) = (answers(world, after: 0), answers(world, after: 90_000))
            #expect(guest.kind == .lxc || one.qemuConfiguration(guest) == two.qemuConfiguration(guest))
            #expect(guest.kind == .qemu || one.lxcConfiguration(guest) == two.lxcConfiguration(guest))
        }
        let addresses = world.inventory.guests.map { GuestIdentity($0, in: world).hardwareAddresses }
        #expect(Set(addresses.flatMap { [$0.0, $0.1] }).count == addresses.count * 2)
        #expect(addresses.allSatisfy { $0.0.hasPrefix("BC:24:11:") && $0.0.utf8.count == 17 })
    }
}
