import Objects
import Primitives
import Testing

@testable import ObjectStore

@Suite struct TableTests {
    private func change(
        _ version: Int64, _ name: String, _ action: ObjectChange.Action = .added, in namespace: String = "default", bytes: Int = 100
    )
        -> ObjectChange
    {
        var object = APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: namespace))
        object.metadata.resourceVersion = String(version)
        return ObjectChange(action, KeptObject(object, version: version, bytes: bytes))
    }

    /// So many machines, one version each.
    private func table(_ count: Int, limits: ObjectHistory.Limits = .init(), bytes: Int = 100) -> ObjectTable {
        var table = ObjectTable(version: 1, limits: limits)
        table.apply((0..<count).map { change(Int64($0) + 2, "m\($0)", bytes: bytes) })
        return table
    }

    @Test func `the history has so many changes and no more`() {
        let table = table(1000, limits: .init(changes: 100))
        #expect(table.version == 1001)
        #expect(!table.knows(.virtualMachine, after: 900))
        #expect(table.knows(.virtualMachine, after: 901))
        #expect(table.change(of: .virtualMachine, after: 901, in: nil)?.kept.version == 902)
        #expect(table.change(of: .virtualMachine, after: 1001, in: nil) == nil)
        #expect(table.count(of: .virtualMachine) == 1000)
    }

    @Test func `the history has so many bytes and no more`() {
        let table = table(1000, limits: .init(changes: 10_000, bytes: 1050))
        #expect(!table.knows(.virtualMachine, after: 990) && table.knows(.virtualMachine, after: 991))
        // One that is larger than all of it is told to nobody, and nothing else is lost count of.
        var large = self.table(10, limits: .init(changes: 10_000, bytes: 1050), bytes: 2000)
        #expect(!large.knows(.virtualMachine, after: 10) && large.knows(.virtualMachine, after: 11))
        large.apply([change(12, "small")])
        #expect(large.change(of: .virtualMachine, after: 11, in: nil)?.kept.version == 12)
    }

    @Test func `a kind that changes often takes nothing of the others' histories`() {
        var table = table(1, limits: .init(changes: 10))
        table.apply(
            (Int64(3)..<100).map { version in
                var object = APIObject(.vmClass, ObjectMetadata(name: "k\(version)", namespace: "default"))
                object.metadata.resourceVersion = String(version)
                return ObjectChange(.added, KeptObject(object, version: version, bytes: 1))
            })
        #expect(table.knows(.virtualMachine, after: 1) && !table.knows(.vmClass, after: 1))
        #expect(table.change(of: .virtualMachine, after: 1, in: nil)?.kept.version == 2)
    }

    @Test func `nothing is known of before the table was made, or of what is to come`() {
        var table = ObjectTable(version: 50)
        for kind in [ResourceKind.virtualMachine, .vmClass] {
            #expect(!table.knows(kind, after: 49) && table.knows(kind, after: 50) && !table.knows(kind, after: 51))
        }
        table.apply([change(51, "m")])
        #expect(!table.knows(.virtualMachine, after: 49) && table.knows(.virtualMachine, after: 50))
    }

    @Test func `objects are found, in the order of namespace and name`() {
        var table = ObjectTable(version: 1)
        let keys = [("b", "x"), ("a-b", "y"), ("a", "z"), ("a", "b"), ("a", "b.c"), ("a", "b-c"), ("c", "a")]
        table.apply(keys.enumerated().map { change(Int64($0.offset) + 2, $0.element.1, in: $0.element.0) })
        let all = table.objects(.virtualMachine, in: nil).map { "\($0.object.metadata.namespace)/\($0.object.metadata.name)" }
        #expect(all == ["a/b", "a/b-c", "a/b.c", "a/z", "a-b/y", "b/x", "c/a"])
        #expect(table.objects(.virtualMachine, in: "a").map(\.object.metadata.name) == ["b", "b-c", "b.c", "z"])
        #expect(table.objects(.virtualMachine, in: "c").map(\.object.metadata.name) == ["a"])
        #expect(table.objects(.virtualMachine, in: "d").isEmpty && table.objects(.secret, in: nil).isEmpty)
        #expect(table.object(ObjectKey(.virtualMachine, "a", "z"))?.version == 4)
        #expect(table.object(ObjectKey(.virtualMachine, "a", "y")) == nil)
        table.apply([change(9, "z", .deleted, in: "a"), change(10, "b", .modified, in: "a")])
        #expect(table.object(ObjectKey(.virtualMachine, "a", "z")) == nil)
        #expect(table.object(ObjectKey(.virtualMachine, "a", "b"))?.version == 10)
        #expect(table.count(of: .virtualMachine) == 6)
    }

    @Test func `a table that is loaded is in order too`() {
        let objects = ["c", "a", "b"].map { change(5, $0).kept }
        let table = ObjectTable(version: 9, objects)
        #expect(table.objects(.virtualMachine, in: nil).map(\.object.metadata.name) == ["a", "b", "c"])
        #expect(table.version == 9 && !table.knows(.virtualMachine, after: 8))
    }

    // MARK: watches

    @Test func `a watch that is too slow is told so`() async throws {
        let store = MemoryObjectStore(ObjectTable(version: 1, limits: .init(changes: 10)))
        let slow = try await store.watch(.virtualMachine, in: nil, from: "1")
        let object = APIObject(.virtualMachine, ObjectMetadata(name: "m", namespace: "default"))
        _ = try await store.create(object)
        #expect(try await slow.next()?.resourceVersion == "2")
        for number in 0..<11 {
            _ = try await store.create(APIObject(.virtualMachine, ObjectMetadata(name: "m\(number)", namespace: "default")))
        }
        do throws(StoreError) {
            _ = try await slow.next()
            Issue.record("it goes on")
        } catch {
            #expect(error.reason == .expired && error.message.contains("virtualmachines.infra.virtrigaud.io since version 2"))
        }
    }

    @Test func `one that waits for another namespace is not too slow`() async throws {
        let table = SharedTable(ObjectTable(version: 1, limits: .init(changes: 10)))
        let watch = try table.watch(.virtualMachine, in: "quiet", from: "1")
        let waiting = Task { try await watch.next()?.object?.metadata.name }
        while table.waiting == 0 { await Task.yield() }
        for version in Int64(2)..<200 { table.apply([change(version, "m\(version)", in: "busy")]) }
        #expect(table.waiting == 1)
        table.apply([change(200, "m", in: "quiet")])
        #expect(try await waiting.value == "m")
        #expect(table.waiting == 0)
    }

    @Test(.timeLimit(.minutes(1))) func `what came between looking and waiting is not waited for`() async throws {
        let table = SharedTable(ObjectTable(version: 1))
        let watch = try #require(try table.watch(.virtualMachine, in: nil, from: "1") as? TableWatch)
        table.apply([change(2, "m")])
        #expect(await table.wait(watch, after: 1, by: .after(seconds: 1000)) == 1)
        watch.stop()
        #expect(await table.wait(watch, after: 2, by: .after(seconds: 1000)) == 2)
    }

    @Test(arguments: ["", "x", "-1", "1.5", "99999999999999999999"])
    func `what is no version is refused`(version: String) async {
        do throws(StoreError) {
            _ = try await MemoryObjectStore().watch(.virtualMachine, in: nil, from: version)
            Issue.record("it watches")
        } catch {
            #expect(error.reason == .badRequest)
        }
    }

    @Test(arguments: ["0", "2"])
    func `versions that are forgotten or to come are refused`(version: String) async {
        do throws(StoreError) {
            _ = try await MemoryObjectStore().watch(.virtualMachine, in: nil, from: version)
            Issue.record("it watches")
        } catch {
            #expect(error.reason == .expired)
        }
    }

    @Test func `a store that closes ends its watches in good order`() async throws {
        let store = MemoryObjectStore()
        let watch = try await store.watch(.virtualMachine, in: nil, from: "1")
        let waiting = Task { try await watch.next()?.resourceVersion }
        store.close()
        #expect(try await waiting.value == nil)
        #expect(try await watch.next() == nil)
    }

    @Test func `a watch goes with who has it`() async throws {
        let table = SharedTable(ObjectTable(version: 1))
        weak var watch: TableWatch?
        do {
            let held = try table.watch(.virtualMachine, in: nil, from: "1")
            watch = held as? TableWatch
            #expect(watch != nil)
        }
        #expect(watch == nil)
    }
}
