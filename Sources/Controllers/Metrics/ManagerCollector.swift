package import Exporting
package import Metrics
package import Primitives
import Reconciling
import Synchronization

/// What the manager tells of operations, providers and machines.
package struct ManagerCollector: Collector {
    /// Who leads, and what it leads with; made anew each time that this manager begins to lead.
    package final class Source: Sendable {
        package let version: Version
        private let leading = Mutex<ControllerContext?>(nil)

        package init(version: Version) { self.version = version }

        /// Whether this manager leads, and has read all that it works on: one that cannot read a kind does nothing.
        var isWorking: Bool { context?.informers.all.allSatisfy(\.hasSynced) ?? false }

        /// nil while somebody else leads.
        package var context: ControllerContext? {
            get { leading.withLock { $0 } }
            set { leading.withLock { $0 = newValue } }
        }
    }

    package let name = "manager"
    package let catalogue: Catalogue
    private let families: ManagerFamilies
    private let source: Source?

    /// - Parameter source: none for lists of what there is.
    package init(_ source: Source? = nil) {
        var catalogue = Catalogue()
        families = ManagerFamilies(&catalogue)
        self.catalogue = catalogue
        self.source = source
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        guard let source else { return }
        let leading = source.context
        var buffer = sink.begin("manager")
        families.writeProgram(source.version, isLeading: source.isWorking, &buffer)
        if let leading {
            families.writeOperations(leading.journal, &buffer)
            families.writeAddresses(leading.addresses, &buffer)
            families.writeCalls(leading.links.counts.contents, &buffer)
            let providers = leading.informers.providers.list()
            families.writeLinks(leading.links.all, providers, &buffer)
            families.writeMachines(leading.informers.machines.list(), providers, &buffer)
        }
        sink.commit(buffer)
    }
}
