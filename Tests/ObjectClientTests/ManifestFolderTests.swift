import Glibc
import ObjectClient
import ObjectStore
import Objects
import Primitives
import TestSupport
import Testing

@Suite struct ManifestFolderTests {
    private let scratch = ScratchFolder()
    private let bed = Bed()

    private func write(_ text: String, _ name: String) throws { try Files.write(Array(text.utf8), to: "\(scratch.path)/\(name)") }

    private var folder: ManifestFolder { ManifestFolder(scratch.path, client: bed.client) }

    private func names() async throws -> [String] { try await bed.store.list(.vmClass).items.map(\.metadata.name) }

    @Test func `what is in the folder is made, changed, and deleted when it is no more`() async throws {
        try write(Bed.manifest("a") + "---\n" + Bed.manifest("b"), "one.yaml")
        try write(Bed.manifest("c"), "two.yml")
        try write("not one of ours", "README.md")
        let first = await folder.apply()
        #expect(first.created == [Bed.key("a"), Bed.key("b"), Bed.key("c")])
        #expect(first.problems.isEmpty && first.heldBack == nil)
        try write(Bed.manifest("a", cpu: 8), "one.yaml")
        let second = await folder.apply()
        #expect(second.changed == [Bed.key("a")])
        #expect(second.unchanged == 1)
        #expect(second.pruned == [Bed.key("b")])
        #expect(try await names() == ["a", "c"])
    }

    @Test func `what others made is changed and never deleted`() async throws {
        try write(Bed.manifest("other"), "one.yaml")
        _ = try await bed.store.create(
            APIObject(
                .vmClass, ObjectMetadata(name: "other", namespace: "default"),
                ObjectMembers([("spec", ["cpu": 1, "memory": "1Gi"] as ObjectValue)])))
        #expect(await folder.apply().changed == [Bed.key("other")])
        try write("# nothing\n", "one.yaml")
        #expect(await folder.apply().pruned.isEmpty)
        #expect(try await names() == ["other"])
    }

    @Test func `an empty folder deletes nothing, and one that says nothing deletes all`() async throws {
        try write(Bed.manifest("a"), "one.yaml")
        _ = await folder.apply()
        Files.remove("\(scratch.path)/one.yaml")
        let empty = await folder.apply()
        #expect(empty.pruned.isEmpty && empty.heldBack != nil)
        let absent = await ManifestFolder("\(scratch.path)/none", client: bed.client).apply()
        #expect(absent.pruned.isEmpty && absent.heldBack != nil && absent.problems.count == 1)
        try write("# all of it may go\n", "one.yaml")
        #expect(await folder.apply().pruned == [Bed.key("a")])
    }

    @Test(arguments: ["a: [", "apiVersion: v1\nkind: Pod\n", "\u{0}"])
    func `a file that cannot be read deletes nothing, and the others are applied`(text: String) async throws {
        try write(Bed.manifest("a"), "one.yaml")
        try write(Bed.manifest("b"), "two.yaml")
        _ = await folder.apply()
        try write(text, "one.yaml")
        try write(Bed.manifest("b", cpu: 8), "two.yaml")
        let pass = await folder.apply()
        #expect(pass.changed == [Bed.key("b")])
        #expect(pass.problems.first?.hasPrefix("\(scratch.path)/one.yaml:") == true, "\(pass.problems)")
        #expect(pass.heldBack != nil)
        #expect(try await names() == ["a", "b"])
    }

    @Test func `an object that is refused keeps its place and says why`() async throws {
        try write(Bed.manifest("a"), "one.yaml")
        _ = await folder.apply()
        try write(Bed.manifest("a", cpu: 0), "one.yaml")
        let pass = await folder.apply()
        #expect(pass.problems.first?.hasPrefix("\(scratch.path)/one.yaml:1: ") == true)
        #expect(pass.problems.first?.contains("spec.cpu") == true)
        #expect(pass.pruned.isEmpty)
    }

    @Test func `an object stands in one file, and belongs to one folder`() async throws {
        try write(Bed.manifest("a"), "one.yaml")
        try write(Bed.manifest("a", cpu: 4), "two.yaml")
        let pass = await folder.apply()
        #expect(pass.created == [Bed.key("a")])
        #expect(pass.problems.first?.contains("one.yaml:1") == true)
        let other = ManifestFolder(scratch.path, owner: "other", client: bed.client)
        #expect(await other.apply().problems.contains { $0.contains("another folder") })
    }

    @Test func `a file that changes is seen`() async throws {
        try write(Bed.manifest("a"), "one.yaml")
        let (passes, tell) = AsyncStream.makeStream(of: ManifestFolder.Pass.self)
        let task = Task { [folder] in await folder.run(lookSeconds: 0.01) { tell.yield($0) } }
        var iterator = passes.makeAsyncIterator()
        #expect(await iterator.next()?.created == [Bed.key("a")])
        try write(Bed.manifest("b"), "two.yaml")
        #expect(await iterator.next()?.created == [Bed.key("b")])
        task.cancel()
        await task.value
    }
}
