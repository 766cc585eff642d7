import ObjectStore
import ObjectStoreConformance
import Synchronization
import TestSupport

@testable import EmbeddedObjectStore

/// A store on disk. Any namespace is there.
final class EmbeddedBed: ObjectStoreBed {
    private let folder = ScratchFolder()
    private let embedded: EmbeddedObjectStore
    private let namespaces = Atomic(0)
    var store: any ObjectStore { embedded }

    init(bookmarkSeconds: Double) async throws {
        embedded = try await EmbeddedObjectStore(folder.path + "/objects.db", bookmarkSeconds: bookmarkSeconds)
    }

    func namespace() async -> String { "ns-\(namespaces.add(1, ordering: .relaxed).newValue)" }

    func close() async { await embedded.close() }
}
