package import Primitives
import ProxmoxAPI
package import Settings
import Web

/// The clusters that somebody named, each with the way to it and what lets us in.
package struct ConfiguredClusters: Sendable {
    package let all: [ConfiguredCluster]
    /// Variables that are set and count for none of the clusters.
    private let idleVariables: [String]

    /// About variables that are set and count for nothing.
    package var idleWarning: String? {
        idleVariables.isEmpty
            ? nil
            : "\(idleVariables.joined(separator: ", ")): not used, as PROXMOX_HOST is not set; what clusters of the file need stands with them"
    }

    /// What works and is still not what one should want, a line each.
    package var warnings: [String] {
        var lines: [String] = []
        if let idleWarning { lines.append(idleWarning) }
        for cluster in all {
            for endpoint in cluster.endpoints {
                if !endpoint.isEncrypted {
                    lines.append("\(endpoint.authority) is asked over http: whoever listens on the way has the credential; write https://")
                } else if endpoint.trust == .insecure {
                    lines.append(
                        "\(endpoint.authority) is believed whatever its certificate (verify_tls: false): whoever answers has the credential; "
                            + "fingerprint or ca_file says whom to believe")
                }
            }
            if let file = cluster.credentialFile, Files.isReadableByAll(file) {
                lines.append("\(file) can be read by every user of this machine; chmod 600 \(file)")
            }
        }
        return lines
    }

    /// Variables that other tools of the field read too, and what they say here; for a single cluster and no `clusters` in the file.
    package static let variables: [(name: String, help: String)] = [
        ("PROXMOX_HOST", "HOST, HOST:PORT or URL of a node; several nodes of one cluster with commas between them."),
        ("PROXMOX_USER", "USER@REALM that the token belongs to, or that logs in."),
        ("PROXMOX_TOKEN_NAME", "Name of the token, or USER@REALM!NAME."),
        ("PROXMOX_TOKEN_VALUE", "The token's secret."),
        ("PROXMOX_PASSWORD", "Password of PROXMOX_USER, where there is no token."),
        ("PROXMOX_CA_FILE", "PEM file of the authority that signed the nodes' certificates."),
        ("PROXMOX_FINGERPRINT", "SHA-256 of the node's certificate; several with commas between them."),
        ("PROXMOX_VERIFY_TLS", "false accepts any certificate: whoever answers gets the credential."),
        ("PROXMOX_CLUSTER", "Value of the label cluster."),
        ("TARGET_NODES", "Nodes to watch, with commas between them; * stands for any letters. All if it is not set."),
    ]

    /// The key `clusters` of the section.
    package static let key = SettingsKey(
        "clusters",
        .sections([
            SettingsKey("name", .text, "Value of the label cluster.", standard: "the cluster's own name"),
            SettingsKey("endpoint", .text, "HOST, HOST:PORT or URL of a node."),
            SettingsKey(
                "endpoints", .texts, "Several nodes of the cluster in place of endpoint: when one does not answer, the next is asked."),
            SettingsKey("token", .text, "API token, USER@REALM!NAME=SECRET. Better kept in a file: token_file."),
            SettingsKey("token_file", .text, "File that holds the API token in one line."),
            SettingsKey("user", .text, "NAME@REALM that logs in with a password, where there is no token."),
            SettingsKey("password", .text, "Password of user. Better kept in a file: password_file."),
            SettingsKey("password_file", .text, "File that holds the password in one line."),
            SettingsKey(
                "ca_file", .text, "PEM file of the authority that signed the nodes' certificates (/etc/pve/pve-root-ca.pem).",
                standard: "the system's authorities"),
            SettingsKey(
                "fingerprint", .texts,
                "SHA-256 of the certificate as pvenode cert info prints it, one for each endpoint: exactly these are trusted, in place of ca_file."
            ),
            SettingsKey("verify_tls", .flag, "false accepts any certificate: whoever answers gets the credential.", standard: "true"),
            SettingsKey("filter", filterShape, "Which nodes and guests are watched; the others are not asked about."),
        ]),
        "Clusters to watch, or nodes without a cluster.")

    private static let filterShape = SettingsShape.section([
        SettingsKey("nodes", .texts, "Names of nodes; * stands for any letters.", standard: "all"),
        SettingsKey("exclude_nodes", .texts, "Nodes that are left out."),
        SettingsKey("vmids", .texts, "Numbers of guests and ranges of them: 100-199.", standard: "all"),
        SettingsKey("exclude_vmids", .texts, "Guests that are left out."),
        SettingsKey("tags", .texts, "Tags of which a guest must have one; * stands for any letters.", standard: "all"),
        SettingsKey("exclude_tags", .texts, "Tags of which a guest may have none."),
        SettingsKey("pools", .texts, "Pools of which a guest must be in one; * stands for any letters.", standard: "all"),
        SettingsKey("exclude_pools", .texts, "Pools whose guests are left out."),
    ])

    /// Reads the section and, when it names no cluster, the `PROXMOX_*` variables.
    ///
    /// - Parameter tree: the section `proxmox`.
    package init(_ tree: SettingsTree, environment: [String: String]) throws(Failure) {
        var clusters: [ConfiguredCluster] = []
        let sections = tree["clusters"].sections
        for section in sections { clusters.append(try ConfiguredCluster(section)) }
        if let cluster = try ConfiguredCluster(environment: environment) {
            guard clusters.isEmpty else {
                throw Failure(
                    .configuration, "\(tree["clusters"].origin): clusters are named here and PROXMOX_HOST is set too; take one of them away"
                )
            }
            clusters.append(cluster)
        }
        var authorities: Set<String> = []
        for (index, cluster) in clusters.enumerated() {
            // The one cluster of the variables has no section.
            func failure(_ message: String) -> Failure {
                sections.indices.contains(index) ? sections[index].failure(message) : Failure(.configuration, "PROXMOX_HOST: \(message)")
            }
            for endpoint in cluster.endpoints where !authorities.insert(endpoint.authority).inserted {
                throw failure("endpoint \(endpoint.authority) is named twice; list each node once, under its own cluster")
            }
            if let name = cluster.name, clusters[..<index].contains(where: { $0.name == name }) {
                throw failure(
                    "another cluster has the name \(quoted(name)) too, and their guests could not be told apart; choose another name")
            }
        }
        all = clusters
        let isIdle = environment["PROXMOX_HOST"]?.isEmpty ?? true
        idleVariables = isIdle && !clusters.isEmpty ? Self.variables.map(\.name).filter { environment[$0]?.isEmpty == false } : []
    }
}
