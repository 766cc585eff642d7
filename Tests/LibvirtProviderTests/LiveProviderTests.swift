import JSON
import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// The provider on a real libvirtd with real guests.
@Suite(.live, .serialized) struct LiveProviderTests {
    private static var image: VMImage {
        var image = VMImage(url: LiveHypervisor.imageURL, format: "qcow2")
        image.checksum = Checksum(.sha256, hex: LiveHypervisor.imageSHA256)
        return image
    }

    private static func request(_ name: String, size: Int? = nil, userData: String = "", cpu: Int = 1) -> CreateRequest {
        let vmClass = VMClass(cpu: cpu, memoryMiB: 128, diskDefaults: VMClass.DiskDefaults(sizeGiB: size))
        return CreateRequest(name: name, userData: Array(userData.utf8), classJSON: vmClass.json, imageJSON: image.json)
    }

    @Test func `a machine lives from image to removal`() async throws {
        let folder = ScratchFolder()
        let provider = try await LiveHypervisor.provider(folder)
        let validated = try await provider.validate(ValidateRequest(), LibvirtProvider.call)
        #expect(validated.ok)
        var request = Self.request("live1", size: 1, userData: "#cloud-config\nhostname: live1\n")
        request.disksJSON = DiskSpec.json([DiskSpec(name: "data", sizeGiB: 1)])
        request.owner = ObjectIdentity(uid: "u-1", namespace: "ns", name: "live1")
        let created = try await provider.create(request, LibvirtProvider.call)
        try await provider.finish(created.task)
        let again = try await provider.create(request, LibvirtProvider.call)
        #expect(again.id == created.id)
        var described = try await provider.describe(created.id)
        #expect(described.exists && described.powerState == "On")
        let clock = ContinuousClock.now
        repeat {
            try await Task.sleep(for: .milliseconds(500))
            described = try await provider.describe(created.id)
        } while described.ips.isEmpty && (ContinuousClock.now - clock).seconds < 90
        #expect(described.powerState == "On")
        #expect(described.ips.count == 1)
        let list = try await provider.listVMs(ListVMsRequest(), LibvirtProvider.call)
        #expect(list.vms.contains { $0.id == created.id && $0.ips == described.ips })
        let census = try #require(await provider.census(by: .after(seconds: 10)))
        #expect(census.domains["running"] ?? 0 >= 1)
        #expect(provider.connectionsOpened >= 2)

        let snapshot = try await provider.snapshotCreate(
            SnapshotCreateRequest(vmID: created.id, nameHint: "before", includeMemory: true, description: "a & b"), LibvirtProvider.call)
        try await provider.finish(snapshot.task)
        #expect(snapshot.snapshotID == "before")
        var info = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: created.id), LibvirtProvider.call)
        #expect(info.snapshots == ["before"])
        #expect(info.virtualSizeBytes == 1 << 30)

        var desired = DesiredState(vmClass: VMClass(cpu: 2, memoryMiB: 160, diskDefaults: VMClass.DiskDefaults(sizeGiB: 2)))
        desired.disks = [DiskSpec(name: "data", sizeGiB: 2), DiskSpec(name: "more", sizeGiB: 1)]
        try await provider.finish(
            try await provider.reconfigure(ReconfigureRequest(id: created.id, desiredJSON: desired.json), LibvirtProvider.call).task)
        described = try await provider.describe(created.id)
        #expect(described.providerRawJSON.contains("\"pending_restart\":{\"vcpus\":2"))
        info = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: created.id, diskID: "more"), LibvirtProvider.call)
        #expect(info.virtualSizeBytes == 1 << 30)
        desired.disks = [DiskSpec(name: "data", sizeGiB: 1)]
        let shrunk = desired.json
        let refused = await refusal { () throws(RPCError) in
            try await provider.reconfigure(ReconfigureRequest(id: created.id, desiredJSON: shrunk), LibvirtProvider.call)
        }
        #expect(refused?.code == .failedPrecondition, "\(String(describing: refused))")

        let linkedWhileOn = await refusal { () throws(RPCError) in
            try await provider.clone(CloneRequest(sourceVMID: created.id, targetName: "live2", linked: true), LibvirtProvider.call)
        }
        #expect(linkedWhileOn?.code == .failedPrecondition)

        try await provider.finish(
            try await provider.snapshotRevert(SnapshotRevertRequest(vmID: created.id, snapshotID: "before"), LibvirtProvider.call).task)
        described = try await provider.describe(created.id)
        #expect(described.powerState == "On")
        try await provider.finish(
            try await provider.snapshotDelete(SnapshotDeleteRequest(vmID: created.id, snapshotID: "before"), LibvirtProvider.call).task)
        let off = try await provider.power(
            PowerRequest(id: created.id, op: .shutdownGraceful, gracefulTimeoutSeconds: 30), LibvirtProvider.call)
        try await provider.finish(off.task)
        #expect(try await provider.describe(created.id).powerState == "Off")

        let full = try await provider.clone(CloneRequest(sourceVMID: created.id, targetName: "live-full"), LibvirtProvider.call)
        try await provider.finish(full.task)
        let linked = try await provider.clone(
            CloneRequest(sourceVMID: created.id, targetName: "live-linked", linked: true), LibvirtProvider.call)
        try await provider.finish(linked.task)
        for (id, isLinked) in [(full.targetVMID, false), (linked.targetVMID, true), (created.id, true)] {
            let info = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: id), LibvirtProvider.call)
            #expect(info.backingFile.isEmpty == !isLinked, "\(info.path) stands on \(info.backingFile)")
            try await provider.finish(try await provider.power(PowerRequest(id: id, op: .on), LibvirtProvider.call).task)
        }
        for id in [full.targetVMID, linked.targetVMID, created.id] {
            let start = ContinuousClock.now
            repeat {
                try await Task.sleep(for: .milliseconds(500))
                described = try await provider.describe(id)
            } while described.ips.isEmpty && (ContinuousClock.now - start).seconds < 90
            #expect(!described.ips.isEmpty)
        }
        // The source goes first: what its clone stands upon must stay.
        for id in [created.id, full.targetVMID, linked.targetVMID] {
            try await provider.finish(try await provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task)
            #expect(try await provider.describe(id).exists == false)
        }
        let left = try await provider.hypervisor.look("list") { connection throws(LibvirtError) in
            try connection.pool(named: "default").volumes().map(\.name)
        }
        #expect(!left.contains { $0.hasPrefix("live") })
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `a disk goes out, comes in elsewhere, and starts there`() async throws {
        let (folder, exchange) = (ScratchFolder(), ScratchFolder())
        let provider = try await LiveHypervisor.provider(folder) { $0.exchangeFolder = exchange.path }
        #expect(try await provider.getCapabilities(GetCapabilitiesRequest(), LibvirtProvider.call).supportsDiskExport)
        let made = try await provider.create(Self.request("traveller", size: 1), LibvirtProvider.call)
        try await provider.finish(made.task)
        let export = ExportDiskRequest(vmID: made.id, destinationURL: "file:moved.qcow2", format: "qcow2")
        let early = await refusal { () throws(RPCError) in try await provider.exportDisk(export, LibvirtProvider.call) }
        #expect(early?.code == .failedPrecondition)
        try await provider.finish(try await provider.power(PowerRequest(id: made.id, op: .off), LibvirtProvider.call).task)
        let outside = await refusal { () throws(RPCError) in
            try await provider.exportDisk(ExportDiskRequest(vmID: made.id, destinationURL: "file:///etc/moved"), LibvirtProvider.call)
        }
        #expect(outside?.code == .invalidArgument)
        let key = LibvirtProvider.call(key: "out")
        let out = try await provider.exportDisk(export, key)
        try await provider.finish(out.task)
        let told = try await provider.exportDisk(export, key)
        #expect(told.exportID == out.exportID)
        let beside = String(decoding: try Files.read(exchange.path + "/moved.qcow2.sha256"), as: UTF8.self)
        #expect(beside == "\(told.checksum)  moved.qcow2\n")
        var digest = SHA256()
        digest.add(try Files.read(exchange.path + "/moved.qcow2", limitBytes: 256 << 20))
        #expect(digest.hex() == told.checksum)

        var coming = ImportDiskRequest(
            sourceURL: "file:moved.qcow2", format: "qcow2", targetName: "arrived.qcow2", verifyChecksum: true,
            expectedChecksum: told.checksum)
        let brought = try await provider.importDisk(coming, LibvirtProvider.call)
        try await provider.finish(brought.task)
        var second = Self.request("arrived")
        second.imageJSON = VMImage(path: brought.path).json
        let again = try await provider.create(second, LibvirtProvider.call)
        try await provider.finish(again.task)
        #expect(try await provider.describe(again.id).powerState == "On")
        coming.expectedChecksum = String(repeating: "0", count: 64)
        coming.targetName = "other.qcow2"
        let failure = try #require(try await provider.failure(try await provider.importDisk(coming, LibvirtProvider.call).task))
        #expect(failure.code == .failedPrecondition && failure.message.contains(told.checksum), "\(failure)")
        for id in [made.id, again.id] {
            try await provider.finish(try await provider.delete(DeleteRequest(id: id), LibvirtProvider.call).task)
        }
        let left = try await provider.hypervisor.look("list") { connection throws(LibvirtError) in
            try connection.pool(named: "default").volumes().map(\.name).filter { !$0.hasPrefix("guest-") }.sorted()
        }
        #expect(left == ["arrived.qcow2.img", "arrived.qcow2.img.martlet"])
        await provider.shutdown(by: .after(seconds: 5))
    }
}
