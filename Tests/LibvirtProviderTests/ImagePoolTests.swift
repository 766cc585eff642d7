import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// Of which pools volumes are images that somebody else has put there.
extension TestDriverTests {
    @Suite struct ImagePoolTests {
        @Test(arguments: [[], ["other"], [TestDriverWorld.pool]], [true, false])
        func `a volume that nobody brought is an image in the pools that are listed alone`(pools: [String], isPath: Bool) async throws {
            let world = try await TestDriverWorld()
            let folder = ScratchFolder()
            var settings = TestDriverWorld.settings
            settings.imagePools = pools
            let provider = try await LibvirtProvider(settings, journal: TaskJournal(folder.path + "/tasks.db"))
            let plan = Storage.VolumePlan(name: "backup.raw", capacityBytes: 1 << 20, format: "raw")
            let volume = try world.connection.pool(named: TestDriverWorld.pool).createVolume(plan.xml)
            let image = isPath ? VMImage(path: try volume.path()) : VMImage(templateName: "backup")
            let refused = await refusal { () throws(RPCError) in
                try await provider.create(
                    CreateRequest(name: "thief", classJSON: VMClass(cpu: 1, memoryMiB: 256).json, imageJSON: image.json),
                    LibvirtProvider.call(key: "thief"))
            }
            let isListed = pools.contains(TestDriverWorld.pool)
            #expect(refused?.code == (isListed ? nil : .permissionDenied), "\(String(describing: refused))")
            if !isListed { #expect(refused?.message.contains("libvirt.image_pools") == true) }
            await provider.tasks.abandon()
            await world.close()
        }
    }
}
