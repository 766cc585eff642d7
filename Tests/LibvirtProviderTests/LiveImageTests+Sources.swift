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
}
