package import Settings

/// The section `system` of the settings, which only says whether.
package enum SystemSettings {
    /// What may stand in the section.
    package static let shape = SettingsShape.section([
        SettingsKey(
            "enabled", .choice(["auto", "true", "false"]),
            "Whether the machine's CPU, memory, disks and network are summed up; auto does in the roles of one host.", standard: "auto")
    ])
}
