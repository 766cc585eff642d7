import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Testing

@testable import Controllers

struct OperationJournalTests {
    private let base = MemoryObjectStore()

    private func provider(_ name: String = "one") async throws {
        _ = try await base.create(
            APIObject(.provider, ObjectMetadata(name: name, namespace: "default"), ["spec": ["type": "libvirt", "endpoint": "unix:///p"]]))
    }

    private func journal(_ store: (any ObjectStore)? = nil) async throws -> OperationJournal {
        let journal = OperationJournal(TruthfulStore(store ?? base))
        try await journal.load()
        return journal
    }

    private func draft(_ uid: String = "u1", _ method: ProviderMethod = .create) -> Controllers.Operation {
        Operation(
            method, of: .init(kind: "VirtualMachine", namespace: "default", name: "web", uid: uid), provider: "default/one", type: "libvirt"
        )
    }

    private func count(_ journal: OperationJournal, _ method: ProviderMethod = .create) -> Int? {
        journal.sums["default/one"]?.sums.count(method, .success)
    }

    @Test func `what is open and what has ended is known to the next manager`() async throws {
        try await provider()
        let first = try await journal()
        let ended = try await first.begin(draft("u1"))
        var accepted = ended
        (accepted.taskID, accepted.resultID) = ("t1", "vm1")
        _ = try await first.end(try await first.note(accepted), .success)
        let open = try await first.begin(draft("u2"))
        let second = try await journal()
        #expect(second.open("u1") == nil && second.open("u2") == open)
        #expect(second.past("u1", .create)?.resultID == "vm1" && second.past("u1", .create)?.end.outcome == .success)
        #expect(count(first) == 1 && count(second) == 1 && second.openByProvider["default/one"]?.count == 1)
    }

    @Test func `a target has one operation at a time`() async throws {
        let journal = try await journal()
        let first = try await journal.begin(draft())
        #expect(try await journal.begin(draft("u1", .delete)) == first)
        #expect(try await base.list(.vmOperation).items.count == 1)
    }

    @Test(arguments: DyingStore.Death.allCases) func `one whose writing got no answer is there once`(_ death: DyingStore.Death) async throws
    {
        let store = DyingStore(base)
        let journal = try await journal(store)
        store.die(at: 1, death)
        await #expect(throws: (any Error).self) { _ = try await journal.begin(draft()) }
        store.die(at: nil)
        let begun = try await journal.begin(draft())
        #expect(try await base.list(.vmOperation).items.map(\.metadata.uid) == [begun.uid])
    }

    @Test func `one whose writing got no answer is taken back when another thing is wanted by then`() async throws {
        let store = DyingStore(base)
        let journal = try await journal(store)
        store.die(at: 1, .after)
        await #expect(throws: (any Error).self) { _ = try await journal.begin(draft("u1", .power)) }
        store.die(at: nil)
        let begun = try await journal.begin(draft("u1", .delete))
        #expect(begun.method == .delete)
        #expect(try await base.list(.vmOperation).items.map(\.metadata.uid) == [begun.uid])
        // Or nothing is.
        store.die(at: 1, .after)
        await #expect(throws: (any Error).self) { _ = try await journal.begin(draft("u2", .power)) }
        store.die(at: nil)
        try await journal.clearDoubt("u2")
        #expect(try await base.list(.vmOperation).items.count == 1)
    }

    @Test func `somebody else's change of the object is no reason not to end it`() async throws {
        try await provider()
        let journal = try await journal()
        let begun = try await journal.begin(draft())
        var object = try await base.get(begun.key)
        object.metadata.labels["seen"] = "yes"
        _ = try await base.update(object)
        #expect(try await journal.end(begun, .success).end?.outcome == .success)
        #expect(try await base.get(begun.key).metadata.labels["seen"] == "yes")
    }

    @Test func `it ends once, as it ended first`() async throws {
        try await provider()
        let journal = try await journal()
        let begun = try await journal.begin(draft())
        _ = try await journal.end(begun, .success)
        #expect(try await journal.end(begun, .failure, message: "late").end?.outcome == .success)
        #expect(count(journal) == 1 && journal.sums["default/one"]?.sums.count(.create, .failure) == 0)
    }

    @Test(arguments: DyingStore.Death.allCases) func `an end whose writing got no answer is counted once`(
        _ death: DyingStore.Death
    ) async throws {
        try await provider()
        let store = DyingStore(base)
        let journal = try await journal(store)
        let begun = try await journal.begin(draft())
        store.die(at: 1, death)
        await #expect(throws: (any Error).self) { _ = try await journal.end(begun, .success) }
        #expect(journal.open("u1") != nil && count(journal) == 0)
        store.die(at: nil)
        _ = try await journal.end(begun, .success)
        let next = try await self.journal()
        #expect(count(journal) == 1 && count(next) == 1)
    }

    @Test func `one whose object was taken away is counted, and holds nobody up`() async throws {
        try await provider()
        let journal = try await journal()
        let begun = try await journal.begin(draft())
        _ = try await base.delete(begun.key)
        #expect(try await journal.end(begun, .success).end?.outcome == .success)
        #expect(journal.open("u1") == nil && count(journal) == 1)
    }

    @Test func `series of a provider that is gone do not come back with a restart`() async throws {
        try await provider()
        let first = try await journal()
        _ = try await first.end(try await first.begin(draft()), .success)
        let late = try await first.begin(draft("u2"))
        _ = try await base.delete(ObjectKey(.provider, "default", "one"))
        first.forget(provider: "default/one")
        _ = try await first.end(late, .error)
        let second = try await journal()
        #expect(first.sums.isEmpty && second.sums.isEmpty)
    }

    @Test(arguments: ["a.b-" + String(repeating: "c", count: 35) + ".d", String(repeating: "x.-", count: 60), "web"])
    func `names of operations are names whatever the target's is`(_ target: String) {
        let name = Controllers.Operation.name(target, .imagePrepare, "abcdefgh")
        #expect(!name.contains(".-i") && !name.contains("--") && name.hasSuffix("-imageprepare-abcdefgh") && name.utf8.count < 64)
    }

    @Test func `an operation is the same when it was an object`() throws {
        var random = SystemRandomNumberGenerator()
        func maybe(_ text: String) -> String? { Bool.random(using: &random) ? text : nil }
        for _ in 0..<500 {
            var one = draft("u\(Int.random(in: 0...9))", ProviderMethod.operations.randomElement() ?? .create)
            (one.namespace, one.name, one.uid, one.resourceVersion) = ("default", "n", "o1", "7")
            one.startedAt = Double(Int.random(in: 0...2_000_000_000)) + Double(Int.random(in: 0...999)) / 1000
            one.parameters = ["a": .list([.text("ü\n\""), .whole(.max), .flag(true)])]
            (one.requestDigest, one.taskID, one.resultID, one.resultPath) = (maybe("d"), maybe("t"), maybe("r"), maybe("/p"))
            one.isLinked = Bool.random(using: &random) ? Bool.random(using: &random) : nil
            if Bool.random(using: &random) {
                one.end = .init(
                    outcome: Controllers.Operation.Outcome.allCases.randomElement() ?? .error, code: maybe("NOT_FOUND") ?? "",
                    message: maybe("why") ?? "", at: one.startedAt + 1.5)
            }
            let read = try #require(Operation(one.object))
            #expect(abs(read.startedAt - one.startedAt) < 0.000_01 && abs((read.end?.at ?? 0) - (one.end?.at ?? 0)) < 0.000_01)
            var same = read
            (same.startedAt, same.end) = (one.startedAt, one.end)
            #expect(same == one && read.end?.outcome == one.end?.outcome && read.end?.message == one.end?.message)
        }
    }

    @Test func `words of operations are those of the schema`() throws {
        func words(_ part: String, _ name: String) throws -> [String] {
            guard case .object(let shape) = try #require(KindSchema.of(.vmOperation)?.shape[part]).schema,
                case .text(let rule) = try #require(shape[name]).schema
            else { return [] }
            return rule.choices
        }
        #expect(try words("spec", "operation") == ProviderMethod.operations.map(\.rawValue))
        #expect(try words("status", "outcome") == Controllers.Operation.Outcome.allCases.map(\.rawValue))
        var operation = Controllers.Operation(
            .power, of: .init(kind: "VirtualMachine", namespace: "default", name: "web", uid: "u"), provider: "default/one", type: "libvirt"
        )
        var phases = [operation.phase]
        operation.taskID = "1"
        phases.append(operation.phase)
        for outcome in Controllers.Operation.Outcome.allCases {
            operation.end = .init(outcome: outcome, code: "", message: "", at: 1)
            phases.append(operation.phase)
        }
        #expect(try words("status", "phase") == phases)
    }
}
