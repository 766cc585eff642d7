package import Exporting
package import Metrics
package import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
package import Web

/// Service discovery as a service of the exporter's kind: its life is to watch the clusters, what it collects is how that goes, and its page
/// is `/targets`.
package struct DiscoveryCollector: Collector {
    package let name = "discovery"
    private let families = DiscoveryFamilies()
    private let watches: [ClusterWatch]
    private let handler: TargetsHandler

    package init(_ settings: DiscoverySettings) {
        let names = NameRegistry(configured: settings.clusters.map(\.name))
        watches = settings.clusters.enumerated().map { ClusterWatch($1, settings, position: $0, names: names) }
        handler = TargetsHandler(watches)
    }

    package var catalogue: Catalogue { families.catalogue }

    package static let path = "/targets"

    /// `GET /targets`
    package var targets: HTTPHandler { handler.handle }

    /// Why `/targets` has no answer yet; nil when it has.
    package var unreadiness: String? {
        let missing = handler.missing()
        return missing.isEmpty ? nil : missing.map(\.reasonOfColdness).joined(separator: "; ")
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        for watch in watches {
            if let problem = watch.problem { sink.report(problem) }
            var buffer = sink.begin(watch.displayName)
            families.write(watch, into: &buffer)
            sink.commit(buffer)
        }
        var buffer = sink.begin("(answers)")
        families.write(answers: handler.answers, into: &buffer)
        sink.commit(buffer)
    }

    package func run(_ context: CollectionContext) async {
        await withDiscardingTaskGroup { group in
            for watch in watches { group.addTask { await watch.run(context) } }
        }
    }

    /// Asks each cluster for its version. Errors: no cluster takes its credential.
    ///
    /// - Parameter isStart: then a password that is refused is only logged.
    package func checkCredentials(_ context: CollectionContext, isStart: Bool) async throws(Failure) {
        try await CredentialCheck(clients: watches.map(\.client)).run(context, isStart: isStart)
    }

    package func follow(_ other: any Collector) {
        guard let other = other as? DiscoveryCollector else { return }
        for watch in watches {
            if let predecessor = other.watches.first(where: watch.isSame) { watch.follow(predecessor) }
        }
        handler.follow(other.handler)
    }
}
