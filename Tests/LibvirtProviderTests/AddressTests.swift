import LibvirtAPI
import Primitives
import RPC
import Testing
import TestSupport

@testable import LibvirtProvider

/// Guests whose agent is silent, and the others.
@Suite(.enabled(if: (try? LibvirtLibrary.load()) != nil, "libvirt.so.0 is not installed"))
struct AddressTests {
    private func hypervisor() throws -> Hypervisor {
        let node = #filePath.dropLast("AddressTests.swift".count) + "Fixtures/node.xml"
        var settings = LibvirtProviderSettings(uri: "test://\(node)")
        settings.agentSeconds = 2
        return try Hypervisor(settings)
    }

    private func machine(_ uuid: String) throws -> Hypervisor.Machine {
        let view = try MachineView(
            xml:
                "<domain><name>\(uuid)</name><uuid>\(uuid)</uuid><devices><channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel></devices></domain>"
        )
        return Hypervisor.Machine(uuid: uuid, name: uuid, state: DomainState(state: 1, reason: 1), now: view, next: view)
    }

    @Test func `four silent agents end nothing for others, and none is asked again while it is asked`() async throws {
        let (gate, log) = (ThreadGate(), Sayings())
        let interface = LibvirtDomain.Interface(
            name: "eth0", mac: nil, addresses: [LibvirtDomain.Address(text: "10.0.0.7", prefix: 24, isIPv6: false)])
        let finder = AddressFinder(try hypervisor()) { _, uuid throws(LibvirtError) in
            log.add(uuid)
            if uuid.hasPrefix("silent") { gate.wait() }
            return [interface]
        }
        for _ in 0..<2 {
            let found = await withTaskGroup(of: [String].self) { group in
                for number in 0..<4 { group.addTask { (try? await finder.addresses(of: machine("silent-\(number)"))) ?? ["none"] } }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(found.isEmpty)
            #expect(await finder.addresses(of: try machine("talks")) == ["10.0.0.7"])
        }
        #expect(log.all.sorted() == (0..<4).map { "silent-\($0)" } + ["talks", "talks"])
        gate.open(for: 4)
    }

    @Test func `who is silent is left alone longer each time, until it answers`() {
        var patience = AgentPatience()
        let start = ContinuousClock.now
        func isAsked(_ uuid: String, at seconds: Double) -> Bool { patience.begin(uuid, start.advanced(by: .seconds(seconds))) }
        var now = 0.0
        for wait in [30.0, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            #expect(isAsked("a", at: now))
            #expect(!isAsked("a", at: now))
            patience.wasSilent("a", start.advanced(by: .seconds(now)))
            // One that hangs is out however long it is left alone.
            #expect(!isAsked("a", at: now + 7200))
            patience.isBack("a")
            #expect(!isAsked("a", at: now + wait - 1))
            #expect(isAsked("b", at: now))
            patience.isBack("b")
            now += wait
        }
        #expect(isAsked("a", at: now))
        patience.isBack("a")
        patience.answered("a")
        #expect(isAsked("a", at: now))
        patience.wasSilent("a", start.advanced(by: .seconds(now)))
        patience.isBack("a")
        #expect(isAsked("a", at: now + 30))
    }

    @Test func `no more machines are remembered than there is room for`() {
        var patience = AgentPatience()
        let start = ContinuousClock.now
        for number in 0..<20_000 {
            let now = start.advanced(by: .seconds(number))
            let isAsked = patience.begin("m\(number)", now)
            #expect(isAsked)
            patience.wasSilent("m\(number)", now)
            patience.isBack("m\(number)")
        }
        #expect(patience.count <= 4096)
    }
}
