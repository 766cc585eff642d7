import ObjectStore
import Objects
import Synchronization

/// A store, and how often it was written to and did not do what it was asked for.
final class CountedObjectStore: ObjectStore {
    struct Counts: Sendable {
        var writes = 0
        /// By reason; what somebody else's change or a wrong request brings about is none.
        var errors: [StoreError.Reason: Int] = [:]
    }

    /// Why a store could not do what is its own to do.
    static let faults: [StoreError.Reason] = [
        .unavailable, .timeout, .tooManyRequests, .internalError, .unauthorized, .forbidden, .tooLarge,
    ]

    private let store: any ObjectStore
    private let book: Book
    private let countsWrites: Bool

    private final class Book: Sendable {
        let state = Mutex(Counts())
    }

    convenience init(_ store: any ObjectStore) { self.init(store, Book(), countsWrites: true) }

    private init(_ store: any ObjectStore, _ book: Book, countsWrites: Bool) {
        self.store = store
        self.book = book
        self.countsWrites = countsWrites
    }

    var counts: Counts { book.state.withLock { $0 } }

    /// The same for an election: a Lease is written several times a minute, and says nothing of whether objects can be.
    var withoutWrites: CountedObjectStore { CountedObjectStore(store, book, countsWrites: false) }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject {
        try await read { () async throws(StoreError) in try await self.store.get(key) }
    }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await read { () async throws(StoreError) in try await self.store.list(kind, in: namespace, selector) }
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        try await counted(isWrite: { _ in true }) { () async throws(StoreError) in try await self.store.create(object) }
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        let before = object.metadata.resourceVersion
        // One that changes nothing is answered, and not written.
        return try await counted(isWrite: { $0.metadata.resourceVersion != before }) { () async throws(StoreError) in
            try await self.store.update(object, part)
        }
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try await counted(isWrite: { _ in true }) { () async throws(StoreError) in try await self.store.delete(key, precondition) }
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await read { () async throws(StoreError) in
            try await self.store.watch(kind, in: namespace, from: version)
        }
    }

    private func read<Value>(_ body: () async throws(StoreError) -> Value) async throws(StoreError) -> Value {
        try await counted(isRead: true, isWrite: { _ in false }, body)
    }

    private func counted<Value>(
        isRead: Bool = false, isWrite: (Value) -> Bool, _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        do throws(StoreError) {
            let value = try await body()
            if countsWrites, isWrite(value) { book.state.withLock { $0.writes += 1 } }
            return value
        } catch {
            // One object that is too large is its writer's matter, a list that is too large is not the reader's.
            if Self.faults.contains(error.reason), error.reason != .tooLarge || isRead {
                book.state.withLock { $0.errors[error.reason, default: 0] += 1 }
            }
            throw error
        }
    }
}
