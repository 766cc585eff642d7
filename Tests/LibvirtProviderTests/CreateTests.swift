import LibvirtAPI
import Protobuf
import ProviderRPC
import ProviderTasks
import RPC
import Testing

@testable import LibvirtProvider

/// Making machines that come to nothing.
extension TestDriverTests {
    @Suite struct CreateTests {
        @Test func `what was made is taken back though the settings refuse the request by now`() async throws {
            let world = try await TestDriverWorld()
            var settings = TestDriverWorld.settings
            settings.bridges = ["br0"]
            let request = CreateRequest(
                name: "web", classJSON: VMClass(cpu: 1, diskDefaults: VMClass.DiskDefaults(sizeGiB: 1)).json,
                networksJSON: NetworkAttachment.json([NetworkAttachment(bridge: "br0")]))
            let uuid = Names.uuid()
            let made = try CreateWork.Made(MachineRequest(request, settings), uuid: uuid, settings)
            #expect(made.volumes.count == 1)
            let draft = OperationDraft(target: "web", resultID: uuid, notes: made.notes)
            let hypervisor = world.provider.hypervisor
            let work = CreateWork(hypervisor: hypervisor, images: world.provider.images)
            let broken = MadeUpWork { _ throws(RPCError) in
                try await hypervisor.act("make half") { connection throws(LibvirtError) in
                    for volume in made.volumes {
                        _ = try connection.pool(named: volume.pool).createVolume(
                            Storage.VolumePlan(name: volume.name, capacityBytes: 1 << 20, format: "qcow2").xml)
                    }
                }
                throw RPCError(.internal, "it broke")
            } undo: { operation throws(RPCError) in
                try await work.undo(operation)
            }
            #expect(try await world.run(.create, request.protobuf, draft: draft, work: broken).message == "it broke")
            #expect(try world.volumes().isEmpty)
            await world.close()
        }

        @Test(arguments: [nil, "http://198.51.100.7/a/base.img"]) func `what may be made is noted when a request is accepted`(url: String?)
            throws
        {
            let settings = TestDriverWorld.settings
            let image = url.map { VMImage(url: $0) }
            let request = try MachineRequest(
                CreateRequest(name: "web", imageJSON: image?.json ?? "", disksJSON: DiskSpec.json([DiskSpec(name: "data", sizeGiB: 1)])),
                settings)
            let made = try CreateWork.Made(request, uuid: Names.uuid(), settings)
            #expect(made.volumes.map(\.role) == (url == nil ? [.root, .data] : [.root, .data, .seed]))
            #expect(made.notes.count == (url == nil ? 1 : 3))
            #expect(made.image?.pool == url.map { _ in TestDriverWorld.pool })
            #expect(made.image?.name == (try image.map { (image) throws(RPCError) in try ImageStore.name(image, targetName: "") }))
        }

        /// Whoever waits for a guest keeps nobody from switching it off.
        @Test(arguments: [(PowerOp.on, "vm"), (.off, "vm"), (.reboot, "reboot"), (.shutdownGraceful, "shutdown")])
        func `a machine is held by what changes it, not by what waits for its guest`(op: PowerOp, lock: String) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let task = try #require(try await world.provider.power(PowerRequest(id: id, op: op), LibvirtProvider.call).task)
            #expect(world.provider.tasks.operation(task.id)?.locks == ["\(lock):\(id)"])
            try await world.provider.finish(task, seconds: 20)
            await world.close()
        }
    }
}

struct LibvirtErrorTests {
    @Test func `a pool that cannot be looked at while a volume is made in it is asked again`() {
        let error = LibvirtError(.failed, "internal error: pool 'default' has asynchronous jobs running.")
        #expect(RPCError(error, doing: "look at the disks of machine web").code == .unavailable)
        #expect(RPCError(LibvirtError(.failed, "internal error"), doing: "look").code == .internal)
    }
}
