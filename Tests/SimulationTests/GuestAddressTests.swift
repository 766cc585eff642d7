import Primitives
import Testing

@testable import Simulation

/// Where guests are reached, and who knows it.
@Suite struct GuestAddressTests {
    private func world(first: IPv4Address?) -> World {
        World(
            inventory: Inventory(seed: 7, nodeCount: 4, guestCount: 300, cluster: "lab", firstGuestAddress: first),
            timeline: Timeline(epoch: epoch))
    }

    private func inside(_ guest: Guest, _ world: World) -> GuestInside {
        GuestInside(guest, in: world, at: 60, reading: world.reading(of: guest, at: 60, nodeBootedAt: -1e6))
    }

    @Test func `guests count on from the first address`() throws {
        let world = world(first: IPv4Address(127, 16, 0, 250))
        for guest in world.inventory.guests {
            #expect(world.address(of: guest) == IPv4Address(127, 16, 0, 250).advanced(by: guest.index))
            let told = inside(guest, world).interfaces.filter {
                $0.version4.contains { $0.address == world.address(of: guest).description }
            }
            #expect(told.count == 1 && told[0].version4.count == 1)
            // Whoever knows the configuration finds the card by its address.
            let identity = GuestIdentity(guest, in: world)
            #expect(told[0].hardwareAddress == identity.hardwareAddresses.0.lowercased())
        }
    }

    @Test func `without one they have addresses that nobody can reach`() {
        let world = world(first: nil)
        #expect(world.address(of: world.inventory.guests[0]) == IPv4Address(10, 20, 0, 100))
        #expect(world.address(of: world.inventory.guests[299]) == IPv4Address(10, 20, 1, 143))
    }

    @Test func `one address is on a bridge inside, and many are on networks that end there`() throws {
        let world = world(first: IPv4Address(127, 16, 0, 1))
        let running = world.inventory.guests.filter { $0.role == .running }
        let bridged = running.filter { guest in inside(guest, world).interfaces.contains { $0.name == "br0" } }
        #expect(bridged.map(\.index) == [world.bridgedGuest])
        let interfaces = try #require(bridged.first.map { inside($0, world).interfaces })
        #expect(
            interfaces[1].name == "ens18" && interfaces[1].version4.isEmpty
                && interfaces[1].hardwareAddress == interfaces[3].hardwareAddress)
        #expect(world.hasAnsweringAgent(bridged[0]))
        let linux = running.filter { $0.kind == .qemu && !world.isWindows($0) }.map { inside($0, world).interfaces }
        func count(_ prefix: String) -> Int { linux.count { $0.contains { $0.name.hasPrefix(prefix) } } }
        for prefix in ["docker0", "br-", "veth", "wg0", "tailscale0"] { #expect(count(prefix) > 5, "\(prefix)") }
        #expect(linux.flatMap { $0 }.filter { $0.name == "wg0" || $0.name == "tailscale0" }.allSatisfy { $0.hardwareAddress.isEmpty })
    }

    @Test func `of VMs whose agent tells nothing about half say their address in their configuration`() {
        let world = world(first: nil)
        let machines = world.inventory.guests.filter { $0.kind == .qemu && $0.role == .running }
        let silent = machines.filter { !world.hasAnsweringAgent($0) }
        let told = silent.filter(world.hasCloudInit)
        #expect(silent.count > 30 && told.count * 3 > silent.count && told.count * 3 < silent.count * 2)
        #expect(!machines.contains { world.hasAnsweringAgent($0) && world.hasCloudInit($0) })
    }

    @Test(arguments: [("x", "not an IPv4 address"), ("255.255.255.0", "no 300 addresses"), ("", "not an IPv4 address")])
    func `a first address that cannot be`(text: String, reason: String) {
        do throws(Failure) {
            _ = try IPv4Address(first: text, of: 300, origin: "--guests-first-address")
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.message.contains("--guests-first-address") && error.message.contains(reason))
        }
    }
}
