package import Primitives
package import ProxmoxConfiguration
package import Settings

/// The section `proxmox` of the settings, as the collector wants it.
package struct ProxmoxSettings: Sendable {
    package let clusters: [ConfiguredCluster]
    /// What is asked for on timers, of all clusters.
    package let slow: SlowSettings
    /// What works and is still not what one should want, a line each.
    package let warnings: [String]

    package init(clusters: [ConfiguredCluster], slow: SlowSettings, warnings: [String] = []) {
        self.clusters = clusters
        self.slow = slow
        self.warnings = warnings
    }

    /// - Parameter tree: the section `proxmox`.
    package init(_ tree: SettingsTree, clusters: ConfiguredClusters) throws(Failure) {
        self.init(clusters: clusters.all, slow: try SlowSettings(tree["slow"]), warnings: clusters.warnings)
    }

    /// What may stand in the section.
    package static let shape = SettingsShape.section([
        SettingsKey(
            "enabled", .choice(["auto", "true", "false"]), "Whether clusters are collected on /metrics; /pve answers all the same.",
            standard: "auto"),
        ConfiguredClusters.key,
        SettingsKey("slow", SlowSettings.shape, "What is dear and asked for on timers, of all clusters."),
    ])
}
