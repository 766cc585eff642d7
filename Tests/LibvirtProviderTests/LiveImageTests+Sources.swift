import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// Where images come from, and how large they are.
extension LiveImageTests {
    @Test(
        arguments: [
            ([], "", RPCCode.permissionDenied), (["127.0.0.1"], "away", .permissionDenied), (["127.0.0.1"], "redirect", nil),
            (["localhost"], "", .permissionDenied),
        ] as [([String], String, RPCCode?)])
    func `images come from public addresses, and from others that are named`(sources: [String], kind: String, code: RPCCode?) async throws {
        let provider = try await LiveHypervisor.provider(folder) { $0.imageSources = sources }
        let before = try await volumes(provider)
        let task = try await provider.imagePrepare(
            ImagePrepareRequest(imageJSON: VMImage(url: url(kind)).json, targetName: "from-there"), LibvirtProvider.call)
        let failure = try await provider.failure(task.task)
        #expect(failure?.code == code, "\(String(describing: failure))")
        if code != nil {
            #expect(failure?.message.contains("127.0.0.") == true)
            #expect(try await volumes(provider) == before)
        }
        try await remove(["from-there.img", "from-there.img.martlet"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test(arguments: [
        ("", UInt64(1 << 20), "default"), ("large", 1 << 40, "default"), ("endless", 8 << 20, "default"), ("endless", 1 << 40, "small"),
    ])
    func `an image that is larger than it may be, or than there is room, leaves nothing`(kind: String, limit: UInt64, pool: String)
        async throws
    {
        let provider = try await LiveHypervisor.provider(folder) { $0.imageLimitBytes = limit }
        let before = try await volumes(provider, pool)
        let task = try await provider.imagePrepare(
            ImagePrepareRequest(imageJSON: VMImage(url: url(kind)).json, targetName: "too-large", storageHint: pool), LibvirtProvider.call)
        let failure = try #require(try await provider.failure(task.task))
        #expect(failure.code == .resourceExhausted, "\(failure)")
        #expect(try await volumes(provider, pool) == before)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `what lies in a pool that is not listed is no image, whoever may ask`() async throws {
        let provider = try await LiveHypervisor.provider(folder) { $0.imagePools = [] }
        let stray = try await provider.hypervisor.act("put") { connection throws(LibvirtError) in
            _ = try Storage.write(connection, pool: "default", name: "backup.raw", [1, 2, 3])
            return try connection.pool(named: "default").volume(named: "backup.raw").path()
        }
        for said in [VMImage(path: stray), VMImage(templateName: "backup")] {
            let refused = await refusal { () throws(RPCError) in try await provider.create(create("thief", said), LibvirtProvider.call) }
            #expect(
                refused?.code == .permissionDenied && refused?.message.contains("image_pools") == true, "\(String(describing: refused))")
        }
        let asked = await refusal { () throws(RPCError) in
            try await provider.imagePrepare(ImagePrepareRequest(imageJSON: VMImage(path: stray).json), LibvirtProvider.call)
        }
        #expect(asked?.code == .permissionDenied, "\(String(describing: asked))")
        try await remove(["backup.raw"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test func `the bytes of an image that is there are read in an operation, once, and again when they are others`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        func prepare(_ bytes: [UInt8]) async throws -> ImagePrepareResponse {
            var image = VMImage(templateName: "read")
            image.checksum = Checksum(.sha256, hex: SHA256.hex(bytes))
            return try await provider.imagePrepare(ImagePrepareRequest(imageJSON: image.json), LibvirtProvider.call)
        }
        let (first, second) = ([UInt8](repeating: 1, count: 4096), [UInt8](repeating: 2, count: 4096))
        try await put("read.img", first, provider)
        let wrong = try await prepare(second)
        let failure = try #require(try await provider.failure(wrong.task))
        #expect(failure.code == .failedPrecondition, "\(failure)")
        // Known by now, and answered without an operation.
        let again = await refusal { () throws(RPCError) in
            var image = VMImage(templateName: "read")
            image.checksum = Checksum(.sha256, hex: SHA256.hex(second))
            return try await provider.imagePrepare(ImagePrepareRequest(imageJSON: image.json), LibvirtProvider.call)
        }
        #expect(again?.code == .failedPrecondition)
        #expect(try await prepare(first).task == nil)
        // Whoever put it there mends it.
        try await put("read.img", second, provider)
        let mended = try await prepare(second)
        #expect(mended.task != nil)
        try await provider.finish(mended.task)
        #expect(try await prepare(second).task == nil)
        try await remove(["read.img", "read.img.martlet"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }
}
