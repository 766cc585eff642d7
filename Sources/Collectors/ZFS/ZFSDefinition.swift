package import Exporting
package import Metrics
package import Primitives
package import Settings

/// The ZFS of this machine, as the program knows it.
package struct ZFSDefinition: CollectorDefinition {
    package static let name = "zfs"
    package static let help = "ZFS of this machine."
    package static let flagHelp = "Collect the ZFS of this machine"
    package static let enabledHelp =
        "Whether the ZFS of this machine is read; auto does where there is one at the start, true looks for it at each scrape."
    package static let keys = ZFSSettings.keys
    package static let roles: Set<ExporterRole> = [.host]
    package static var catalogue: Catalogue { ZFSCollector(ZFSSettings()).catalogue }

    private let settings: ZFSSettings
    private let surroundings: CollectorSurroundings

    package init(_ surroundings: CollectorSurroundings) throws(Failure) {
        settings = try ZFSSettings(surroundings.settings[Self.name])
        self.surroundings = surroundings
    }

    package var isFound: Bool { ZFSCollector.isThere(fileSystemRoot: surroundings.context.fileSystemRoot) }

    /// What `zpool` said is there also after a reload.
    package func install() -> CollectorInstallation {
        CollectorInstallation(ZFSCollector(settings, reports: surroundings.things.keep { $0 ?? PoolReports() }))
    }
}
