package import Exporting
package import Metrics
import ObjectStore

/// How the manager's store does.
package struct ObjectStoreCollector: Collector {
    package let name = "object_store"
    package let catalogue: Catalogue
    private let writes, errors: Metric
    private let store: CountedObjectStore?

    private static let reason = LabelSchema("reason")

    /// For lists of what there is.
    package init() { self.init(nil) }

    init(_ store: CountedObjectStore?) {
        var catalogue = Catalogue()
        writes = catalogue.counter(
            "martlet_object_store_writes_total", "Objects that were created, changed or deleted.", source: "the store of objects")
        errors = catalogue.counter(
            "martlet_object_store_errors_total",
            "Requests that the store of objects could not do, by why; not those that another's change or a wrong object brought about.",
            labels: Self.reason, source: "the store of objects")
        self.catalogue = catalogue
        self.store = store
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        guard let counts = store?.counts else { return }
        var buffer = sink.begin("store")
        buffer.add(writes, .empty, Double(counts.writes))
        for reason in CountedObjectStore.faults {
            buffer.add(errors, buffer.labels(Self.reason, reason.rawValue), Double(counts.errors[reason] ?? 0))
        }
        sink.commit(buffer)
    }
}
