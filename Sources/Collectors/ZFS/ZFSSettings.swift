package import Settings
package import Primitives

/// The section `zfs` of the settings.
package struct ZFSSettings: Sendable {
    /// Where the program `zpool` stands; nil looks for it.
    package var zpoolPath: String?
    /// Between two runs of it.
    package var intervalSeconds = 60.0

    package init() {}

    /// What may stand in the section beside `enabled`.
    package static let keys = [
        SettingsKey(
            "zpool_path", .text, "The program zpool, an absolute path.", standard: "the first on PATH, in /usr/sbin or in /sbin"),
        SettingsKey(
            "interval", .seconds(1...3600), "Time between two runs of zpool; what it said is shown for three of them at most.",
            standard: "60s"),
    ]

    /// - Parameter tree: the section `zfs`.
    package init(_ tree: SettingsTree) throws(Failure) {
        zpoolPath = tree.word("zpool_path")
        if let path = zpoolPath, !path.hasPrefix("/") {
            throw tree["zpool_path"].failure(
                "zpool_path: \(quoted(path)) is no absolute path; write it from the root, as in /usr/sbin/zpool")
        }
        intervalSeconds = tree["interval"].seconds ?? 60
    }
}
