import LibvirtAPI
import Protobuf
import ProviderRPC
import ProviderTasks
import RPC
import Testing
import XML

@testable import LibvirtProvider

/// Disks that come to a machine.
extension TestDriverTests {
    @Suite struct ReconfigureTests {
        private func request(_ id: String, _ disks: [DiskSpec]) -> ReconfigureRequest {
            let desired = DesiredState(disks: disks)
            return ReconfigureRequest(id: id, desiredJSON: desired.json)
        }

        private func reconfigure(_ world: TestDriverWorld, _ request: ReconfigureRequest) async throws -> TaskRef? {
            try await world.provider.reconfigure(request, LibvirtProvider.call).task
        }

        /// Takes a disk out of the description, as a person does.
        private func detach(_ name: String, _ id: String, _ world: TestDriverWorld) throws {
            let domain = try world.connection.domain(uuid: id)
            var description = try XMLReader.read(domain.xml(.inactive), source: "machine")
            description.edit("devices") { devices in
                devices.children.removeAll { $0.name == "disk" && $0.child("source")?["file"]?.hasSuffix("/" + name) == true }
            }
            _ = try world.connection.defineDomain(description.xml)
        }

        /// The volume of a machine's data disk, made anew by somebody, as the driver's volumes have no bytes of their own.
        private func replace(_ name: String, _ plan: Storage.VolumePlan, _ world: TestDriverWorld) throws {
            let pool = try world.connection.pool(named: TestDriverWorld.pool)
            try pool.volume(named: name).delete()
            let none = "<allocation unit='bytes'>0</allocation>"
            #expect(plan.xml.contains(none))
            _ = try pool.createVolume(plan.xml.replacing(none, with: "<allocation unit='bytes'>4096</allocation>"))
        }

        private func view(_ name: String, _ world: TestDriverWorld) throws -> VolumeView {
            try VolumeView(world.connection.pool(named: TestDriverWorld.pool).volume(named: name))
        }

        /// The driver attaches no devices; all else is done by then.
        @Test func `a disk that was taken out comes back with what is in it`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web", disks: [DiskSpec(name: "more", sizeGiB: 1)])
            try await world.power(id, .off)
            let name = try #require(try world.volumes().first { $0.contains("more") })
            try replace(name, Storage.VolumePlan(name: name, capacityBytes: 3 << 30, format: "qcow2"), world)
            try detach(name, id, world)
            for (size, code) in [(2, RPCCode.failedPrecondition), (3, .unimplemented)] {
                let refused = try await world.provider.failure(
                    try await reconfigure(world, request(id, [DiskSpec(name: "more", sizeGiB: size)])), seconds: 20)
                #expect(refused?.code == code, "\(String(describing: refused))")
                let view = try view(name, world)
                #expect(view.capacityBytes == 3 << 30)
                #expect(view.allocationBytes == 4096)
            }
            #expect(try world.volumes().count == 2)
            await world.close()
        }

        @Test func `a disk whose guest wrote another head onto it is not taken`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web", disks: [DiskSpec(name: "more", sizeGiB: 1, type: "raw")])
            try await world.power(id, .off)
            let name = try #require(try world.volumes().first { $0.contains("more") })
            #expect(name.hasSuffix(".raw"))
            let forged = Storage.VolumePlan(
                name: name, capacityBytes: 1 << 30, format: "qcow2", backingPath: "/etc/shadow", backingFormat: "raw")
            try replace(name, forged, world)
            for isAttached in [true, false] {
                if !isAttached { try detach(name, id, world) }
                let refused = try await world.provider.failure(
                    try await reconfigure(world, request(id, [DiskSpec(name: "more", sizeGiB: 2, type: "raw")])), seconds: 20)
                #expect(refused?.message.contains("which its guest may have written") == true, "\(String(describing: refused))")
                #expect(try view(name, world).capacityBytes == 1 << 30)
            }
            await world.close()
        }

        @Test func `what was made for a disk is taken back as it was noted, and nothing else is`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            let before = try world.volumes()
            let request = request(id, [DiskSpec(sizeGiB: 1)])
            let refused = try await world.provider.failure(try await reconfigure(world, request), seconds: 20)
            #expect(refused?.code == .unimplemented)
            #expect(try world.volumes() == before)
            #expect(try Hypervisor.view(world.connection.domain(uuid: id)).mark?.volumes.count == before.count)
            // One that was there before is not the operation's.
            let name = Names.volume("web", id, "disk-1", "qcow2")
            _ = try world.connection.pool(named: TestDriverWorld.pool).createVolume(
                Storage.VolumePlan(name: name, capacityBytes: 1 << 30, format: "qcow2").xml)
            let again = try await world.provider.failure(try await reconfigure(world, request), seconds: 20)
            #expect(again?.code == .unimplemented)
            #expect(try world.volumes() == before.union([name]))
            await world.close()
        }

        @Test func `what was made for a machine that is gone goes too`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let before = try world.volumes()
            let work = ReconfigureWork(hypervisor: world.provider.hypervisor)
            let name = Names.volume("web", id, "disk-1", "qcow2")
            let hypervisor = world.provider.hypervisor
            let broken = MadeUpWork { operation throws(RPCError) in
                try await work.noteMade(.init(role: .data, pool: TestDriverWorld.pool, name: name), operation)
                try await hypervisor.act("make a volume and lose the machine") { connection throws(LibvirtError) in
                    _ = try connection.pool(named: TestDriverWorld.pool).createVolume(
                        Storage.VolumePlan(name: name, capacityBytes: 1 << 30, format: "qcow2").xml)
                    try Removal.remove(connection.domain(uuid: id))
                }
                throw RPCError(.internal, "it broke")
            } undo: { operation throws(RPCError) in
                try await work.undo(operation)
            }
            let end = try await world.run(
                .reconfigure, request(id, []).protobuf, draft: OperationDraft(target: id), work: broken)
            #expect(end.message == "it broke")
            #expect(try world.volumes() == before)
            await world.close()
        }
    }
}
