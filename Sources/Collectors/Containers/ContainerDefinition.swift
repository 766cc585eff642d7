package import Exporting
package import Metrics
package import Ownership
package import Primitives
package import Settings

/// The containers of this machine, as the program knows them.
package struct ContainerDefinition: CollectorDefinition {
    package static let name = "containers"
    package static let help = "Containers and LXC guests of this machine."
    package static let flagHelp = "Collect the containers of this machine"
    package static let enabledHelp =
        "Whether the containers of this machine are read; auto does where there are some or an engine at the start, true looks at each scrape."
    package static let keys = ContainerSettings.keys
    package static let roles: Set<ExporterRole> = [.host, .gpu]
    package static var catalogue: Catalogue {
        ContainerCollector(ContainerSettings(), engine: ContainerEngine(sockets: [])).catalogue
    }

    private let settings: ContainerSettings
    private let engine: ContainerEngine
    private let fileSystemRoot: String

    /// The engine is there for all that want names of containers, whether containers are collected or not.
    package init(_ surroundings: CollectorSurroundings) throws(Failure) {
        settings = try ContainerSettings(surroundings.settings[Self.name])
        fileSystemRoot = surroundings.context.fileSystemRoot
        engine = Self.engine(
            settings, moreLabels: surroundings.containerLabels, fileSystemRoot: fileSystemRoot, surroundings.things)
    }

    /// The engine that these settings name. A reload that leaves it as it is keeps the one that is there.
    ///
    /// - Parameter moreLabels: those that say what a container is, beside those that the settings show.
    package static func engine(
        _ settings: ContainerSettings, moreLabels: [String] = [], fileSystemRoot: String, _ things: KeptThings
    ) -> ContainerEngine {
        let sockets = ContainerCollector.sockets(settings, fileSystemRoot: fileSystemRoot)
        let labels = settings.labels + moreLabels
        return things.keep { (known: ContainerEngine?) in
            if let known, known.isMade(for: sockets, labels: labels) { return known }
            return ContainerEngine(sockets: sockets, labels: labels, isNamed: settings.engineSocket != nil)
        }
    }

    package var isFound: Bool { ContainerCollector.isThere(settings, fileSystemRoot: fileSystemRoot) }

    /// Most machines have some.
    package var isReasonToServe: Bool { false }

    package func install() -> CollectorInstallation { CollectorInstallation(ContainerCollector(settings, engine: engine)) }
}
