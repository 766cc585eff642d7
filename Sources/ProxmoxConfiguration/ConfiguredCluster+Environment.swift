import Primitives
import ProxmoxAPI
import Settings
import Web

extension ConfiguredCluster {
    /// Reads the `PROXMOX_*` variables; nil when PROXMOX_HOST is not set. An empty variable is not set.
    init?(environment: [String: String]) throws(Failure) {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let hosts = variable("PROXMOX_HOST") else { return nil }
        let credential = try Self.credential(variable)
        let trust = try Self.trust(variable)
        var endpoints: [ProxmoxEndpoint] = []
        for host in Self.list(hosts) {
            do {
                endpoints.append(try ProxmoxEndpoint(address: host, trust: trust))
            } catch {
                throw Failure(.configuration, "PROXMOX_HOST: \(error.message)")
            }
        }
        guard let first = endpoints.first else { throw Failure(.configuration, "PROXMOX_HOST names no host") }
        if case .fingerprints = trust, !endpoints.allSatisfy(\.isEncrypted) {
            throw Failure(
                .configuration, "PROXMOX_HOST: http shows no certificate that PROXMOX_FINGERPRINT could be compared with; write https://")
        }
        let nodes = variable("TARGET_NODES").map(Self.list) ?? []
        self.init(
            name: variable("PROXMOX_CLUSTER"), endpoint: first, others: Array(endpoints.dropFirst()), credential: credential,
            filter: GuestFilter(nodes: GuestFilter.Choice(wanted: nodes)))
    }

    private static func credential(_ variable: (String) -> String?) throws(Failure) -> ProxmoxCredential {
        let user = variable("PROXMOX_USER")
        let token = (name: variable("PROXMOX_TOKEN_NAME"), value: variable("PROXMOX_TOKEN_VALUE"))
        guard let name = token.name, let value = token.value else {
            // Half a token is a slip, not a wish to log in.
            guard let password = variable("PROXMOX_PASSWORD"), token.name == nil, token.value == nil else {
                let missing = ["PROXMOX_TOKEN_NAME": token.name, "PROXMOX_TOKEN_VALUE": token.value].filter { $0.value == nil }
                guard missing.count == 2 else {
                    throw Failure(
                        .configuration, "\(missing.keys.joined()) is missing; PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE go together")
                }
                throw Failure(
                    .configuration,
                    "PROXMOX_HOST is set without a credential; set PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE, or PROXMOX_USER and PROXMOX_PASSWORD"
                )
            }
            guard let user else { throw Failure(.configuration, "PROXMOX_USER is missing: NAME@REALM, to go with PROXMOX_PASSWORD") }
            do {
                return try ProxmoxCredential.login(user, Secret(password))
            } catch {
                throw Failure(.configuration, "PROXMOX_USER: \(error.message)")
            }
        }
        var identity = name
        if !name.contains("!") {
            guard let user else { throw Failure(.configuration, "PROXMOX_USER is missing: USER@REALM, to go with PROXMOX_TOKEN_NAME") }
            identity = "\(user)!\(name)"
        }
        do {
            return try ProxmoxCredential.token(parsing: "\(identity)=\(value)")
        } catch {
            throw Failure(.configuration, "PROXMOX_USER, PROXMOX_TOKEN_NAME, PROXMOX_TOKEN_VALUE: \(error.message)")
        }
    }

    private static func trust(_ variable: (String) -> String?) throws(Failure) -> HTTPRequest.Trust {
        if let text = variable("PROXMOX_VERIFY_TLS") {
            guard let flag = SettingsShape.flag(of: text) else {
                throw Failure(.configuration, "PROXMOX_VERIFY_TLS: expected true or false, not \"\(text.prefix(40))\"")
            }
            if !flag {
                guard variable("PROXMOX_FINGERPRINT") == nil, variable("PROXMOX_CA_FILE") == nil else {
                    throw Failure(
                        .configuration,
                        "PROXMOX_VERIFY_TLS=false takes any certificate; take it away, or PROXMOX_CA_FILE and PROXMOX_FINGERPRINT")
                }
                return .insecure
            }
        }
        let fingerprints = variable("PROXMOX_FINGERPRINT").map(list) ?? []
        guard let file = variable("PROXMOX_CA_FILE") else {
            guard !fingerprints.isEmpty else { return .system }
            do { return try ProxmoxTrust.fingerprints(fingerprints) } catch {
                throw Failure(.configuration, "PROXMOX_FINGERPRINT: \(error.message)")
            }
        }
        guard fingerprints.isEmpty else { throw Failure(.configuration, "PROXMOX_FINGERPRINT and PROXMOX_CA_FILE exclude each other") }
        do { return try ProxmoxTrust.authority(file: file) } catch {
            throw Failure(.configuration, "PROXMOX_CA_FILE: \(error.message)")
        }
    }

    /// What stands between commas.
    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }
}
