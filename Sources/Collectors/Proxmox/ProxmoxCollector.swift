package import Exporting
package import Metrics
package import Primitives
import ProxmoxAPI
import ProxmoxConfiguration

/// Collects the native metrics of all configured clusters, side by side.
package struct ProxmoxCollector: Collector {
    package let name = "proxmox"
    private let families: ProxmoxFamilies
    let clusters: [ProxmoxCluster]
    private let names: ClusterNames

    package init(_ settings: ProxmoxSettings) { self.init(settings, clock: .system) }

    /// - Parameter clock: of what is asked for on timers.
    init(_ settings: ProxmoxSettings, clock: SlowClock) {
        let families = ProxmoxFamilies(settings.slow)
        self.families = families
        clusters = settings.clusters.enumerated().map { ProxmoxCluster($1, position: $0, slow: families.slow.shelves, clock: clock) }
        names = ClusterNames(clusters)
    }

    package var catalogue: Catalogue { families.catalogue }

    /// What its clients count of themselves; not data of a cluster, and there also when no cluster answers.
    package var requests: any Collector { ProxmoxRequestCollector(clusters, names) }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        await withDiscardingTaskGroup { group in
            for cluster in clusters {
                // Whoever owns one of them must not leave the others without room.
                let own = clusters.count > 1 ? sink.share() : sink
                group.addTask { [families, names] in
                    await ClusterScrape(cluster: cluster, names: names, families: families, sink: own, context: context).run()
                }
            }
        }
    }

    package func follow(_ other: any Collector) {
        guard let other = other as? ProxmoxCollector else { return }
        for cluster in clusters {
            if let predecessor = other.clusters.first(where: cluster.isSame) { cluster.follow(predecessor) }
        }
    }

    package func run(_ context: CollectionContext) async {
        await withDiscardingTaskGroup { group in
            for cluster in clusters {
                group.addTask { await cluster.slowLane.run(context) }
            }
        }
    }

    /// Asks each cluster for its version, before anything listens. Errors: no cluster takes its credential.
    ///
    /// - Parameter isStart: then a password that is refused is only logged.
    package func checkCredentials(_ context: CollectionContext, isStart: Bool) async throws(Failure) {
        try await CredentialCheck(clients: clusters.map(\.client)).run(context, isStart: isStart)
    }
}
