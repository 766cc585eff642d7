import LibvirtAPI
import Protobuf
import ProviderRPC
import ProviderTasks
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

        /// What a guest's root writes onto its raw disk, of its own disk, of itself or of another machine's.
        @Test(arguments: ["itself", "its own", "another's"]) func `what a guest writes keeps nobody's machine from being removed`(
            whose: String
        ) async throws {
            let world = try await TestDriverWorld()
            let other = try await world.make("other")
            let id = try await world.make("forger", disks: [DiskSpec(name: "data", sizeGiB: 1)], format: "raw")
            let pool = try world.connection.pool(named: TestDriverWorld.pool)
            let names = try world.volumes()
            let root = try #require(names.first { $0.hasPrefix("forger") && $0.contains("-root.") })
            let named = [
                "itself": root, "its own": names.first { $0.contains("-1-data") }, "another's": names.first { $0.hasPrefix("other") },
            ][whose]
            let below = try pool.volume(named: try #require(named ?? nil)).path()
            try pool.volume(named: root).delete()
            _ = try pool.createVolume(
                Storage.VolumePlan(name: root, capacityBytes: 1 << 30, format: "qcow2", backingPath: below, backingFormat: "raw").xml)
            #expect(try VolumeView(pool.volume(named: root)).backingPath == below)
            for id in [other, id] {
                try await world.provider.finish(
                    try await world.provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task, seconds: 20)
            }
            #expect(try world.volumes().isEmpty)
            await world.close()
        }

        @Test func `a base stays as long as a clone of it is in a pool that is away`() async throws {
            let world = try await TestDriverWorld()
            let away = try world.pool("away")
            let id = try await world.make("web")
            try await world.power(id, .off)
            let base = try #require(try world.volumes().first)
            let made = try await world.provider.clone(
                CloneRequest(
                    sourceVMID: id, targetName: "copy", linked: true, placementJSON: Placement(datastore: "away").json),
                LibvirtProvider.call)
            try await world.provider.finish(made.task, seconds: 20)
            try away.stop()
            try await world.provider.finish(try await world.provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task, seconds: 20)
            #expect(try world.volumes() == [base])
            try away.start()
            try await world.provider.finish(
                try await world.provider.delete(DeleteRequest(id: made.targetVMID), LibvirtProvider.call).task, seconds: 20)
            #expect(try world.volumes().isEmpty)
            try? away.stop()
            try? away.undefine()
            await world.close()
        }

        /// An image, for one: no mark lists it.
        @Test func `what may stand upon a volume in a pool that is away keeps it`() async throws {
            let world = try await TestDriverWorld()
            let away = try world.pool("away")
            let vmClass = VMClass(cpu: 1, memoryMiB: 256, diskDefaults: VMClass.DiskDefaults(sizeGiB: 1))
            let made = try await world.provider.create(
                CreateRequest(name: "far", classJSON: vmClass.json, placementJSON: Placement(datastore: "away").json), LibvirtProvider.call)
            try await world.provider.finish(made.task, seconds: 20)
            #expect(try Storage.standing(world.connection, on: "/default-pool/base.img").isEmpty)
            try away.stop()
            do throws(LibvirtError) {
                _ = try Storage.standing(world.connection, on: "/default-pool/base.img")
                Issue.record("nothing was said")
            } catch {
                #expect(error.kind == .invalidState && error.message.contains("disks of machine far are there"), "\(error)")
            }
            // A pool that no machine has anything in keeps nobody from anything.
            try away.start()
            try await world.provider.finish(
                try await world.provider.delete(DeleteRequest(id: made.id), LibvirtProvider.call).task, seconds: 20)
            try away.stop()
            #expect(try Storage.standing(world.connection, on: "/default-pool/base.img").isEmpty)
            try? away.undefine()
            await world.close()
        }

        @Test func `a volume whose machine is gone is no image as long as its removal goes on`() async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            let (hypervisor, name) = (world.provider.hypervisor, try #require(try world.volumes().first))
            let images = ImageStore(hypervisor: hypervisor, locks: ImageLocks())
            let volumes = try #require(try Hypervisor.view(world.connection.domain(uuid: id)).mark?.volumes)
            let image = VMImage(templateName: name)
            let refused = Sayings()
            let end = try await world.run(
                .delete, DeleteRequest(id: id).protobuf, draft: OperationDraft(target: id),
                work: MadeUpWork { operation throws(RPCError) in
                    try await operation.note(DeleteWork.volumesNote, MachineMark.Volume.note(volumes))
                    try await hypervisor.act("remove the machine") { connection throws(LibvirtError) in
                        try Removal.remove(connection.domain(uuid: id))
                    }
                    let error = await refusal { () throws(RPCError) in try await images.find(image, pool: TestDriverWorld.pool) }
                    refused.add("\(error?.code.name ?? ""): \(error?.message ?? "")")
                })
            #expect(end.state == .succeeded, "\(end.message)")
            let said = refused.all.joined()
            #expect(said.hasPrefix(RPCCode.failedPrecondition.name))
            #expect(said.contains("removed by operation \(end.id) (Delete)"), "\(said)")
            // Nothing else keeps it from being one.
            #expect(try await images.find(image, pool: TestDriverWorld.pool).volume == name)
            await world.close()
        }

        @Test func `what an operation makes before a machine has it is no image either`() async throws {
            let world = try await TestDriverWorld()
            let (seen, uuid) = (Sayings(), Names.uuid())
            let disk = CloneDisk(
                sourcePath: "/p/a.qcow2", sourcePool: "p", sourceName: "a.qcow2", sourceFormat: "qcow2", own: "a.link-1.qcow2",
                format: "qcow2", capacityBytes: 1, role: .root, pool: "q", name: "b.qcow2", disk: nil)
            let made = MachineMark.Volume(role: .data, pool: "p", name: "more.qcow2")
            let kinds: [(ProviderMethod, [String: String])] = [
                (.clone, [CloneWork.disksNote: CloneDisk.note([disk])]),
                (.reconfigure, [ReconfigureWork.madeNote + "x": MachineMark.Volume.note([made])]),
                (.create, ["image": "{\"name\":\"debian.img\"}"]), (.exportDisk, [:]),
                (.delete, [DeleteWork.volumesNote: "[broken more.qcow2"]),
            ]
            for (method, notes) in kinds {
                let end = try await world.run(
                    method, [], draft: OperationDraft(target: "web", resultID: uuid, notes: notes),
                    work: MadeUpWork { operation throws(RPCError) in
                        let inHand = VolumesInHand(operation.liveOperations)
                        for (pool, name) in [
                            ("q", "b.qcow2"), ("p", "b.qcow2"), ("p", "a.link-1.qcow2"), ("p", "a.qcow2"), ("p", "more.qcow2"),
                            ("p", "debian.img"),
                            ("p", Names.volume("web", uuid, "root", "qcow2")), ("p", "export-\(operation.id).raw"),
                        ] where inHand.operation(having: VolumeUse.Volume(pool: pool, name: name)) != nil {
                            seen.add("\(method.rawValue) \(pool)/\(name.replacing(operation.id, with: "ID"))")
                        }
                    })
                #expect(end.state == .succeeded, "\(end.message)")
            }
            let root = Names.volume("web", uuid, "root", "qcow2")
            #expect(
                seen.all == [
                    "Clone q/b.qcow2", "Clone p/a.link-1.qcow2", "Clone p/\(root)", "Reconfigure p/more.qcow2", "Create p/\(root)",
                    "ExportDisk p/export-ID.raw", "Delete p/more.qcow2",
                ])
            await world.close()
        }
    }
}

struct VolumeUseTests {
    @Test func `what a disk is its machine says, and its mark of those that it has no more`() throws {
        let uuid = "99999999-2222-4333-8444-555555555555"
        let mark = MachineMark(
            operation: "op-1", uuid: uuid,
            volumes: [.init(role: .base, pool: "p", name: "base.raw"), .init(role: .base, pool: "p", name: "base.qcow2")])
        var writer = XMLWriter()
        mark.write(to: &writer, isWhole: true)
        var use = VolumeUse()
        use.add(
            """
            <domain><uuid>\(uuid)</uuid><metadata>\(writer.text)</metadata><devices>
            <disk><driver type='raw'/><source file='/p/a'/></disk><disk><driver type='qcow2'/><source file='/p/b'/></disk>
            <disk><source dev='/p/c'/></disk><disk><driver type='raw'/><source pool='p' volume='d'/></disk>
            <disk><driver type='raw'/><source file='/p/e'/></disk></devices></domain>
            """, of: "web")
        // Whoever says otherwise is believed: it costs no disk.
        use.add("<domain><devices><disk><driver type='qcow2'/><source file='/p/e'/></disk></devices></domain>", of: "other")
        let raw = ["a", "b", "c", "d", "e", "f", "base.raw", "base.qcow2"].filter {
            use.isRaw("/p/\($0)", VolumeUse.Volume(pool: "p", name: $0))
        }
        #expect(raw == ["a", "c", "d", "base.raw"])
        #expect(use.machine(inPool: "p") == "web" && use.machine(inPool: "q") == nil)
    }

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
