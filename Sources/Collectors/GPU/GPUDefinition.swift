package import Exporting
package import Metrics
import Ownership
package import Primitives
package import Settings

/// The NVIDIA cards of this machine, as the program knows them.
package struct GPUDefinition: CollectorDefinition {
    package static let name = "gpu"
    package static let help = "NVIDIA cards of this machine, and their vGPUs."
    package static let flagHelp = "Collect the NVIDIA cards of this machine"
    package static let enabledHelp =
        "Whether the NVIDIA cards of this machine are read; auto does in the role gpu, in the role host as soon as there is a card or its driver, and in the role auto where the driver is loaded at the start."
    package static let keys = GPUSettings.keys
    /// A host has its cards too, where there are some.
    package static let roles: Set<ExporterRole> = [.gpu, .host]
    package static var catalogue: Catalogue { GPUCollector(GPUSettings(), finder: OwnerFinder()).catalogue }

    private let settings: GPUSettings
    private let surroundings: CollectorSurroundings

    package init(_ surroundings: CollectorSurroundings) throws(Failure) {
        settings = try GPUSettings(surroundings.settings[Self.name])
        self.surroundings = surroundings
    }

    package var isFound: Bool { GPUCollector.isThere(settings, fileSystemRoot: surroundings.context.fileSystemRoot) }

    package func install() -> CollectorInstallation {
        let root = surroundings.context.fileSystemRoot
        let engine = surroundings.things.kept(ContainerEngine.self)
        let isAskedFor = surroundings.settings[Self.name]["enabled"].text == "true"
        return CollectorInstallation(
            GPUCollector(
                settings, finder: OwnerFinder(fileSystemRoot: root, engine: engine), engine: engine, fileSystemRoot: root,
                waitsForCards: surroundings.role == .host && !isAskedFor))
    }
}
