package import Metrics
package import Primitives
package import Settings

/// What the program knows of a collector: how it is called, what may be set, when it is there, how it is made. Each collector of `Package.swift`'s
/// list `collectors` has one, named after its line: `collector("ZFS", …)` has `ZFSDefinition`. docs/adding-a-collector.md goes through it.
///
/// A value is the collector as settings want it. At the start, and again at each reload, all of them are made from their settings, then it is decided
/// which are wanted, then each is installed: so what one keeps in `things` while it is made, all others find when they are installed.
package protocol CollectorDefinition: Sendable {
    /// The collector's own name: its section of the settings, and `--collector.NAME`.
    static var name: String { get }
    /// A sentence about the section, for the reference of settings.
    static var help: String { get }
    /// The same for `--collector.NAME`, in a command's help: `Collect …`.
    static var flagHelp: String { get }
    /// When it is on, for the key `enabled`, which every section has: `Whether …; auto does where …`.
    static var enabledHelp: String { get }
    /// What else may be set.
    static var keys: [SettingsKey] { get }
    /// The exporters that have it when nobody says; `auto` is not among them, as such a one has what is found.
    static var roles: Set<ExporterRole> { get }
    /// All families that it may write, for lists and pages.
    static var catalogue: Catalogue { get }
    /// Labels of containers that it looks at.
    static var containerLabels: [String] { get }

    /// Reads its settings, whether it is on or not. Errors: what stands in its section cannot be used.
    init(_ surroundings: CollectorSurroundings) throws(Failure)

    /// Whether there is something to collect from now.
    var isFound: Bool { get }

    /// Whether it is on where the settings leave it to the exporter.
    ///
    /// - Parameter others: names of collectors that are on, of those before it in the list.
    func isWanted(by role: ExporterRole, beside others: Set<String>) -> Bool

    /// Whether one that is on without having been asked for is what an exporter may live for. A collector of what most machines have should say no,
    /// so that an exporter without settings says what is missing, and does not serve something that nobody meant.
    var isReasonToServe: Bool { get }

    /// Makes the collector, and starts nothing yet: it may not be on.
    func install() throws(Failure) -> CollectorInstallation
}

extension CollectorDefinition {
    package static var keys: [SettingsKey] { [] }
    package static var containerLabels: [String] { [] }

    package func isWanted(by role: ExporterRole, beside others: Set<String>) -> Bool {
        role == .auto ? isFound : Self.roles.contains(role)
    }

    package var isReasonToServe: Bool { true }

    /// Its section, as it stands among all settings.
    package static var section: SettingsKey {
        let enabled = SettingsKey("enabled", .choice(["auto", "true", "false"]), enabledHelp, standard: "auto")
        return SettingsKey(name, .section([enabled] + keys), help)
    }
}

/// A collector that was made, and what comes with it.
package struct CollectorInstallation: Sendable {
    package let collector: any Collector
    /// There whether the collector is on or not: a service has the same pages for as long as it runs.
    package let pages: [ExporterContents.Page]

    package init(_ collector: any Collector, pages: [ExporterContents.Page] = []) {
        self.collector = collector
        self.pages = pages
    }
}
