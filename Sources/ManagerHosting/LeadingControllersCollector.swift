import Exporting
import Metrics
import Reconciling
import Synchronization

/// The controllers that work now; none while another manager leads.
final class ReconcilingSource: Sendable {
    private let state = Mutex<[Controller]>([])

    var controllers: [Controller] {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// `ReconcilingCollector` of whichever controllers work.
struct LeadingControllersCollector: Collector {
    let name = "reconciling"
    let catalogue: Catalogue
    private let source: ReconcilingSource

    init(_ source: ReconcilingSource) {
        self.source = source
        catalogue = ReconcilingCollector().catalogue
    }

    func collect(into sink: SampleSink, _ context: CollectionContext) async {
        await ReconcilingCollector(source.controllers).collect(into: sink, context)
    }
}
