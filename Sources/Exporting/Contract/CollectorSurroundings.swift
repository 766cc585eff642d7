package import Settings

/// What a collector may be made from: all that the program hands to each of them.
package struct CollectorSurroundings: Sendable {
    /// All settings; a collector reads its own section.
    package let settings: SettingsTree
    package let role: ExporterRole
    /// What scrapes will see, but for their deadline.
    package let context: CollectionContext
    /// What collectors share, and what outlives a reload.
    package let things: KeptThings
    /// Labels of containers that some collector looks at, for whoever asks an engine for them.
    package internal(set) var containerLabels: [String] = []

    package init(settings: SettingsTree, role: ExporterRole, context: CollectionContext, things: KeptThings) {
        self.settings = settings
        self.role = role
        self.context = context
        self.things = things
    }
}
