package import Exporting
package import Metrics
package import Primitives
package import Settings

/// The hypervisors of libvirt, as the program knows them.
package struct LibvirtDefinition: CollectorDefinition {
    package static let name = "libvirt"
    package static let help = "Virtual machines of libvirt's hypervisors."
    package static let flagHelp = "Collect the virtual machines of libvirt's hypervisors"
    package static let enabledHelp =
        "Whether libvirt's hypervisors are asked; auto does where uris are named, in the role host as soon as libvirt's daemon is there, and in the role auto where it is at the start."
    package static let keys = LibvirtSettings.keys
    package static let roles: Set<ExporterRole> = [.host]
    package static var catalogue: Catalogue { LibvirtCollector(LibvirtSettings()).catalogue }

    private let settings: LibvirtSettings
    private let surroundings: CollectorSurroundings

    package init(_ surroundings: CollectorSurroundings) throws(Failure) {
        settings = try LibvirtSettings(surroundings.settings[Self.name])
        self.surroundings = surroundings
    }

    package var isFound: Bool { settings.isNamed || LibvirtCollector.isThere(fileSystemRoot: surroundings.context.fileSystemRoot) }

    /// Named ones are asked in whatever role.
    package func isWanted(by role: ExporterRole, beside others: Set<String>) -> Bool {
        settings.isNamed || (role == .auto ? isFound : Self.roles.contains(role))
    }

    package func install() -> CollectorInstallation {
        let isAskedFor = settings.isNamed || surroundings.settings[Self.name]["enabled"].text == "true"
        return CollectorInstallation(LibvirtCollector(settings, waitsForDaemon: !isAskedFor))
    }
}
