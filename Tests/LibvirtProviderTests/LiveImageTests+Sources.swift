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
        #expect(try await volumes(provider) == before)
        await provider.shutdown(by: .after(seconds: 5))
    }
}
