package import Exporting
package import Metrics

/// What controllers and their queues tell of themselves.
package struct ReconcilingCollector: Collector {
    package let name = "reconciling"
    package let catalogue: Catalogue
    private let families: ReconcilingFamilies
    private let controllers: [Controller]

    /// - Parameter controllers: each of its own name; none for lists of what there is.
    package init(_ controllers: [Controller] = []) {
        var catalogue = Catalogue()
        families = ReconcilingFamilies(&catalogue)
        self.catalogue = catalogue
        self.controllers = controllers
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        guard !controllers.isEmpty else { return }
        var buffer = sink.begin("controllers")
        var kinds: [String: (books: [ControllerBook.Contents], waiting: Int)] = [:]
        for controller in controllers.sorted(by: { $0.name < $1.name }) {
            let (facts, book) = (controller.queue.facts, controller.book.contents)
            families.writeQueue(controller, facts, &buffer)
            families.writeController(controller, book, &buffer)
            kinds[controller.kind, default: ([], 0)].books.append(book)
            kinds[controller.kind, default: ([], 0)].waiting += facts.waiting
        }
        for (kind, sums) in kinds.sorted(by: { $0.key < $1.key }) {
            families.writeKind(kind, sums.books, waiting: sums.waiting, &buffer)
        }
        sink.commit(buffer)
    }
}
