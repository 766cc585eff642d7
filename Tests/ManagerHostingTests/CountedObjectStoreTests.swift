import ObjectStore
import Objects
import Testing

@testable import ManagerHosting

@Suite struct CountedObjectStoreTests {
    /// A store that cannot do anything, for one reason.
    private struct Refusing: ObjectStore {
        let reason: StoreError.Reason
        private var error: StoreError { StoreError(reason, "no") }

        init(_ reason: StoreError.Reason) { self.reason = reason }

        func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { throw error }

        func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
            throw error
        }

        func create(_ object: APIObject) async throws(StoreError) -> APIObject { throw error }
        func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject { throw error }
        func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? { throw error }
        func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
            throw error
        }
    }

    private static let object = APIObject(.vmClass, ObjectMetadata(name: "small", namespace: "default"), ["spec": ["cpu": 1]])

    private func writeAll(_ store: CountedObjectStore) async {
        _ = try? await store.create(Self.object)
        _ = try? await store.update(Self.object, .main)
        _ = try? await store.delete(Self.object.key)
    }

    /// What somebody sends must not look as if the store were full.
    @Test(arguments: StoreError.Reason.allCases)
    func `of what is refused for what it says, nothing is the store's fault`(reason: StoreError.Reason) async {
        let store = CountedObjectStore(Refusing(reason))
        await writeAll(store)
        let isFault = CountedObjectStore.faults.contains(reason) && reason != .tooLarge
        #expect(store.counts.errors == (isFault ? [reason: 3] : [:]))
        #expect(store.counts.writes == 0)
    }

    @Test func `a list that is too large is the store's fault`() async {
        let store = CountedObjectStore(Refusing(.tooLarge))
        _ = try? await store.list(.vmClass)
        #expect(store.counts.errors == [.tooLarge: 1])
    }

    /// Else a store in which nothing can be written looks busy for as long as the Lease can be.
    @Test func `an election's writes are not counted, and what it cannot do is`() async throws {
        let store = CountedObjectStore(MemoryObjectStore())
        await writeAll(store.withoutWrites)
        #expect(store.counts.writes == 0)
        await writeAll(store)
        #expect(store.counts.writes == 3)
        let refusing = CountedObjectStore(Refusing(.unavailable))
        await writeAll(refusing.withoutWrites)
        #expect(refusing.counts.errors == [.unavailable: 3])
    }
}
