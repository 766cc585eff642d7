import ObjectStore
import Objects
import Primitives
import Testing

@testable import Controllers
@testable import Reconciling

struct LeaderTests {
    /// A store whose objects of one kind nobody may read.
    private final class PartlyClosedStore: ObjectStore {
        private let inner = MemoryObjectStore()
        private let closed: ResourceKind?

        init(_ closed: ResourceKind?) { self.closed = closed }

        func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await inner.get(key) }

        func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
            guard kind != closed else { throw StoreError(.forbidden, "not for you") }
            return try await inner.list(kind, in: namespace, selector)
        }

        func create(_ object: APIObject) async throws(StoreError) -> APIObject { try await inner.create(object) }

        func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject { try await inner.update(object, part) }

        func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
            try await inner.delete(key, precondition)
        }

        func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
            try await inner.watch(kind, in: namespace, from: version)
        }
    }

    /// No controller begins before all kinds are read, so such a leader leads nothing, and somebody must hear of it.
    @Test(arguments: [nil, .vmNetworkAttachment, .secret] as [ResourceKind?])
    func `who cannot read a kind does not lead`(closed: ResourceKind?) async throws {
        let bed = ManagerBed(PartlyClosedStore(closed))
        let source = ManagerCollector.Source(version: Version(number: "0.1.0", revision: "", swift: "6.3"))
        #expect(!source.isWorking)
        try await bed.start()
        source.context = bed.context
        let open = [bed.context.informers.machines, bed.context.informers.sets, bed.context.informers.classes] as [any RunnableInformer]
        for informer in open { _ = await informer.synced() }
        if closed == nil { for informer in bed.context.informers.all { _ = await informer.synced() } }
        #expect(source.isWorking == (closed == nil))
        await bed.close()
        source.context = nil
        #expect(!source.isWorking)
    }
}
