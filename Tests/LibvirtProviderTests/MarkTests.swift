import LibvirtAPI
import ProviderRPC
import RPC
import Testing

@testable import LibvirtProvider

/// The two marks of a machine that runs, of which a process that ended between two calls may have written one.
extension TestDriverTests {
    @Suite struct MarkTests {
        private static let scopes: [ChangeScope] = [.config, .live]

        /// Adds a volume to one of the two, and makes it.
        private func addHalf(_ scope: ChangeScope, _ id: String, _ world: TestDriverWorld) throws -> String {
            let name = Names.volume("web", id, "disk-more", "qcow2")
            _ = try world.connection.pool(named: TestDriverWorld.pool).createVolume(
                Storage.VolumePlan(name: name, capacityBytes: 1 << 30, format: "qcow2").xml)
            let domain = try world.connection.domain(uuid: id)
            var mark = try #require(try Hypervisor.view(domain).mark)
            mark.volumes.append(.init(role: .data, pool: TestDriverWorld.pool, name: name, disk: "more"))
            try domain.setMetadata(mark.xml, prefix: MachineMark.prefix, namespace: MachineMark.namespace, scope)
            return name
        }

        private func marked(_ id: String, _ world: TestDriverWorld, _ options: LibvirtDomain.XMLOptions) throws -> Set<String> {
            Set(try Hypervisor.view(world.connection.domain(uuid: id), options).mark?.volumes.map(\.name) ?? [])
        }

        /// The driver attaches no devices; all else is done by then.
        @Test(arguments: scopes) func `a change that is begun again writes the mark that is missing`(scope: ChangeScope) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let name = try addHalf(scope, id, world)
            #expect(try marked(id, world, []) != marked(id, world, .inactive))
            let request = ReconfigureRequest(id: id, desiredJSON: DesiredState(disks: [DiskSpec(name: "more", sizeGiB: 1)]).json)
            let refused = try await world.provider.failure(
                try await world.provider.reconfigure(request, LibvirtProvider.call).task, seconds: 20)
            #expect(refused?.code == .unimplemented)
            #expect(try marked(id, world, []).contains(name))
            #expect(try marked(id, world, .inactive).contains(name))
            await world.close()
        }

        @Test(arguments: scopes) func `a change of something else writes it too`(scope: ChangeScope) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let name = try addHalf(scope, id, world)
            let desired = DesiredState(vmClass: VMClass(memoryMiB: 128))
            try await world.provider.finish(
                try await world.provider.reconfigure(ReconfigureRequest(id: id, desiredJSON: desired.json), LibvirtProvider.call).task,
                seconds: 20)
            #expect(try marked(id, world, []).contains(name))
            #expect(try marked(id, world, .inactive).contains(name))
            await world.close()
        }

        @Test(arguments: scopes) func `a volume that one of the two lists goes with the machine`(scope: ChangeScope) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            _ = try addHalf(scope, id, world)
            try await world.provider.finish(try await world.provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task, seconds: 20)
            #expect(try world.volumes() == [])
            await world.close()
        }
    }
}

struct MarkUnionTests {
    private func mark(_ names: String...) -> MachineMark {
        MachineMark(operation: "op-1", uuid: "u-1", volumes: names.map { .init(role: .data, pool: "p", name: $0, disk: $0) })
    }

    @Test func `two marks together list each volume once, that of the next start first`() {
        #expect(MachineMark.together(mark("a", "b"), mark("b", "c")) == mark("a", "b", "c"))
        #expect(MachineMark.together(mark("a"), nil) == mark("a"))
        #expect(MachineMark.together(nil, mark("a")) == mark("a"))
        #expect(MachineMark.together(nil, nil) == nil)
    }
}
