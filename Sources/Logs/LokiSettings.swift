import Primitives
import Settings
package import UpstreamConfiguration

/// The section `logs.loki`.
package struct LokiSettings: Sendable {
    package var upstream: UpstreamSettings
    /// Of `X-Scope-OrgID`.
    var tenant: String?
    var timeoutSeconds = 10.0
    var isPacked = true
    var hasMetadata = true

    package init(upstream: UpstreamSettings) { self.upstream = upstream }

    /// Nil where there is no URL.
    init?(_ section: SettingsTree) throws(Failure) {
        guard let upstream = try UpstreamSettings.read(section, "logs.loki", standard: nil) else { return nil }
        self.upstream = upstream
        tenant = section.word("tenant")
        if let tenant, tenant.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) || tenant.utf8.count > 150 {
            throw section["tenant"].failure("tenant: expected one word of at most 150 letters")
        }
        timeoutSeconds = section["timeout"].seconds ?? timeoutSeconds
        isPacked = section["gzip"].flag ?? isPacked
        hasMetadata = section["structured_metadata"].flag ?? hasMetadata
    }

    static let keys =
        UpstreamSettings.keys("Loki", standard: "off") + [
            SettingsKey("tenant", .text, "Value of the header X-Scope-OrgID, for a Loki that serves several."),
            SettingsKey("timeout", .seconds(1...120), "Longest that a push may take.", standard: "10s"),
            SettingsKey("gzip", .flag, "Whether lines are compressed on their way.", standard: "true"),
            SettingsKey(
                "structured_metadata", .flag,
                "Whether process and trace ids go along; a Loki before 3.0, or with a schema before v13, refuses them.", standard: "true"),
        ]
}
