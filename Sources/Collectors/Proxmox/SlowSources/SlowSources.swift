import Metrics

/// All slow sources with their families, in the order of the exposition.
struct SlowSources: Sendable {
    private let all: [any SlowSource]

    init(_ catalogue: inout Catalogue) {
        all = [
            StorageSource(&catalogue),
            CertificateSource(&catalogue),
            SubscriptionSource(&catalogue),
            ServiceSource(&catalogue),
            UpdateSource(&catalogue),
            DiskSource(&catalogue),
            PoolSource(&catalogue),
            CephSource(&catalogue),
            StatisticsSource(&catalogue),
        ]
    }

    var profiles: [SlowProfile] { all.map(\.profile) }

    /// A shelf for each source that is wanted, of one cluster.
    func shelves(_ settings: SlowSettings) -> [any AnySlowShelf] {
        guard settings.isEnabled else { return [] }
        return all.filter { !settings.skipped.contains($0.profile.name) }.map { source in
            Self.shelf(source, periodSeconds: settings.periods[source.profile.name] ?? source.profile.periodSeconds)
        }
    }

    private static func shelf(_ source: some SlowSource, periodSeconds: Double) -> any AnySlowShelf {
        var source = source
        source.profile.periodSeconds = periodSeconds
        return SlowShelf(source)
    }
}
