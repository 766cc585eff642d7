package import Primitives

/// What the command line and the environment say already, so that it is not asked.
package struct SetupOptions: Sendable {
    /// Nodes of one cluster, the first asked first.
    package var endpoints: [String] = []
    package var fingerprints: [String] = []
    package var authorityFile: String?
    /// Where the token is, or where it is to be kept.
    package var tokenFile: String?
    package var user = "monitor@pve"
    package var tokenName = "martlet"
    /// The token's secret, from the environment.
    package var tokenSecret: Secret?
    /// 8 or 9, where the node does not tell.
    package var majorVersion: Int?
    package var configurationFile = "martlet.yml"
    /// A configuration that is there is kept under another name, and a new one written.
    package var isForced = false
    /// Where secrets are kept unless somebody says otherwise.
    package var secretsFolder = "/etc/martlet"
    /// PROXMOX_HOST is set, which goes with no configuration that names clusters.
    package var hasHostVariable = false
    /// What the program is called by, for commands to be typed.
    package var program = "martlet"
    /// What `~` stands for in an answer.
    package var home: String?

    package init() {}

    /// The token that is meant where only its secret is known.
    var identity: String { "\(user)!\(tokenName)" }

    /// A path as somebody types it, from the root.
    func path(_ text: String) -> String {
        guard let home, text.hasPrefix("~/") else { return Files.absolute(text) }
        return home + text.dropFirst()
    }
}
