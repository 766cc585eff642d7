import ObjectStoreConformance
import Synchronization

@testable import ObjectStore

/// A store in memory, or what somebody made of one. Any namespace is there.
final class MemoryBed: ObjectStoreBed {
    let store: any ObjectStore
    private let namespaces = Atomic(0)

    init(bookmarkSeconds: Double = 60, decorate: (any ObjectStore) -> any ObjectStore = { $0 }) {
        store = decorate(MemoryObjectStore(bookmarkSeconds: bookmarkSeconds))
    }

    func namespace() async -> String { "ns-\(namespaces.add(1, ordering: .relaxed).newValue)" }

    func close() async {}
}
