import LibvirtAPI
import ProviderRPC
import RPC
import Testing

@testable import LibvirtProvider

/// What is told of machines that are not as they should be.
extension TestDriverTests {
    @Suite struct ListTests {
        @Test func `one machine whose description cannot be read does not hide the others`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let uuid = Names.uuid()
            let text = String(repeating: "x", count: 9 << 20)
            _ = try world.connection.defineDomain(
                "<domain type='test'><name>huge</name><uuid>\(uuid)</uuid><description>\(text)</description><memory>1024</memory><os><type>hvm</type></os></domain>"
            )
            let list = try await world.provider.listVMs(ListVMsRequest(), LibvirtProvider.call).vms
            #expect(list.contains { $0.id == id && $0.cpu == 1 })
            let huge = try #require(list.first { $0.id == uuid })
            #expect(huge.name == "huge" && huge.powerState == "Off")
            #expect(huge.providerRaw["problem"]?.contains("larger than") == true, "\(huge.providerRaw)")
            await world.close()
        }

        @Test(arguments: [-1, 3601, Int32.max]) func `nobody waits for a guest for longer than an hour`(seconds: Int32) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let refused = await refusal { () throws(RPCError) in
                try await world.provider.power(
                    PowerRequest(id: id, op: .shutdownGraceful, gracefulTimeoutSeconds: seconds), LibvirtProvider.call)
            }
            #expect(refused?.code == .invalidArgument)
            await world.close()
        }
    }
}

struct DeepDescriptionTests {
    @Test(arguments: [60, 200]) func `a disk upon many others is read`(levels: Int) throws {
        let below = (0..<levels).map { "<backingStore><source file='/p/\($0)'/>" }.joined()
        let view = try MachineView(
            xml:
                "<domain><devices><disk><source file='/p/top'/>\(below)\(String(repeating: "</backingStore>", count: levels))<target dev='vda'/></disk></devices></domain>"
        )
        #expect(view.rootDisk?.backing.count == levels)
    }
}
