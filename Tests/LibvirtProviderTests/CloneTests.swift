import LibvirtAPI
import Protobuf
import ProviderRPC
import ProviderTasks
import RPC
import Testing
import XML

@testable import LibvirtProvider

/// Clones: of nothing but what the source's disks are, and with nothing of the source's.
extension TestDriverTests {
    @Suite struct CloneTests {
        private func pool(_ world: TestDriverWorld) throws -> LibvirtPool {
            try world.connection.pool(named: TestDriverWorld.pool)
        }

        /// The driver's volumes have no bytes: what a guest or somebody else has written is said by its volume's description.
        private func replaceRoot(_ world: TestDriverWorld, _ format: String, backing: String? = nil, backingFormat: String? = nil) throws {
            let name = try #require(try world.volumes().first { $0.contains("-root.") })
            let pool = try pool(world)
            try pool.volume(named: name).delete()
            _ = try pool.createVolume(
                Storage.VolumePlan(
                    name: name, capacityBytes: 1 << 30, format: format, backingPath: backing, backingFormat: backingFormat
                ).xml)
        }

        private func clone(_ world: TestDriverWorld, _ id: String, isLinked: Bool) async throws -> RPCError? {
            let made = try await world.provider.clone(
                CloneRequest(sourceVMID: id, targetName: "copy", linked: isLinked), LibvirtProvider.call)
            return try await world.provider.failure(made.task, seconds: 20)
        }

        @Test(arguments: [("raw", "qcow2"), ("qcow2", "raw"), ("raw", "qed")], [true, false])
        func `what a guest wrote onto its disk is not believed`(formats: (machine: String, found: String), isLinked: Bool) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web", format: formats.machine)
            try await world.power(id, .off)
            try replaceRoot(world, formats.found, backing: formats.found == "raw" ? nil : "/etc/shadow", backingFormat: "raw")
            let before = try world.volumes()
            let refused = try await clone(world, id, isLinked: isLinked)
            #expect(refused?.code == .failedPrecondition)
            #expect(refused?.message.contains("which its guest may have written") == true, "\(String(describing: refused))")
            #expect(try world.volumes() == before)
            await world.close()
        }

        @Test(arguments: [true, false]) func `a disk that stands upon a file of no pool is not copied`(isLinked: Bool) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            try replaceRoot(world, "qcow2", backing: "/srv/golden.qcow2", backingFormat: "qcow2")
            let before = try world.volumes()
            let refused = try await clone(world, id, isLinked: isLinked)
            #expect(refused?.code == .failedPrecondition)
            #expect(refused?.message.contains("/srv/golden.qcow2, which is in no active pool") == true, "\(String(describing: refused))")
            #expect(try world.volumes() == before)
            await world.close()
        }

        @Test(arguments: [29, 30]) func `linked clones end before a chain of disks is too long`(levels: Int) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            var below: String?
            for level in 0..<levels {
                let plan = Storage.VolumePlan(
                    name: "level-\(level).qcow2", capacityBytes: 1 << 30, format: "qcow2", backingPath: below, backingFormat: "qcow2")
                below = try pool(world).createVolume(plan.xml).path()
            }
            try replaceRoot(world, "qcow2", backing: below, backingFormat: "qcow2")
            let refused = try await clone(world, id, isLinked: true)
            #expect(refused?.message.contains("stands upon 30 others already") == (levels == 30 ? true : nil))
            if levels == 30 { #expect(try await clone(world, id, isLinked: false) == nil) }
            await world.close()
        }

        /// At once, and when the machine was changed after the request was accepted.
        @Test(arguments: [
            ("<interface type='bridge'><source bridge='br7'/></interface>", "a card on br7"),
            ("<filesystem type='mount'><source dir='/srv'/><target dir='srv'/></filesystem>", "<filesystem> of type mount"),
        ])
        func `what a person gave the source of the host's the clone does not get`(device: String, words: String) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            var description = try XMLReader.read(world.connection.domain(uuid: id).xml(.inactive), source: "machine")
            let given = try XMLReader.read(device, source: "device")
            description.edit("devices") { $0.children.append(given) }
            _ = try world.connection.defineDomain(description.xml)
            let before = try world.volumes()
            let request = CloneRequest(sourceVMID: id, targetName: "copy")
            let refused = await refusal { () throws(RPCError) in try await world.provider.clone(request, LibvirtProvider.call) }
            #expect(refused?.code == .permissionDenied)
            #expect(refused?.message.contains(words) == true, "\(String(describing: refused))")
            let draft = OperationDraft(target: "copy", resultID: Names.uuid(), notes: [CloneWork.sourceNote: id])
            let end = try await world.run(.clone, request.protobuf, draft: draft, work: CloneWork(hypervisor: world.provider.hypervisor))
            #expect(end.code == .permissionDenied && end.message.contains(words), "\(end.message)")
            #expect(try world.volumes() == before)
            await world.close()
        }

        /// What was looked at when the request was accepted may be otherwise when its turn comes, and at its second step again.
        @Test(arguments: [false, true]) func `a source that got a snapshot meanwhile is not linked`(isLookDone: Bool) async throws {
            let world = try await TestDriverWorld()
            let id = try await world.make("web")
            try await world.power(id, .off)
            let domain = try world.connection.domain(uuid: id)
            let disk = try #require(Hypervisor.view(domain).rootDisk?.path)
            var draft = OperationDraft(target: "copy", resultID: Names.uuid(), notes: [CloneWork.sourceNote: id])
            if isLookDone {
                let name = disk.split(separator: "/").last.map(String.init) ?? ""
                let note = CloneDisk(
                    sourcePath: disk, sourcePool: TestDriverWorld.pool, sourceName: name, sourceFormat: "qcow2", own: "own.qcow2",
                    format: "qcow2", capacityBytes: 1 << 30, role: .root, pool: TestDriverWorld.pool, name: "copy.qcow2", disk: nil)
                draft.notes["disks"] = CloneDisk.note([note])
                draft.notes["done:look"] = ""
            }
            _ = try domain.createSnapshot("<domainsnapshot><name>a</name></domainsnapshot>")
            let before = try world.volumes()
            let end = try await world.run(
                .clone, CloneRequest(sourceVMID: id, targetName: "copy", linked: true).protobuf, draft: draft,
                work: CloneWork(hypervisor: world.provider.hypervisor))
            #expect(end.code == .failedPrecondition)
            #expect(end.message.contains("has snapshots (1)"), "\(end.message)")
            #expect(try world.volumes() == before)
            #expect(try Hypervisor.view(domain).rootDisk?.path == disk)
            await world.close()
        }

        @Test func `what was made of a linked clone is taken back from the pools where it was made`() async throws {
            let world = try await TestDriverWorld()
            let other = try world.pool("other")
            let id = try await world.make("web")
            let before = try world.volumes()
            let work = CloneWork(hypervisor: world.provider.hypervisor)
            let hypervisor = world.provider.hypervisor
            let disk = CloneDisk(
                sourcePath: "/default-pool/web", sourcePool: TestDriverWorld.pool, sourceName: "web", sourceFormat: "qcow2",
                own: "web.link-1.qcow2", format: "qcow2", capacityBytes: 1 << 20, role: .root, pool: "other", name: "copy.qcow2", disk: nil)
            let broken = MadeUpWork { operation throws(RPCError) in
                try await operation.note("disks", CloneDisk.note([disk]))
                try await hypervisor.act("make half") { connection throws(LibvirtError) in
                    for (pool, name) in [("other", "copy.qcow2"), (TestDriverWorld.pool, "web.link-1.qcow2")] {
                        _ = try connection.pool(named: pool).createVolume(
                            Storage.VolumePlan(name: name, capacityBytes: 1 << 20, format: "qcow2").xml)
                    }
                }
                throw RPCError(.internal, "it broke")
            } undo: { operation throws(RPCError) in
                try await work.undo(operation)
            }
            let request = CloneRequest(
                sourceVMID: id, targetName: "copy", linked: true, placementJSON: Placement(datastore: "other").json)
            let draft = OperationDraft(target: "copy", resultID: Names.uuid(), notes: [CloneWork.sourceNote: id])
            #expect(try await world.run(.clone, request.protobuf, draft: draft, work: broken).message == "it broke")
            #expect(try other.volumes().isEmpty)
            #expect(try world.volumes() == before)
            try other.stop()
            try other.undefine()
            await world.close()
        }
    }
}

/// What of a source's description is refused before a clone has it.
struct ClonePlanTests {
    private let plan: ClonePlan
    private let uuid = "99999999-2222-4333-8444-555555555555"

    init() throws { plan = try ClonePlan(CloneRequest(sourceVMID: "s", targetName: "copy")) }

    private func source(_ devices: String) throws -> XMLElement {
        try XMLReader.read(
            "<domain><name>web</name><uuid>\(uuid)</uuid><metadata/><devices><disk type='file' device='disk'><driver type='qcow2'/><source file='/p/root'/><target dev='vda'/></disk>\(devices)</devices></domain>",
            source: "source")
    }

    @Test(arguments: [
        "<disk type='file' device='disk'><driver type='qcow2'/><source file='/p/late'/><target dev='vdb'/></disk>",
        "<disk type='network' device='disk'><source protocol='rbd' name='a/b'/><target dev='vdb'/></disk>",
        "<disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vdb'/></disk>",
        "<disk type='block' device='lun'><source dev='/dev/sdb'/><target dev='vdb'/></disk>",
        "<disk type='file' device='floppy'><source file='/p/floppy.img'/><target dev='vdb'/></disk>",
    ])
    func `a disk that both would write to is refused`(disk: String) throws {
        let error = refusal(try source(disk))
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains("disk vdb of the source has no copy") == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        "<disk type='file' device='cdrom'><source file='/p/a.iso'/><target dev='sda'/></disk>",
        "<disk type='file' device='floppy'><target dev='fda'/></disk>",
        "<disk type='file' device='floppy'><source file='/p/floppy.img'/><target dev='fda'/><readonly/></disk>",
        "<disk type='file' device='disk'><source file='/p/tools'/><target dev='vdb'/><readonly/></disk>",
    ])
    func `what is only read is shared`(disk: String) throws { #expect(refusal(try source(disk)) == nil) }

    @Test(arguments: [
        ("<disk type='block' device='lun'><source dev='/dev/sdb'/><target dev='vdb'/></disk>", "disk vdb of machine web is a lun"),
        ("<disk device='floppy'><source file='/p/f'/><target dev='fda'/></disk>", "disk fda of machine web is a floppy"),
        (
            "<disk type='volume'><source pool='p' volume='v'/><target dev='vdb'/></disk>",
            "disk vdb of machine web is neither file nor device"
        ),
    ])
    func `that is said at once`(disk: String, words: String) throws {
        let view = MachineView(try source(disk))
        let machine = Hypervisor.Machine(uuid: uuid, name: "web", state: DomainState(state: 5, reason: 0), now: view, next: view)
        do throws(RPCError) {
            try plan.check(machine)
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .failedPrecondition)
            #expect(error.message.contains(words), "\(error)")
        }
    }

    @Test(arguments: [
        "<hostdev mode='subsystem' type='pci'><source/></hostdev>", "<shmem name='shared'/>",
        "<memory model='nvdimm'><source><path>/dev/dax0.0</path></source></memory>", "<filesystem type='mount'/>",
        "<interface type='direct'><source dev='eth0'/></interface>", "<interface type='hostdev'/>", "<interface type='user'/>",
        "<interface type='bridge'><source bridge='br1'/></interface>", "<interface type='bridge'/>",
        "<interface type='network'><source network='lan'/><vlan><tag id='5'/></vlan></interface>",
        "<interface type='network'><source network='lan'/><script path='/usr/local/bin/up'/></interface>",
        "<disk type='block' device='cdrom'><source dev='/dev/sr0'/><target dev='sda'/><readonly/></disk>",
        "<disk type='block' device='disk'><source dev='/dev/vg/root'/><target dev='vdb'/><readonly/></disk>",
        "<disk type='dir' device='floppy'><source dir='/etc'/><target dev='fda'/><readonly/></disk>",
        "<serial type='file'><source path='/var/log/guest'/></serial>", "<serial type='dev'><source path='/dev/ttyS0'/></serial>",
        "<channel type='tcp'><source mode='connect' host='127.0.0.1' service='22'/></channel>", "<redirdev bus='usb' type='tcp'/>",
        "<input type='evdev'><source dev='/dev/input/event0'/></input>", "<graphics type='egl-headless'/>",
        "<rng model='virtio'><backend model='random'>/etc/shadow</backend></rng>",
        "<rng model='virtio'><backend model='egd' type='udp'/></rng>",
        "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>", "<audio id='1' type='file'/>",
        "<smartcard mode='host'/>", "<lease/>", "<vsock model='virtio'/>", "<pstore backend='acpi-erst'><path>/p</path></pstore>",
        "<unknown/>",
    ])
    func `a device that reaches the host is refused`(device: String) throws {
        #expect(hostRefusal(try source(device))?.code == .permissionDenied)
    }

    @Test(arguments: [
        "<interface type='bridge'><source bridge='br0'/></interface>", "<interface type='network'><source network='lan'/></interface>",
        "<disk type='file' device='cdrom'><source file='/p/a.iso'/><target dev='sda'/><readonly/></disk>",
        "<disk type='block' device='cdrom'><target dev='sda'/><readonly/></disk>",
        "<disk type='block' device='disk'><source dev='/dev/vg/web1'/><target dev='vdb'/></disk>",
        "<serial type='pty'/>", "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
        "<redirdev bus='usb' type='spicevmc'/>", "<input type='tablet' bus='usb'/>", "<graphics type='vnc' port='-1'/>",
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>", "<rng model='virtio'><backend model='builtin'/></rng>",
        "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>", "<audio id='1' type='none'/>",
        "<memballoon model='virtio'/>",
        "<memory model='dimm'/>", "<video><model type='virtio'/></video>", "<emulator>/usr/bin/qemu-system-x86_64</emulator>",
    ])
    func `a device that is the guest's alone is taken along`(device: String) throws { #expect(hostRefusal(try source(device)) == nil) }

    @Test func `arguments of QEMU's own are refused, and labels and logs stay with the source`() throws {
        var domain = try source("<serial type='pty'><log file='/var/log/web.log'/></serial>")
        domain.children.append(XMLElement("seclabel", attributes: [.init(name: "type", value: "none")]))
        #expect(hostRefusal(domain) == nil)
        let clone = try plan.description(
            domain, uuid: uuid, mark: MachineMark(operation: "op-1", uuid: uuid), paths: ["/p/root": ("/p/copy", "qcow2")], seed: nil)
        #expect(clone.child("seclabel") == nil && clone.first("devices/serial") != nil && clone.first("devices/serial/log") == nil)
        domain.children.append(XMLElement("qemu:commandline"))
        #expect(hostRefusal(domain)?.message.contains("<qemu:commandline>") == true)
    }

    private func hostRefusal(_ source: XMLElement) -> RPCError? {
        do throws(RPCError) {
            try CloneDevices.check(source, bridges: ["br0"])
            return nil
        } catch {
            return error
        }
    }

    private func refusal(_ source: XMLElement) -> RPCError? {
        do throws(RPCError) {
            _ = try plan.description(
                source, uuid: uuid, mark: MachineMark(operation: "op-1", uuid: uuid), paths: ["/p/root": ("/p/copy", "qcow2")], seed: nil)
            return nil
        } catch {
            return error
        }
    }

    @Test func `disks are noted and read whole, or not at all`() throws {
        let disk = CloneDisk(
            sourcePath: "/p/a\tb\nc", sourcePool: "\"p\"", sourceName: "a", sourceFormat: "raw", own: nil, format: "raw",
            capacityBytes: .max, role: .data, pool: "q", name: "n", disk: "data\n")
        #expect(try CloneDisk.read(CloneDisk.note([disk, disk])) == [disk, disk])
        for broken in ["", "[]", "[{}]", CloneDisk.note([disk]).replacing("capacityBytes", with: "capacity")] {
            #expect(throws: (any Error).self) { try CloneDisk.read(broken) as [CloneDisk] }
        }
    }
}
