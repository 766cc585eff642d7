import ObjectStore
import Objects
import ProviderRPC
import Synchronization
import Testing

@testable import Controllers

/// Operations that others delete: with `kubectl delete vmoperations`, or with their namespace.
struct DismissalTests {
    private let base = MemoryObjectStore()
    private let machine = Controllers.Operation.Target(kind: "VirtualMachine", namespace: "default", name: "web", uid: "u")

    private func journal() async throws -> OperationJournal {
        _ = try await base.create(
            APIObject(.provider, ObjectMetadata(name: "one", namespace: "default"), ["spec": ["type": "libvirt", "endpoint": "unix:///p"]]))
        return try await load()
    }

    private func load() async throws -> OperationJournal {
        let journal = OperationJournal(TruthfulStore(base))
        try await journal.load()
        return journal
    }

    private func begin(_ journal: OperationJournal, _ uid: String = "u") async throws -> Controllers.Operation {
        var target = machine
        target.uid = uid
        return try await journal.begin(Controllers.Operation(.create, of: target, provider: "default/one", type: "libvirt"))
    }

    private func delete(_ operation: Controllers.Operation) async throws { _ = try await base.delete(operation.key) }

    private func isThere(_ operation: Controllers.Operation) async throws -> Bool {
        try await base.list(.vmOperation).items.contains { $0.metadata.uid == operation.uid }
    }

    private func successes(_ journal: OperationJournal) -> Int? { journal.sums["default/one"]?.sums.count(.create, .success) }

    /// Until the test is over.
    private func keep(_ journal: OperationJournal) -> Task<Void, Never> { Task { await JournalKeeper(journal).run() } }

    private func eventually(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now.advanced(by: .seconds(30))
        while try await !condition() {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func `operations that are over count after a restart, whoever deletes them`() async throws {
        let journal = try await journal()
        var operations: [Controllers.Operation] = []
        for number in 0..<5 { operations.append(try await journal.end(try await begin(journal, "u\(number)"), .success)) }
        let keeper = keep(journal)
        for operation in operations.prefix(3) { try await delete(operation) }
        try await eventually { try await base.list(.vmOperation).items.count == 2 }
        #expect(successes(journal) == 5)
        #expect(successes(try await load()) == 5)
        keeper.cancel()
        await keeper.value
    }

    @Test func `what was deleted while no manager was there is counted by the next`() async throws {
        let first = try await journal()
        let (done, open) = (try await first.end(try await begin(first, "u1"), .success), try await begin(first, "u2"))
        for operation in [done, open] { try await delete(operation) }
        let next = try await load()
        // The other one's object is gone.
        #expect(try await JournalKeeper(next).round() == 2)
        #expect(successes(next) == 1)
        #expect(successes(try await load()) == 1)
    }

    @Test func `one that is open stays until its end, under the key that its provider has`() async throws {
        _ = try await base.create(APIObject(.virtualMachine, ObjectMetadata(name: "web", namespace: "default")))
        let uid = try await base.get(ObjectKey(.virtualMachine, "default", "web")).metadata.uid
        let journal = try await journal()
        let operation = try await begin(journal, uid)
        let keeper = keep(journal)
        try await delete(operation)
        try await eventually { !journal.dismissedOpen.isEmpty }
        #expect(journal.openByProvider["default/one"]?.count == 1)
        #expect(try await load().open(uid)?.uid == operation.uid)
        _ = try await journal.end(operation, .success)
        try await eventually { try await !isThere(operation) }
        #expect(successes(try await load()) == 1)
        keeper.cancel()
        await keeper.value
    }

    @Test func `one whose object is gone ends, as nobody would ask for its end`() async throws {
        let journal = try await journal()
        let operation = try await begin(journal)
        try await delete(operation)
        journal.dismiss([operation.uid])
        #expect(try await JournalKeeper(journal).round() == 1)
        #expect(try await !isThere(operation))
        #expect(try await load().sums["default/one"]?.sums.count(.create, .error) == 1)
    }

    @Test func `a provider that is gone keeps no operation, and no operation keeps a provider`() async throws {
        let journal = try await journal()
        let operation = try await journal.end(try await begin(journal), .success)
        #expect(try await base.delete(ObjectKey(.provider, "default", "one")) == nil)
        journal.forget(provider: "default/one")
        try await delete(operation)
        journal.dismiss([operation.uid])
        #expect(try await JournalKeeper(journal).round() == 1)
        #expect(try await base.list(.vmOperation).items.isEmpty)
    }

    @Test func `operations of managers before this one, without its finalizer, are counted and go`() async throws {
        let journal = try await journal()
        var operations: [Controllers.Operation] = []
        for number in 0..<3 {
            let operation = try await journal.end(try await begin(journal, "u\(number)"), .success)
            var object = try await base.get(operation.key)
            object.metadata.finalizers = []
            _ = try await base.update(object)
            operations.append(operation)
        }
        let keeper = keep(journal)
        try await delete(operations[0])
        try await eventually { journal.state.withLock { $0.ended.count } == 2 }
        #expect(successes(journal) == 3)
        #expect(successes(try await load()) == 3)
        keeper.cancel()
        await keeper.value
        var settings = JournalKeeper.Settings()
        settings.kept = 0
        #expect(try await JournalKeeper(journal, settings).round() == 2)
        #expect(successes(try await load()) == 3)
    }

    @Test func `one that others keep too is counted once, over restarts too`() async throws {
        let journal = try await journal()
        let operation = try await journal.end(try await begin(journal), .success)
        var object = try await base.get(operation.key)
        object.metadata.finalizers.append("example.org/archive")
        _ = try await base.update(object)
        try await delete(operation)
        journal.dismiss([operation.uid])
        for journal in [journal, try await load()] {
            #expect(try await JournalKeeper(journal).round() == 0)
            #expect(successes(journal) == 1)
        }
        #expect(successes(try await load()) == 1)
        #expect(try await base.get(operation.key).metadata.finalizers == ["example.org/archive"])
    }

    @Test func `an operation costs one write more than before it had a finalizer`() async throws {
        let journal = try await journal()
        func version() async throws -> Int { Int(try await base.list(.provider).resourceVersion) ?? 0 }
        let start = try await version()
        for number in 0..<10 { _ = try await journal.end(try await begin(journal, "u\(number)"), .success) }
        var settings = JournalKeeper.Settings()
        settings.kept = 0
        let keeper = JournalKeeper(journal, settings)
        try await keeper.round()
        // Begun, ended, asked to go and let go; and one of the totals for all.
        #expect(try await version() - start == 41)
        try await keeper.round()
        #expect(try await version() - start == 41)
    }
}
