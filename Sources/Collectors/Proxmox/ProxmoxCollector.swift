package import Exporting
package import Metrics
package import Primitives
import ProxmoxAPI

/// Collects the native metrics of all configured clusters, side by side.
package struct ProxmoxCollector: Collector {
    package let name = "proxmox"
    private let families: ProxmoxFamilies
    private let clusters: [ProxmoxCluster]
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

    /// Asks each cluster for its version, before anything listens.
    ///
    /// A cluster that cannot be reached now may come later and is only logged. Credentials that are refused will not mend
    /// themselves: when no cluster takes them, that is a `configuration` failure that says which token and what to look at.
    ///
    /// - Parameter isStart: then a password that is refused is only logged. Whoever starts a program that failed would start this one again,
    ///   each time with one more wrong login, until the realm locks the user out; while it runs, it tries once a minute.
    package func checkCredentials(_ context: CollectionContext, isStart: Bool) async throws(Failure) {
        let answers = await withTaskGroup(of: (Int, ProxmoxError?).self) { group in
            for (index, cluster) in clusters.enumerated() {
                group.addTask { (index, await cluster.versionError(context)) }
            }
            return await group.reduce(into: [Int: ProxmoxError?]()) { $0[$1.0] = $1.1 }
        }
        var refused: [(endpoint: String, what: String)] = []
        var hasPassword = false
        for (index, cluster) in clusters.enumerated() {
            guard case .some(.some(let error)) = answers[index] else { continue }
            if error.kind == .unauthorized {
                if case .password = cluster.client.session.credential { hasPassword = true }
                refused.append((cluster.client.endpoint.authority, Self.refusal(of: cluster.client.session.credential, error)))
            } else {
                let what =
                    switch error.kind {
                    case .tls: "TLS with the cluster failed"
                    case .unreachable, .timeout, .nodeUnreachable: "cluster not reachable yet"
                    default: "cluster does not answer as it should yet"
                    }
                context.logger.warn(
                    what,
                    ["endpoint": cluster.client.endpoint.authority, "detail": error.description])
            }
        }
        guard let first = refused.first else { return }
        guard refused.count < clusters.count || isStart && hasPassword else {
            throw Failure(.configuration, "Proxmox at \(first.endpoint) refuses \(first.what)")
        }
        for refusal in refused { context.logger.error("credential refused", ["endpoint": refusal.endpoint, "detail": refusal.what]) }
    }

    private static func refusal(of credential: ProxmoxCredential, _ error: ProxmoxError) -> String {
        switch credential {
        case .token:
            "the API token \(credential.identity) (401); check its secret, that it exists and has not expired "
                + "(pveum user token list \(credential.identity.prefix { $0 != "!" }))"
        case .password: "the login: \(error)"
        }
    }
}
