package import Exporting
package import Metrics
import Primitives
import ProviderTasks
import RPC

/// What a provider tells of itself: calls, operations, errors, and of libvirt its connections and domains.
package struct ProviderCollector: Collector {
    package let name = "provider"
    package let catalogue: Catalogue
    private let families: ProviderFamilies
    private let source: ProviderSource?

    /// For lists of what there is.
    package init() { self.init(nil) }

    init(_ source: ProviderSource?) {
        var catalogue = Catalogue()
        families = ProviderFamilies(&catalogue)
        self.catalogue = catalogue
        self.source = source
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        guard let source else { return }
        var buffer = sink.begin("provider")
        families.writeBuild(source, &buffer)
        families.writeCalls(source, &buffer)
        families.writeOperations(source, &buffer)
        sink.commit(buffer)
        guard source.hosted.libvirtFacts != nil else { return }
        var libvirt = sink.begin("libvirt")
        if source.census.hasFailed { sink.report(PartProblem(part: "libvirt", .unreachable, "libvirt does not tell its domains")) }
        // The counter is the provider's own.
        if let host = source.census.lastHost { families.writeConnections(source, host, &libvirt) }
        if let facts = source.census.facts() { families.writeDomains(facts, &libvirt) }
        sink.commit(libvirt)
    }

    /// Asks libvirt for its domains from time to time.
    package func run(_ context: CollectionContext) async {
        guard let source, let ask = source.hosted.libvirtFacts else { return }
        await source.census.keep(ask)
    }
}
