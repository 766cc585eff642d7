import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// Images and disks that somebody has made to bring out what is the host's or somebody else's, on a real hypervisor.
@Suite(.live, .serialized) struct LiveImageTests {
    let folder = ScratchFolder()

    /// Of the server's folder for what it does on purpose.
    func url(_ kind: String = "", _ name: String? = nil) -> String {
        let whole = LiveHypervisor.imageURL
        let slash = whole.lastIndex(of: "/") ?? whole.endIndex
        return whole[..<slash] + (kind.isEmpty ? "" : "/\(kind)") + (name.map { "/\($0)" } ?? String(whole[slash...]))
    }

    var checksum: Checksum { Checksum(.sha256, hex: LiveHypervisor.imageSHA256) }

    func create(_ name: String, _ image: VMImage?, type: String = "", size: Int? = nil, disks: [DiskSpec] = []) -> CreateRequest {
        var disk = VMClass.DiskDefaults(sizeGiB: size)
        disk.type = type
        return CreateRequest(
            name: name, classJSON: VMClass(cpu: 1, memoryMiB: 96, diskDefaults: disk).json, imageJSON: image?.json ?? "",
            disksJSON: disks.isEmpty ? "" : DiskSpec.json(disks))
    }

    func forced(_ url: String, _ checksum: Checksum?) -> String {
        let sum = checksum.map { #","checksum":"\#($0.hex)""# } ?? ""
        return #"{"source":{"http":{"url":"\#(url)"\#(sum)}},"prepare":{"force":true}}"#
    }

    func volumes(_ provider: LibvirtProvider, _ pool: String = "default") async throws -> Set<String> {
        try await provider.hypervisor.look("list") { connection throws(LibvirtError) in
            Set(try connection.pool(named: pool).volumes().map(\.name))
        }
    }

    /// As a guest does it on its disk, or an operator in a pool; then libvirt looks.
    func write(_ file: String, over volume: String, _ provider: LibvirtProvider) async throws {
        let bytes = try Files.read("\(LiveHypervisor.madeFolder)/\(file)")
        try await provider.hypervisor.act("write") { connection throws(LibvirtError) in
            let pool = try connection.pool(named: "default")
            if try Storage.volume(pool, volume) == nil {
                _ = try pool.createVolume(Storage.VolumePlan(name: volume, capacityBytes: 1 << 20, format: "raw").xml)
            }
            let stream = try pool.volume(named: volume).upload(length: UInt64(bytes.count))
            try stream.send(bytes)
            try stream.finish()
            try pool.refresh()
        }
    }

    func remove(_ volumes: [String], _ provider: LibvirtProvider) async throws {
        try await provider.hypervisor.act("remove") { connection throws(LibvirtError) in
            for volume in volumes { try Storage.remove(connection, pool: "default", volume: volume) }
        }
    }

    // MARK: formats

    @Test(arguments: ["qed.img", "overlay.img", "outside.img", "vdi.img"], ["", "copy", "raw"])
    func `an image that names files of the host, or of an unknown format, is not taken`(file: String, type: String) async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        let task = try await provider.create(create("hostile", VMImage(url: url("made", file)), type: type), LibvirtProvider.call).task
        let failure = try #require(try await provider.failure(task))
        #expect([.failedPrecondition, .unimplemented].contains(failure.code), "\(failure)")
        #expect(try await volumes(provider) == before)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test(arguments: ["qed.img", "overlay.img"]) func `nor is one that lies in a pool`(file: String) async throws {
        let provider = try await LiveHypervisor.provider(folder)
        try await write(file, over: "planted.img", provider)
        for type in ["", "copy", "raw"] {
            let request = create("hostile", VMImage(templateName: "planted"), type: type)
            let refused = await refusal { () throws(RPCError) in try await provider.create(request, LibvirtProvider.call) }
            #expect([.failedPrecondition, .unimplemented].contains(refused?.code), "\(String(describing: refused))")
        }
        try await remove(["planted.img"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test(arguments: ["qed.img", "overlay.img"])
    func `what a guest writes onto its raw disk brings nothing of the host out`(file: String) async throws {
        let exchange = ScratchFolder()
        let provider = try await LiveHypervisor.provider(folder) { $0.exchangeFolder = exchange.path }
        let made = try await provider.create(
            create("guest-raw", nil, type: "raw", size: 1, disks: [DiskSpec(name: "data", sizeGiB: 1, type: "raw")]), LibvirtProvider.call)
        try await provider.finish(made.task)
        try await provider.finish(try await provider.power(PowerRequest(id: made.id, op: .off), LibvirtProvider.call).task)
        let info = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: made.id, diskID: "data"), LibvirtProvider.call)
        let name = try #require(info.path.split(separator: "/").last.map(String.init))
        try await write(file, over: name, provider)

        let out = try await provider.exportDisk(
            ExportDiskRequest(vmID: made.id, diskID: "data", destinationURL: "file:out.raw", format: "raw"), LibvirtProvider.call)
        let failure = try #require(try await provider.failure(out.task))
        #expect(failure.code == .failedPrecondition, "\(failure)")
        #expect(Files.names(in: exchange.path) ?? [] == [])
        let own = await refusal { () throws(RPCError) in
            try await provider.create(create("thief", VMImage(path: info.path), type: "copy"), LibvirtProvider.call)
        }
        #expect(own?.code == .failedPrecondition && own?.message.contains("guest-raw") == true, "\(String(describing: own))")
        // Left behind by a machine that somebody has forgotten.
        try await provider.hypervisor.act("forget") { connection throws(LibvirtError) in try connection.domain(uuid: made.id).undefine([]) }
        for type in ["", "copy", "raw"] {
            let refused = await refusal { () throws(RPCError) in
                try await provider.create(create("thief", VMImage(path: info.path), type: type), LibvirtProvider.call)
            }
            #expect([.failedPrecondition, .unimplemented].contains(refused?.code), "\(String(describing: refused))")
        }
        try await remove(Array(try await volumes(provider).filter { $0.hasPrefix("guest-raw") }), provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    // MARK: whose they are

    @Test func `a disk of a machine is no image, and no image takes its place`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let victim = try await provider.create(create("victim", nil, size: 1), LibvirtProvider.call)
        try await provider.finish(victim.task)
        let path = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: victim.id), LibvirtProvider.call).path
        let name = try #require(path.split(separator: "/").last.map(String.init))
        for image in [VMImage(path: path), VMImage(templateName: name)] {
            let refused = await refusal { () throws(RPCError) in try await provider.create(create("thief", image), LibvirtProvider.call) }
            #expect(refused?.code == .failedPrecondition && refused?.message.contains("victim") == true, "\(String(describing: refused))")
        }
        let before = try await volumes(provider)
        let task = try await provider.imagePrepare(
            ImagePrepareRequest(imageJSON: forced(url(), checksum), targetName: name), LibvirtProvider.call)
        #expect(task.preparedImageID == name + ".img")
        try await provider.finish(task.task)
        #expect(try await volumes(provider).subtracting(before) == [name + ".img", name + ".img.martlet"])
        #expect(try await provider.getDiskInfo(GetDiskInfoRequest(vmID: victim.id), LibvirtProvider.call).virtualSizeBytes == 1 << 30)
        try await provider.finish(try await provider.delete(DeleteRequest(id: victim.id), LibvirtProvider.call).task)
        try await remove([name + ".img", name + ".img.martlet"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `a disk of a machine that is being made is no image`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        let victim = try await provider.create(create("victim", VMImage(url: url("stalls"))), LibvirtProvider.call)
        let task = try #require(victim.task)
        let name = Names.volume("victim", victim.id, "1", "raw")
        _ = try await provider.hypervisor.act("make it") { connection throws(LibvirtError) in
            try Storage.write(connection, pool: "default", name: name, [UInt8](repeating: 7, count: 4096)).path
        }
        let refused = await refusal { () throws(RPCError) in
            try await provider.create(create("thief", VMImage(templateName: name), type: "copy"), LibvirtProvider.call)
        }
        #expect(refused?.code == .failedPrecondition, "\(String(describing: refused))")
        #expect(refused?.message.contains("operation \(task.id) (Create)") == true, "\(String(describing: refused))")
        _ = try await provider.tasks.cancel(task.id)
        let end = try #require(await provider.tasks.end(of: task.id, by: .after(seconds: 60)))
        #expect(end.state == .cancelled)
        try await remove([name], provider)
        #expect(try await volumes(provider).symmetricDifference(before) == [])
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `what somebody has put into a pool is used, and not replaced`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let bytes = [UInt8](repeating: 7, count: 4096)
        _ = try await provider.hypervisor.act("put") { connection throws(LibvirtError) in
            try Storage.write(connection, pool: "default", name: "operators.img", bytes).path
        }
        let task = try await provider.imagePrepare(
            ImagePrepareRequest(imageJSON: forced(url(), checksum), targetName: "operators"), LibvirtProvider.call)
        let failure = try #require(try await provider.failure(task.task))
        #expect(failure.code == .failedPrecondition && failure.message.contains("put there by somebody"), "\(failure)")
        let left = try await provider.hypervisor.look("read") { connection throws(LibvirtError) in
            try Storage.read(connection.pool(named: "default").volume(named: "operators.img"), limit: 1 << 20)
        }
        #expect(left == bytes)
        let made = try await provider.create(create("from-operators", VMImage(templateName: "operators")), LibvirtProvider.call)
        try await provider.finish(made.task)
        try await provider.finish(try await provider.delete(DeleteRequest(id: made.id), LibvirtProvider.call).task)
        try await remove(["operators.img"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `an image that was fetched with a token is for who has it`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        func prepare(_ token: String?) -> ImagePrepareRequest {
            let headers = token.map { #","headers":{"Authorization":"Bearer \#($0)"}"# } ?? ""
            return ImagePrepareRequest(
                imageJSON: #"{"source":{"http":{"url":"\#(url("private"))"\#(headers)}}}"#, targetName: "private")
        }
        let own = try await provider.imagePrepare(prepare("one"), LibvirtProvider.call)
        try await provider.finish(own.task)
        #expect(own.preparedImageID.hasPrefix("private-"))
        #expect(try await provider.imagePrepare(prepare("one"), LibvirtProvider.call).task == nil)
        for token in ["two", nil] {
            let failure = try #require(
                try await provider.failure(try await provider.imagePrepare(prepare(token), LibvirtProvider.call).task))
            #expect(failure.code == .permissionDenied, "\(failure)")
        }
        try await remove([own.preparedImageID, own.preparedImageID + ".martlet"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    // MARK: force

    @Test func `a good image stays until a better one is whole, and as long as disks are made of it`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        func prepare(_ imageJSON: String) async throws -> ImagePrepareResponse {
            try await provider.imagePrepare(ImagePrepareRequest(imageJSON: imageJSON, targetName: "golden"), LibvirtProvider.call)
        }
        var image = VMImage(url: url())
        image.checksum = checksum
        let first = try await prepare(image.json)
        try await provider.finish(first.task)
        let whole = try await volumes(provider).subtracting(before)
        #expect(whole == ["golden.img", "golden.img.martlet"])
        for (bad, sum) in [
            (url("made", "qed.img"), nil), (url("none"), nil), (url(), Checksum(.sha256, hex: String(repeating: "0", count: 64))),
        ] {
            #expect(try await provider.failure(try await prepare(forced(bad, sum)).task) != nil)
            #expect(try await volumes(provider).subtracting(before) == whole)
            #expect(try await prepare(image.json).task == nil, "the good one is ready")
        }
        provider.images.locks.hold(first.preparedImagePath, for: "op-other")
        let held = try #require(try await provider.failure(try await prepare(forced(url(), checksum)).task))
        #expect(held.code == .failedPrecondition && held.message.contains("op-other"), "\(held)")
        provider.images.locks.release("op-other")

        try await provider.finish(try await prepare(forced(url(), checksum)).task)
        let replaced = try await volumes(provider).subtracting(before)
        #expect(replaced.count == 2 && replaced.contains("golden.img.martlet") && !replaced.contains("golden.img"), "\(replaced)")
        for said in [VMImage(path: first.preparedImagePath), VMImage(templateName: "golden")] {
            let made = try await provider.create(create("upon-golden", said), LibvirtProvider.call)
            try await provider.finish(made.task)
            let refused = try #require(try await provider.failure(try await prepare(forced(url(), checksum)).task))
            #expect(refused.code == .failedPrecondition && refused.message.contains("stand upon"), "\(refused)")
            try await provider.finish(try await provider.delete(DeleteRequest(id: made.id), LibvirtProvider.call).task)
        }
        for volume in replaced where volume != "golden.img.martlet" {
            let part = await refusal { () throws(RPCError) in
                try await provider.create(create("upon-part", VMImage(templateName: volume)), LibvirtProvider.call)
            }
            #expect(part?.code == .failedPrecondition)
        }
        try await provider.finish(try await prepare(forced(url(), checksum)).task)
        #expect(try await volumes(provider).subtracting(before).count == 2)
        try await remove(Array(try await volumes(provider).subtracting(before)), provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `what was begun with other settings is taken back where it was begun`() async throws {
        let first = try await LiveHypervisor.provider(folder)
        let before = try await volumes(first)
        let made = try await first.create(create("moved", VMImage(url: url("stalls"))), LibvirtProvider.call)
        let task = try #require(made.task)
        while try await volumes(first).count < before.count + 2 { try await Task.sleep(for: .milliseconds(50)) }
        await first.tasks.abandon()
        let second = try await LiveHypervisor.provider(folder) { $0.pool = "small" }
        _ = try await second.tasks.cancel(task.id)
        let end = try #require(await second.tasks.end(of: task.id, by: .after(seconds: 60)))
        #expect(end.state == .cancelled)
        #expect(try await volumes(second) == before)
        await second.shutdown(by: .after(seconds: 5))
    }

    @Test func `a machine is made of the image that it chose, or of what has taken its place between two lives`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let prepared = try await provider.imagePrepare(
            ImagePrepareRequest(imageJSON: forced(url(), checksum), targetName: "chosen"), LibvirtProvider.call)
        try await provider.finish(prepared.task)
        let image = try await provider.images.find(VMImage(templateName: "chosen"), pool: "default")
        #expect(try await provider.images.hold(image, for: "op-1"))
        provider.images.locks.release("op-1")
        let again = try await provider.imagePrepare(
            ImagePrepareRequest(imageJSON: forced(url(), checksum), targetName: "chosen"), LibvirtProvider.call)
        try await provider.finish(again.task)
        #expect(try await provider.images.hold(image, for: "op-1") == false)
        let now = try await provider.images.find(VMImage(templateName: "chosen"), pool: "default")
        #expect(now.name == image.name && now.path != image.path)
        #expect(try await provider.images.hold(now, for: "op-1"))
        try await remove([now.volume, "chosen.img.martlet"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }
}
