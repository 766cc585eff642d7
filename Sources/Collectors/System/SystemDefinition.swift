package import Exporting
package import Metrics
package import Primitives

/// The sums of this machine, as the program knows them. There is nothing to set but whether.
package struct SystemDefinition: CollectorDefinition {
    package static let name = "system"
    package static let help = "Sums of this machine, for who has no node_exporter on it."
    package static let flagHelp = "Collect sums of this machine"
    package static let enabledHelp =
        "Whether the machine's CPU, memory, disks and network are summed up; auto does in the roles of one host."
    package static let roles: Set<ExporterRole> = [.host, .gpu]
    package static var catalogue: Catalogue { SystemCollector().catalogue }

    package init(_ surroundings: CollectorSurroundings) throws(Failure) {}

    /// Every machine has them, and most have a node_exporter for them.
    package var isFound: Bool { false }

    package func install() -> CollectorInstallation { CollectorInstallation(SystemCollector()) }
}
