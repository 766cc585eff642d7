import LibvirtAPI
import ProviderRPC
import RPC
import Testing
import XML

@testable import LibvirtProvider

/// Whose volumes go with a machine.
extension TestDriverTests {
    @Suite struct DeleteTests {
        /// As virt-clone and a dump that is defined again make it: everything as it was, with another name and UUID.
        private func copy(_ id: String, _ world: TestDriverWorld) throws -> LibvirtDomain {
            var description = try XMLReader.read(world.connection.domain(uuid: id).xml(.inactive), source: "machine")
            description.replace(XMLElement("name", text: "copy"))
            description.replace(XMLElement("uuid", text: Names.uuid()))
            return try world.connection.defineDomain(description.xml)
        }

        @Test func `a copied machine has none of the original's volumes`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web", disks: [DiskSpec(name: "data", sizeGiB: 1)])
            let volumes = try world.volumes()
            #expect(volumes.count == 2)
            let other = try copy(id, world)
            #expect(try Hypervisor.view(other).mark == nil)
            // Of a copy with disks of its own nothing else keeps the original's.
            var bare = try XMLReader.read(other.xml(.inactive), source: "copy")
            bare.edit("devices") { $0.children.removeAll { $0.name == "disk" } }
            _ = try world.connection.defineDomain(bare.xml)
            _ = try world.connection.domain(uuid: id).destroy(gracefully: false)
            try await world.provider.finish(
                try await world.provider.delete(DeleteRequest(id: other.uuid), LibvirtProvider.call).task, seconds: 20)
            #expect(try world.volumes() == volumes)
            #expect(try await world.provider.describe(id).exists)
            await world.close()
        }

        @Test func `a machine whose volumes another one names stays with all of them`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let volumes = try world.volumes()
            let other = try copy(id, world)
            let refused = try #require(
                try await world.provider.failure(
                    try await world.provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task, seconds: 20))
            #expect(refused.code == .failedPrecondition)
            #expect(refused.message.contains("machine copy has "), "\(refused)")
            #expect(try world.volumes() == volumes)
            #expect(try await world.provider.describe(id).exists)
            try other.undefine()
            try await world.provider.finish(try await world.provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task, seconds: 20)
            #expect(try world.volumes().isEmpty)
            await world.close()
        }
    }
}

struct VolumeUseTests {
    @Test(arguments: [
        "<domain><devices><disk><source file='/p/a.qcow2'/><target dev='vda'/></disk></devices></domain>",
        "<domain><devices><disk device='cdrom'><source dev='/p/a.qcow2'/><target dev='sda'/></disk></devices></domain>",
        "<domain><devices><disk type='volume'><source pool='p' volume='a.qcow2'/><target dev='vda'/></disk></devices></domain>",
        "<domain><devices><disk><source file='/x'/><backingStore><source file='/p/a.qcow2'/></backingStore><target dev='vda'/></disk></devices></domain>",
        "<domain><devices><disk>/p/a.qcow2",
    ])
    func `who names a volume has it`(xml: String) {
        var users = VolumeUse()
        users.add(xml, of: "web")
        #expect(users.machine(needing: "/p/a.qcow2", pool: "p", name: "a.qcow2") == "web")
        #expect(users.machine(needing: "/p/b.qcow2", pool: "p", name: "b.qcow2") == nil)
        #expect(users.machine(needing: "/q/a.qcow2", pool: "q", name: "b.qcow2") == nil)
    }

    @Test func `what a disk stands upon may be an image, and may not be removed; what a mark lists may be neither`() {
        let mark = MachineMark(operation: "op-1", uuid: "u-1", volumes: [.init(role: .base, pool: "p", name: "base.qcow2")])
        var writer = XMLWriter()
        mark.write(to: &writer, isWhole: true)
        let xml = """
            <domain><name>web</name><uuid>u-1</uuid><metadata>\(writer.text)</metadata><devices><disk><source file='/p/root'/><backingStore>
            <source file='/p/image'/></backingStore></disk></devices></domain>
            """
        for isMarked in [true, false] {
            var users = VolumeUse()
            users.add(xml, of: "web", isMarked: isMarked)
            #expect(users.machine(having: "/p/root", pool: "p", name: "root") == "web")
            #expect(users.machine(having: "/p/image", pool: "p", name: "image") == nil)
            #expect(users.machine(needing: "/p/image", pool: "p", name: "image") == "web")
            #expect(users.machine(having: "/p/base.qcow2", pool: "p", name: "base.qcow2") == (isMarked ? "web" : nil))
            #expect(users.machine(needing: "/p/base.qcow2", pool: "p", name: "base.qcow2") == (isMarked ? "web" : nil))
        }
    }

    @Test func `volumes are noted and read whole, or not at all`() throws {
        let volumes: [MachineMark.Volume] = [
            .init(role: .root, pool: "a\tb", name: "r\n.qcow2"), .init(role: .data, pool: "p", name: "d", disk: "\"data\""),
        ]
        #expect(try MachineMark.Volume.read(MachineMark.Volume.note(volumes)) == volumes)
        #expect(try MachineMark.Volume.read("[]") == [])
        for broken in ["", "[{\"role\":\"root\"}]", "[", "{}x"] {
            #expect(throws: (any Error).self) { try MachineMark.Volume.read(broken) as [MachineMark.Volume] }
        }
    }
}
