import JSON

/// `/version` of the node that was asked.
package struct ProxmoxVersion: Sendable {
    /// `9.2.11`
    package let version: String
    /// `9.2`
    package let release: String
    package let repositoryID: String

    init?(_ data: JSONValue) {
        guard let version = data["version"]?.word else { return nil }
        self.version = version
        release = data["release"]?.text ?? ""
        repositoryID = data["repoid"]?.text ?? ""
    }

    /// 9 of `9.2.11`.
    package var major: Int? { Int(version.prefix { $0 != "." }) }
}
