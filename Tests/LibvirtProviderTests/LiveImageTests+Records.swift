import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// What lies beside images, and what only looks like it.
extension LiveImageTests {
    @Test func `what is only called as an image's leavings are is not taken away with them`() async throws {
        let provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        let strangers: Set<String> = ["silver.img", "silver.img.op-backup"]
        for round in 0..<3 {
            let task = try await provider.imagePrepare(
                ImagePrepareRequest(imageJSON: forced(url(), checksum), targetName: "silver"), LibvirtProvider.call)
            try await provider.finish(task.task)
            guard round == 1 else { continue }
            // The image is in a part by now, and its own name is free.
            try await provider.hypervisor.act("put") { connection throws(LibvirtError) in
                for name in strangers { _ = try Storage.write(connection, pool: "default", name: name, [1, 2, 3]) }
            }
        }
        let left = try await volumes(provider).subtracting(before)
        #expect(left.isSuperset(of: strangers) && left.count == strangers.count + 2, "\(left)")
        try await remove(Array(left), provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    /// A volume of somebody's.
    func put(_ name: String, _ bytes: [UInt8], _ provider: LibvirtProvider) async throws {
        _ = try await provider.hypervisor.act("put") { connection throws(LibvirtError) in
            try Storage.write(connection, pool: "default", name: name, bytes).path
        }
    }

    func read(_ name: String, _ provider: LibvirtProvider) async throws -> [UInt8] {
        try await provider.hypervisor.look("read") { connection throws(LibvirtError) in
            try Storage.read(connection.pool(named: "default").volume(named: name), limit: 1 << 20)
        }
    }

    @Test(arguments: [1, 10_000])
    func `what is called as a record and is none is not written over, and keeps nobody from looking`(count: Int) async throws {
        let notes = String(repeating: "somebody's notes\n", count: count)
        let provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        try await put("noted.img.martlet", Array(notes.utf8), provider)
        func prepare() -> ImagePrepareRequest { ImagePrepareRequest(imageJSON: forced(url(), checksum), targetName: "noted") }
        let failure = try #require(try await provider.failure(try await provider.imagePrepare(prepare(), LibvirtProvider.call).task))
        #expect(failure.code == .failedPrecondition && failure.message.contains("noted.img.martlet"), "\(failure)")
        #expect(try await read("noted.img.martlet", provider) == Array(notes.utf8))
        #expect(try await volumes(provider).subtracting(before) == ["noted.img.martlet"])
        // One that is verified is not noted then, and found all the same where its record can be none.
        try await put("noted.img", [1, 2, 3], provider)
        var image = VMImage(templateName: "noted")
        image.checksum = Checksum(.sha256, hex: SHA256.hex([1, 2, 3]))
        _ = await refusal { () throws(RPCError) in try await provider.images.image(image, pool: "default", operation: "op-1") { _, _ in } }
        #expect(try await read("noted.img.martlet", provider) == Array(notes.utf8))
        try await remove(["noted.img", "noted.img.martlet"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test(arguments: [([UInt8](repeating: 0, count: 4096), true), (Array("{\"ready\":f".utf8), true), (Array("notes".utf8), false)])
    func `a record that was only begun goes with what was begun`(bytes: [UInt8], goes: Bool) async throws {
        let provider = try await LiveHypervisor.provider(folder)
        try await put("begun.img.martlet", bytes, provider)
        try await provider.images.remove(pool: "default", name: "begun.img", ofOperation: "op-1")
        #expect(try await volumes(provider).contains("begun.img.martlet") != goes)
        try await remove(["begun.img.martlet"], provider)
        await provider.shutdown(by: .after(seconds: 5))
    }

    @Test(arguments: 0..<6) func `killed at any moment, a machine whose image is brought by force is made all the same`(round: Int)
        async throws
    {
        var provider = try await LiveHypervisor.provider(folder)
        let before = try await volumes(provider)
        let key = LibvirtProvider.call(key: "force-\(round)")
        var wanted = create("forced-\(round)", nil, size: 1)
        wanted.imageJSON = forced(url(), checksum)
        let made = try await provider.create(wanted, key)
        for pause in [round * 61, 80 + round * 47, 130] {
            try await Task.sleep(for: .milliseconds(pause % 400))
            await provider.tasks.abandon()
            provider = try await LiveHypervisor.provider(folder)
        }
        try await provider.finish(made.task)
        #expect(try await provider.describe(made.id).powerState == "On")
        try await provider.finish(try await provider.delete(DeleteRequest(id: made.id), LibvirtProvider.call).task)
        let left = try await volumes(provider).subtracting(before)
        #expect(left.filter { !$0.hasSuffix(".martlet") }.count <= 1, "\(left)")
        await provider.shutdown(by: .after(seconds: 5))
    }
}
