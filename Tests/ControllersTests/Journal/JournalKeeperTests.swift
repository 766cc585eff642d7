import Metrics
import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Synchronization
import Testing

@testable import Controllers

struct JournalKeeperTests {
    private let base = MemoryObjectStore()

    /// A journal of so many operations that have ended.
    private func journal(_ store: (any ObjectStore)? = nil, ended number: Int) async throws -> OperationJournal {
        _ = try await base.create(
            APIObject(.provider, ObjectMetadata(name: "one", namespace: "default"), ["spec": ["type": "libvirt", "endpoint": "unix:///p"]]))
        let journal = try await load(store)
        for number in 0..<number {
            let draft = Controllers.Operation(
                .create, of: .init(kind: "VirtualMachine", namespace: "default", name: "web", uid: "u\(number)"), provider: "default/one",
                type: "libvirt")
            _ = try await journal.end(try await journal.begin(draft), number % 3 == 0 ? .failure : .success)
        }
        return journal
    }

    private func load(_ store: (any ObjectStore)? = nil) async throws -> OperationJournal {
        let journal = OperationJournal(TruthfulStore(store ?? base))
        try await journal.load()
        return journal
    }

    private func sums(_ journal: OperationJournal) -> [Int] {
        guard let sums = journal.sums["default/one"]?.sums else { return [] }
        return [sums.count(.create, .success), sums.count(.create, .failure), sums.durations(.create).counts.reduce(0, +)]
    }

    private func keeper(_ journal: OperationJournal, kept: Int, batch: Int = 200) -> JournalKeeper {
        var settings = JournalKeeper.Settings()
        (settings.kept, settings.batch) = (kept, batch)
        return JournalKeeper(journal, settings)
    }

    @Test func `the oldest go when there are too many, and stay in the sums`() async throws {
        let journal = try await journal(ended: 30)
        #expect(sums(journal) == [20, 10, 30])
        let keeper = keeper(journal, kept: 4, batch: 7)
        var gone = 0
        while true {
            let count = try await keeper.round()
            if count == 0 { break }
            gone += count
            #expect(sums(journal) == [20, 10, 30])
            #expect(sums(try await load()) == [20, 10, 30])
        }
        #expect(gone == 26)
        #expect(try await base.list(.vmOperation).items.count == 4)
        let provider = try await base.get(ObjectKey(.provider, "default", "one"))
        #expect((provider.status["foldedOperations"]?.list?.count ?? 0) <= 14)
    }

    @Test(arguments: [1, 2, 3, 4], DyingStore.Death.allCases) func `who dies between adding and taking away adds nothing twice`(
        _ number: Int, _ death: DyingStore.Death
    ) async throws {
        let store = FoldStore(base)
        let journal = try await journal(store, ended: 6)
        store.die(at: number, death)
        await #expect(throws: (any Error).self) { try await keeper(journal, kept: 2).round() }
        store.die(at: nil)
        // The next manager, and this one when it only did not get an answer.
        for journal in [try await load(), journal] {
            #expect(sums(journal) == [4, 2, 6])
            try await keeper(journal, kept: 2).round()
            #expect(sums(journal) == [4, 2, 6])
            #expect(sums(try await load()) == [4, 2, 6])
        }
    }

    @Test(.timeLimit(.minutes(1))) func `the old are taken away several at a time`() async throws {
        // Who takes one away waits until another one is asked for.
        let journal = try await journal(PairingStore(base), ended: 40)
        #expect(try await keeper(journal, kept: 0).round() == 40)
        #expect(try await base.list(.vmOperation).items.isEmpty)
        #expect(journal.state.withLock { $0.ended.isEmpty })
        #expect(try await keeper(journal, kept: 0).round() == 0)
    }

    @Test func `operations of a provider that is gone go with nothing left behind`() async throws {
        let journal = try await journal(ended: 6)
        _ = try await base.delete(ObjectKey(.provider, "default", "one"))
        #expect(try await keeper(journal, kept: 0).round() == 6)
        #expect(try await base.list(.vmOperation).items.isEmpty)
    }

    @Test func `a provider that takes the name of another begins at nothing`() async throws {
        let journal = try await journal(ended: 3)
        _ = try await base.delete(ObjectKey(.provider, "default", "one"))
        journal.forget(provider: "default/one")
        _ = try await base.create(
            APIObject(.provider, ObjectMetadata(name: "one", namespace: "default"), ["spec": ["type": "libvirt", "endpoint": "unix:///p"]]))
        journal.begin(provider: "default/one", type: "libvirt")
        try await keeper(journal, kept: 0).round()
        let next = try await load()
        #expect(sums(journal) == [0, 0, 0] && sums(next) == [0, 0, 0])
    }
}

/// As `DyingStore`, and counts writes of providers and operations.
private final class FoldStore: ObjectStore {
    private let base: any ObjectStore
    private let state = Mutex<(left: Int?, death: DyingStore.Death)>((nil, .before))

    init(_ base: any ObjectStore) { self.base = base }

    func die(at number: Int?, _ death: DyingStore.Death = .before) { state.withLock { $0 = (number, death) } }

    private func write<Value>(_ body: () async throws(StoreError) -> Value) async throws(StoreError) -> Value {
        let lost = StoreError(.unavailable, "the store is gone")
        let (left, death) = state.withLock { state in
            if let left = state.left { state.left = left - 1 }
            return state
        }
        guard let left, left <= 1 else { return try await body() }
        if left == 1, death == .after { _ = try await body() }
        throw lost
    }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await base.get(key) }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await base.list(kind, in: namespace, selector)
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        try await write { () async throws(StoreError) in try await base.create(object) }
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        try await write { () async throws(StoreError) in try await base.update(object, part) }
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try await write { () async throws(StoreError) in try await base.delete(key, precondition) }
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await base.watch(kind, in: namespace, from: version)
    }
}

/// A store whose deletions wait until there are two of them.
private final class PairingStore: ObjectStore {
    private let base: any ObjectStore
    private let first = Atomic(true)
    private let second = OneAnswer<Bool>()

    init(_ base: any ObjectStore) { self.base = base }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await base.get(key) }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await base.list(kind, in: namespace, selector)
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject { try await base.create(object) }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject { try await base.update(object, part) }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        if first.exchange(false, ordering: .relaxed) { _ = await second.value } else { second.give(true) }
        return try await base.delete(key, precondition)
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await base.watch(kind, in: namespace, from: version)
    }
}
