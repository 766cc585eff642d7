import Testing
import Web

@testable import Simulation

/// What agents and containers tell.
@Suite struct GuestInsideTests {
    private let answers: ProxmoxAnswers

    init() throws { answers = Simulation.ProxmoxAnswers(world: try world(guests: 300), unixSeconds: epoch + 60) }

    private func result(_ command: GuestPlace.AgentCommand, _ guest: Guest) throws -> Tree {
        let view = answers.world.view(of: guest.node, at: answers.moment)
        return try #require(try Tree(answers.agent(command, guest, view))["data"]?["result"])
    }

    private var reachable: [Guest] { answers.inventory.guests.filter { answers.agentFailure($0) == nil && $0.kind == .qemu } }

    @Test func `agents fail as recorded`() throws {
        for guest in answers.inventory.guests where guest.kind == .qemu {
            let failure = answers.agentFailure(guest)
            let words = ["No QEMU guest agent configured\n", "VM \(guest.vmid) is not running\n", "QEMU guest agent is not running\n"]
            #expect(
                failure == (!guest.hasAgent ? words[0] : !guest.isLive ? words[1] : answers.world.hasAnsweringAgent(guest) ? nil : words[2])
            )
        }
        for name in [
            "nodes-pve1-qemu-100-agent-get-fsinfo", "more-nodes-pve1-qemu-101-agent-get-fsinfo", "nodes-pve2-qemu-110-agent-get-fsinfo",
        ] {
            let message = try #require(try Tree(Recorded.bytes(name))["message"]?.string).replacing(vmid: 101)
            #expect(answers.inventory.guests.contains { $0.kind == .qemu && answers.agentFailure($0)?.replacing(vmid: $0.vmid) == message })
        }
        #expect(reachable.count > 80)
    }

    @Test func `file systems`() throws {
        var types: Set<String> = []
        for guest in reachable {
            let systems = try result(.fileSystems, guest).elements
            #expect(systems.allSatisfy { ["name", "mountpoint", "type", "total-bytes", "used-bytes", "disk"] == $0.keys })
            for system in systems {
                let (used, total) = (try #require(system["used-bytes"]?.integer), try #require(system["total-bytes"]?.integer))
                #expect(used > 0 && used <= total)
                types.insert(try #require(system["type"]?.string))
                let disks = try #require(system["disk"]).elements
                #expect(disks.isEmpty == (system["type"] == .string("squashfs")) && disks.allSatisfy { $0["dev"]?.string != nil })
            }
            let isWindows = GuestIdentity(guest, in: answers.world).systemType == "win11"
            #expect(systems.contains { $0["mountpoint"] == .string(isWindows ? "C:\\" : "/") })
            let system = try #require(try result(.system, guest)["id"]?.string)
            #expect((system == "mswindows") == isWindows)
        }
        #expect(types == ["ext4", "xfs", "squashfs", "NTFS"])
    }

    @Test func `cards have the addresses of the configuration`() throws {
        var names: Set<String> = []
        for guest in reachable {
            let interfaces = try result(.interfaces, guest).elements
            let identity = GuestIdentity(guest, in: answers.world)
            let found = Set(interfaces.compactMap { $0["hardware-address"]?.string })
            #expect(found.isSuperset(of: [identity.hardwareAddresses.0.lowercased(), identity.hardwareAddresses.1.lowercased()]))
            names.formUnion(interfaces.compactMap { $0["name"]?.string })
            let types = Set(interfaces.flatMap { $0["ip-addresses"]?.elements ?? [] }.compactMap { $0["ip-address-type"]?.string })
            #expect(types == ["ipv4", "ipv6"] && interfaces.allSatisfy { $0["statistics"]?.keys.count == 8 })
        }
        #expect(names.isSuperset(of: ["lo", "ens18", "ens19", "docker0", "Ethernet"]))
        #expect(try result(.hostName, reachable[0])["host-name"] == .string(reachable[0].name))
        #expect(try result(.info, reachable[0])["supported_commands"]?.elements.isEmpty == false)
    }

    @Test func `devices of nodes stand in configurations`() throws {
        let devices = answers.inventory.passthrough
        #expect(devices.count == 8 && Set(devices.values) == ["0000:01:00.0,pcie=1", "mapping=gpu-a,mdev=nvidia-63"])
        for (index, device) in devices {
            let configuration = try #require(try Tree(answers.qemuConfiguration(answers.inventory.guests[index]))["data"])
            #expect(configuration["hostpci0"] == .string(device))
        }
        let mappings = try rows(answers.deviceMappings(checkedOn: nil))
        #expect(mappings.count == 1 && mappings[0]["map"]?.elements.count == 4)
        let small = Simulation.ProxmoxAnswers(world: try world(guests: 5), unixSeconds: epoch)
        #expect(try Tree(small.deviceMappings(checkedOn: nil)) == Tree(Recorded.bytes("cluster-mapping-pci")))
        #expect(try rows(small.deviceMappings(checkedOn: "pve1")).isEmpty && small.inventory.passthrough.isEmpty)
    }

    @Test func `snapshots are a chain that the configuration ends`() throws {
        var count = 0
        for guest in answers.inventory.guests {
            let chain = try rows(answers.snapshots(guest))
            let times = chain.compactMap { $0["snaptime"]?.integer }
            #expect(times == times.sorted() && times.allSatisfy { $0 < Int(epoch) } && chain.last?["name"] == .string("current"))
            #expect(zip(chain, chain.dropFirst()).allSatisfy { $1["parent"] == $0["name"] })
            let bytes = guest.kind == .qemu ? answers.qemuConfiguration(guest) : answers.lxcConfiguration(guest)
            #expect(try Tree(bytes)["data"]?["parent"] == chain.last?["parent"])
            count += chain.count - 1
        }
        #expect(count > 40)
    }

    @Test func `some guests have tags for alerts`() {
        let tags = Set(
            answers.inventory.guests.flatMap { $0.tags?.split(separator: ";").map(String.init) ?? [] }.filter { $0.hasPrefix("mon-") })
        #expect(tags == ["mon-cpu-98", "mon-mem-off", "mon-mute", "mon-cpu-97.5", "mon-mem-90"])
    }
}

extension String {
    fileprivate func replacing(vmid: Int) -> String { hasPrefix("VM \(vmid) ") ? "VM N " + dropFirst("VM \(vmid) ".count) : self }
}
