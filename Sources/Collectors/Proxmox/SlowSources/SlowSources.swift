import Metrics

/// All slow sources with their families, in the order of the exposition.
struct SlowSources: Sendable {
    private let all: [any SlowSource]
    private let settings: SlowSettings

    init(_ catalogue: inout Catalogue, _ settings: SlowSettings) {
        self.settings = settings
        guard settings.isEnabled else {
            all = []
            return
        }
        let addresses = AddressFamily(&catalogue)
        all = [
            HASource(&catalogue),
            ReplicationSource(&catalogue),
            BackupJobSource(&catalogue),
            BackupGapSource(&catalogue),
            BackupSource(&catalogue),
            StorageSource(&catalogue),
            CertificateSource(&catalogue),
            SubscriptionSource(&catalogue),
            ServiceSource(&catalogue),
            UpdateSource(&catalogue),
            DiskSource(&catalogue),
            PoolSource(&catalogue),
            CephSource(&catalogue),
            StatisticsSource(&catalogue),
            ConfigurationSource(&catalogue),
            SnapshotSource(&catalogue),
            AgentSource(&catalogue, addresses),
            AddressSource(addresses),
            PCIMappingSource(&catalogue),
            QuorumDeviceSource(&catalogue),
        ]
    }

    var profiles: [SlowProfile] { all.map(\.profile) }

    /// A new shelf for each source that is wanted.
    var shelves: [any AnySlowShelf] {
        let switches = settings.skipped.contains("config") ? nil : AgentSwitches()
        return all.filter { !settings.skipped.contains($0.profile.name) }.map { source in
            Self.shelf(source, periodSeconds: settings.periods[source.profile.name] ?? source.profile.periodSeconds, switches)
        }
    }

    private static func shelf(_ source: some SlowSource, periodSeconds: Double, _ switches: AgentSwitches?) -> any AnySlowShelf {
        var source = source
        source.connect(switches)
        source.profile.periodSeconds = periodSeconds
        return SlowShelf(source)
    }
}
