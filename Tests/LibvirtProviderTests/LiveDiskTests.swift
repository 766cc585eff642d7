import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing
import XML

@testable import LibvirtProvider

/// What guests and people do to disks on a real hypervisor, where libvirt looks at them itself.
@Suite(.live, .serialized) struct LiveDiskTests {
    private let folder = ScratchFolder()

    private func request(_ name: String, type: String? = nil, disks: [DiskSpec] = []) -> CreateRequest {
        let vmClass = VMClass(cpu: 1, memoryMiB: 96, diskDefaults: VMClass.DiskDefaults(type: type, sizeGiB: 1))
        return CreateRequest(name: name, classJSON: vmClass.json, disksJSON: disks.isEmpty ? "" : DiskSpec.json(disks))
    }

    /// A machine that is off.
    private func make(_ provider: LibvirtProvider, _ request: CreateRequest) async throws -> String {
        let made = try await provider.create(request, LibvirtProvider.call)
        try await provider.finish(made.task)
        try await provider.finish(try await provider.power(PowerRequest(id: made.id, op: .off), LibvirtProvider.call).task)
        return made.id
    }

    private func volumes(_ provider: LibvirtProvider) async throws -> Set<String> {
        try await provider.hypervisor.look("list") { connection throws(LibvirtError) in
            Set(try connection.pool(named: "default").volumes().map(\.name))
        }
    }

    private func delete(_ provider: LibvirtProvider, _ id: String) async throws {
        try await provider.finish(try await provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task)
    }

    private func reconfigure(_ provider: LibvirtProvider, _ id: String, _ disks: [DiskSpec]) async throws -> TaskRef? {
        try await provider.reconfigure(
            ReconfigureRequest(id: id, desiredJSON: DesiredState(disks: disks).json), LibvirtProvider.call
        ).task
    }

    /// A head of qcow2, version 3, that stands upon a file of the host: what a guest's root can write onto its first sectors.
    private static var forgedHead: [UInt8] {
        func number(_ value: UInt64, _ bytes: Int) -> [UInt8] {
            (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        }
        let file = Array("/etc/hostname".utf8)
        let head =
            Array("QFI".utf8) + [0xFB] + number(3, 4) + number(112, 8) + number(UInt64(file.count), 4) + number(16, 4) + number(1 << 20, 8)
            + number(0, 4) + number(1, 4) + number(0x30000, 8) + number(0x10000, 8) + number(1, 4) + number(0, 4) + number(0, 8)
            + number(0, 24) + number(4, 4) + number(104, 4)
        return head + [UInt8](repeating: 0, count: 112 - head.count) + file + [UInt8](repeating: 0, count: 0x40000 - 112 - file.count)
    }

    @Test(arguments: [true, false]) func `a guest's own disk brings no file of the host into a clone`(isLinked: Bool) async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let id = try await make(provider, request("forger", type: "raw"))
        let root = try #require(try await provider.hypervisor.machine(id).next.rootDisk)
        #expect(root.format == "raw")
        let path = try #require(root.path)
        try await provider.hypervisor.haul("write as a guest does") { connection throws(LibvirtError) in
            let stream = try connection.volume(path: path).upload(length: UInt64(Self.forgedHead.count))
            try stream.send(Self.forgedHead)
            try stream.finish()
        }
        let before = try await volumes(provider)
        let made = try await provider.clone(CloneRequest(sourceVMID: id, targetName: "loot", linked: isLinked), LibvirtProvider.call)
        let failure = try #require(try await provider.failure(made.task))
        #expect(failure.code == .failedPrecondition)
        #expect(failure.message.contains("which its guest may have written"), "\(failure)")
        // libvirt does believe it, so the test is one.
        let view = try await provider.hypervisor.look("look") { connection throws(LibvirtError) in
            try VolumeView(connection.volume(path: path))
        }
        #expect(view.format == "qcow2" && view.backingPath == "/etc/hostname")
        #expect(try await volumes(provider) == before)
        try await delete(provider, id)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `a disk that was taken out is attached again with what is in it`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let id = try await make(provider, request("keeper", disks: [DiskSpec(name: "data", sizeGiB: 1, type: "raw")]))
        let machine = try await provider.hypervisor.machine(id)
        let disk = try #require(machine.next.disks.first { $0.path?.hasSuffix(".raw") == true })
        let (path, target) = (try #require(disk.path), disk.target)
        let bytes = Array("what the guest keeps".utf8)
        try await provider.hypervisor.haul("write and take out") { connection throws(LibvirtError) in
            let stream = try connection.volume(path: path).upload(length: UInt64(bytes.count))
            try stream.send(bytes)
            try stream.finish()
            let device = MachinePlan.Disk(target: target, path: path, format: "raw", serial: "data")
            try connection.domain(uuid: id).detachDevice(device.xml, .config)
        }
        #expect(try await provider.hypervisor.machine(id).next.disks.contains { $0.path == path } == false)
        try await provider.finish(try await reconfigure(provider, id, [DiskSpec(name: "data", sizeGiB: 2, type: "raw")]))
        #expect(try await provider.hypervisor.machine(id).next.disks.contains { $0.path == path && $0.format == "raw" })
        let found: (bytes: [UInt8], capacity: UInt64) = try await provider.hypervisor.haul("read") { connection throws(LibvirtError) in
            let volume = try connection.volume(path: path)
            let stream = try volume.download(length: UInt64(bytes.count))
            let bytes = try stream.receive(atMost: bytes.count)
            stream.abort()
            return (bytes, try volume.info().capacityBytes)
        }
        #expect(found.bytes == bytes)
        #expect(found.capacity == 2 << 30)
        try await delete(provider, id)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `a machine that was copied with its description takes nothing along`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let id = try await make(provider, request("original"))
        let before = try await volumes(provider)
        let copy = Names.uuid()
        try await provider.hypervisor.act("copy it") { connection throws(LibvirtError) in
            guard var description = try? XMLReader.read(connection.domain(uuid: id).xml(.inactive), source: "machine") else { return }
            description.replace(XMLElement("name", text: "impostor"))
            description.replace(XMLElement("uuid", text: copy))
            _ = try connection.defineDomain(description.xml)
        }
        let failure = try #require(
            try await provider.failure(try await provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task))
        #expect(failure.code == .failedPrecondition && failure.message.contains("machine impostor has"), "\(failure)")
        try await delete(provider, copy)
        #expect(try await volumes(provider) == before)
        try await delete(provider, id)
        #expect(try await volumes(provider).isDisjoint(with: before.filter { $0.hasPrefix("original") }))
        await provider.shutdown(by: .after(seconds: 5))
    }

    /// Of a machine that runs and one that does not.
    @Test(arguments: [true, false]) func `a revert leaves no mark of itself, and is seen to be done`(isOn: Bool) async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let id = try await make(provider, request("reverted"))
        if isOn { try await provider.finish(try await provider.power(PowerRequest(id: id, op: .on), LibvirtProvider.call).task) }
        let made = try await provider.snapshotCreate(SnapshotCreateRequest(vmID: id, nameHint: "a"), LibvirtProvider.call)
        try await provider.finish(made.task)
        try await provider.finish(try await provider.power(PowerRequest(id: id, op: isOn ? .off : .on), LibvirtProvider.call).task)
        try await provider.hypervisor.act("mark it") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: id)
            try RevertMark.write("op-1", domain)
            try RevertMark.write(nil, domain)
            let isGone = try RevertMark.isGone("op-1", domain)
            #expect(isGone)
            try RevertMark.write("op-1", domain)
            let isBack = try !RevertMark.isGone("op-1", domain)
            #expect(isBack)
        }
        let task = try await provider.snapshotRevert(SnapshotRevertRequest(vmID: id, snapshotID: "a"), LibvirtProvider.call).task
        try await provider.finish(task)
        #expect(try await provider.describe(id).powerState == (isOn ? "On" : "Off"))
        try await provider.hypervisor.look("look") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: id)
            let found = (isGone: try RevertMark.isGone("op-1", domain), isCurrent: try domain.isCurrent(snapshot: "a"))
            #expect(found.isGone && found.isCurrent)
        }
        try await delete(provider, id)
        await provider.shutdown(by: .after(seconds: 5))
    }

    /// libvirt writes one and then the other; who reads them one after the other, in either order, must not find the second behind the first.
    @Test func `both marks of a machine change at once for who looks`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let id = try await make(provider, request("marked"))
        try await provider.finish(try await provider.power(PowerRequest(id: id, op: .on), LibvirtProvider.call).task)
        let (hypervisor, rounds) = (provider.hypervisor, 300)
        @Sendable func number(_ domain: LibvirtDomain, _ scope: ChangeScope) throws(LibvirtError) -> Int {
            let text = try domain.metadata(namespace: MachineMark.namespace, scope)
            return (try? XMLReader.read(text, source: "mark"))?["operation"].flatMap { Int($0) } ?? 0
        }
        async let reading: (behind: Int, seen: Int) = hypervisor.look("read", seconds: 120) { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: id)
            var (behind, seen): (Int, Set<Int>) = (0, [])
            while !seen.contains(rounds) {
                for order in [[ChangeScope.live, .config], [.config, .live]] {
                    let first = try number(domain, order[0])
                    if try number(domain, order[1]) < first { behind += 1 }
                    seen.insert(first)
                }
            }
            return (behind, seen.count)
        }
        try await hypervisor.act("write") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: id)
            guard var mark = try Hypervisor.machine(domain).mark else { return }
            for number in 1...rounds {
                mark.operation = String(number)
                try domain.setMark(mark)
            }
        }
        let read = try await reading
        #expect(read.behind == 0)
        #expect(read.seen > 10)
        try await delete(provider, id)
        await provider.shutdown(by: .after(seconds: 5))
    }
}
