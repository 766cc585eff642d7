package import Primitives
package import ProxmoxAPI
package import Settings
import Web

/// The section `proxmox` of the settings.
package struct ProxmoxSettings: Sendable {
    package struct Cluster: Sendable {
        /// The value of the label `cluster`; nil takes the cluster's own name.
        package let name: String?
        package let endpoint: ProxmoxEndpoint

        package init(name: String?, endpoint: ProxmoxEndpoint) {
            self.name = name
            self.endpoint = endpoint
        }
    }

    package let clusters: [Cluster]

    package init(clusters: [Cluster]) { self.clusters = clusters }

    /// Variables that other tools of the field read too, and what they say here; for a single cluster and no `clusters` in the file.
    package static let variables: [(name: String, help: String)] = [
        ("PROXMOX_HOST", "HOST, HOST:PORT or URL of a node."),
        ("PROXMOX_USER", "USER@REALM that the token belongs to."),
        ("PROXMOX_TOKEN_NAME", "Name of the token, or USER@REALM!NAME."),
        ("PROXMOX_TOKEN_VALUE", "The token's secret."),
        ("PROXMOX_CA_FILE", "PEM file of the authority that signed the node's certificate."),
        ("PROXMOX_VERIFY_TLS", "false accepts any certificate: whoever answers gets the token."),
        ("PROXMOX_CLUSTER", "Value of the label cluster."),
    ]

    /// What may stand in the section.
    package static let shape = SettingsShape.section([
        SettingsKey(
            "clusters",
            .sections([
                SettingsKey("name", .text, "Value of the label cluster.", standard: "the cluster's own name"),
                SettingsKey("endpoint", .text, "HOST, HOST:PORT or URL of a node."),
                SettingsKey("token", .text, "API token, USER@REALM!NAME=SECRET. Better kept in a file: token_file."),
                SettingsKey("token_file", .text, "File that holds the API token in one line."),
                SettingsKey(
                    "ca_file", .text, "PEM file of the authority that signed the node's certificate (/etc/pve/pve-root-ca.pem).",
                    standard: "the system's authorities"),
                SettingsKey("verify_tls", .flag, "false accepts any certificate: whoever answers gets the token.", standard: "true"),
            ]),
            "Clusters to watch, or nodes without a cluster.")
    ])

    /// Reads the section and, when it names no cluster, the `PROXMOX_*` variables.
    ///
    /// - Parameter tree: the section `proxmox`.
    package init(_ tree: SettingsTree, environment: [String: String]) throws(Failure) {
        var clusters: [Cluster] = []
        for section in tree["clusters"].sections { clusters.append(try Self.cluster(section)) }
        if let cluster = try Self.cluster(environment) {
            guard clusters.isEmpty else {
                throw Failure(
                    .configuration, "\(tree["clusters"].origin): clusters are named here and PROXMOX_HOST is set too; take one of them away"
                )
            }
            clusters.append(cluster)
        }
        for (index, cluster) in clusters.enumerated() {
            for other in clusters[..<index] {
                if other.endpoint.authority == cluster.endpoint.authority {
                    throw Failure(.configuration, "two Proxmox clusters have the endpoint \(cluster.endpoint.authority)")
                }
                if let name = cluster.name, other.name == name {
                    throw Failure(.configuration, "two Proxmox clusters have the name \"\(name)\"; their guests could not be told apart")
                }
            }
        }
        self.clusters = clusters
    }

    private static func cluster(_ section: SettingsTree) throws(Failure) -> Cluster {
        // Empty is not set, as with variables.
        func text(_ key: String) -> String? { section[key].text.flatMap { $0.isEmpty ? nil : $0 } }
        guard let address = text("endpoint") else { throw section.failure("a cluster needs an endpoint: HOST, HOST:PORT or URL") }
        let token: Secret
        switch (text("token"), text("token_file")) {
        case (let text?, nil): token = try check(text, section["token"])
        case (nil, let file?): token = try read(file, section["token_file"])
        case (nil, nil):
            // What stands before @ may be a password.
            throw section.failure("cluster \(address.contains("@") ? "" : "\(address) ")needs a token or a token_file")
        case (_?, _?): throw section["token"].failure("token and token_file exclude each other")
        }
        let trust = try trust(section["verify_tls"].flag ?? true, text("ca_file"), section["ca_file"].origin.description)
        let endpoint: ProxmoxEndpoint
        do {
            endpoint = try ProxmoxEndpoint(address: address, token: token, trust: trust)
        } catch {
            throw section["endpoint"].failure(error.message)
        }
        return Cluster(name: text("name"), endpoint: endpoint)
    }

    private static func check(_ text: String, _ place: SettingsTree) throws(Failure) -> Secret {
        do { return try ProxmoxToken.check(text) } catch { throw place.failure(error.message) }
    }

    private static func read(_ file: String, _ place: SettingsTree) throws(Failure) -> Secret {
        if (try? ProxmoxToken.check(file)) != nil {
            throw place.failure("token_file names a file, and here stands a token; the key for that is token")
        }
        do {
            return try ProxmoxToken.check(try Files.readLine(file))
        } catch {
            throw place.failure("token_file \(file): \(error.message)")
        }
    }

    private static func trust(_ verifies: Bool, _ file: String?, _ origin: String) throws(Failure) -> HTTPRequest.Trust {
        guard verifies else { return .insecure }
        guard let file else { return .system }
        let bytes: [UInt8]
        do { bytes = try Files.read(file, limitBytes: 1 << 20) } catch {
            throw Failure(.configuration, "\(origin): ca_file: \(error.message)")
        }
        guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
            throw Failure(
                .configuration, "\(origin): ca_file: \(file) holds no PEM certificate; /etc/pve/pve-root-ca.pem of the cluster does")
        }
        return .authority(file: file)
    }

    /// The variables that other tools of the field read too.
    private static func cluster(_ environment: [String: String]) throws(Failure) -> Cluster? {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let host = variable("PROXMOX_HOST") else { return nil }
        guard let name = variable("PROXMOX_TOKEN_NAME"), let value = variable("PROXMOX_TOKEN_VALUE") else {
            let hint = variable("PROXMOX_PASSWORD") == nil ? "" : " (login with PROXMOX_PASSWORD is not supported)"
            throw Failure(
                .configuration,
                "PROXMOX_HOST is set, but PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE are not; make an API token for the user\(hint)")
        }
        var identity = name
        if !name.contains("!") {
            guard let user = variable("PROXMOX_USER") else {
                throw Failure(.configuration, "PROXMOX_USER is missing: USER@REALM, to go with PROXMOX_TOKEN_NAME")
            }
            identity = "\(user)!\(name)"
        }
        let token: Secret
        do { token = try ProxmoxToken.check("\(identity)=\(value)") } catch {
            throw Failure(.configuration, "PROXMOX_USER, PROXMOX_TOKEN_NAME, PROXMOX_TOKEN_VALUE: \(error.message)")
        }
        var verifies = true
        if let text = variable("PROXMOX_VERIFY_TLS") {
            guard let flag = SettingsShape.flag(of: text) else {
                throw Failure(.configuration, "PROXMOX_VERIFY_TLS: expected true or false, not \"\(text.prefix(40))\"")
            }
            verifies = flag
        }
        let trust = try trust(verifies, variable("PROXMOX_CA_FILE"), "PROXMOX_CA_FILE")
        do {
            return Cluster(name: variable("PROXMOX_CLUSTER"), endpoint: try ProxmoxEndpoint(address: host, token: token, trust: trust))
        } catch {
            throw Failure(.configuration, "PROXMOX_HOST: \(error.message)")
        }
    }
}
