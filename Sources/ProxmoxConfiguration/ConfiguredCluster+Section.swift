import Primitives
import ProxmoxAPI
import Settings
import Web

extension ConfiguredCluster {
    /// Reads an entry of `proxmox.clusters`. Empty is not set, as with variables.
    init(_ section: SettingsTree) throws(Failure) {
        let addresses: [SettingsTree] = try Self.addresses(section)
        // What stands before @ may be a password.
        let name = addresses.first?.text.flatMap { $0.contains("@") ? nil : "\($0) " } ?? ""
        let credential = try Self.credential(section, name)
        let trust = try Self.trust(section)
        var endpoints: [ProxmoxEndpoint] = []
        for address in addresses {
            do {
                endpoints.append(try ProxmoxEndpoint(address: address.text ?? "", trust: trust))
            } catch {
                throw address.failure(error.message)
            }
        }
        guard let first = endpoints.first else { throw Self.needsEndpoint(section) }
        if case .fingerprints = trust, let open = endpoints.firstIndex(where: { !$0.isEncrypted }) {
            throw addresses[open].failure("http shows no certificate that fingerprint could be compared with; write https://")
        }
        self.init(
            name: section.word("name"), endpoint: first, others: Array(endpoints.dropFirst()), credential: credential,
            credentialFile: section.word("token_file") ?? section.word("password_file"), filter: try Self.filter(section["filter"]))
    }

    private static func filter(_ section: SettingsTree) throws(Failure) -> GuestFilter {
        func texts(_ key: String) throws(Failure) -> [String] {
            for element in section[key].elements where element.text?.contains(",") == true {
                throw element.failure("\(key): no name holds a comma; each is an entry of its own")
            }
            return (section[key].texts ?? []).filter { !$0.isEmpty }
        }
        func choice(_ key: String) throws(Failure) -> GuestFilter.Choice {
            GuestFilter.Choice(wanted: try texts(key), unwanted: try texts("exclude_" + key))
        }
        func ranges(_ key: String) throws(Failure) -> [ClosedRange<Int>] {
            var ranges: [ClosedRange<Int>] = []
            for element in section[key].elements where element.text?.isEmpty == false {
                ranges.append(
                    try refer(element, "\(key): ") { () throws(Failure) in try GuestFilter.Numbers.range(of: element.text ?? "") })
            }
            return ranges
        }
        return GuestFilter(
            nodes: try choice("nodes"), vmids: GuestFilter.Numbers(wanted: try ranges("vmids"), unwanted: try ranges("exclude_vmids")),
            tags: try choice("tags"), pools: try choice("pools"))
    }

    private static func needsEndpoint(_ section: SettingsTree) -> Failure {
        section.failure("a cluster needs an endpoint: HOST, HOST:PORT or URL")
    }

    private static func addresses(_ section: SettingsTree) throws(Failure) -> [SettingsTree] {
        let several = section["endpoints"].elements.filter { $0.text?.isEmpty == false }
        guard section.word("endpoint") != nil else {
            guard !several.isEmpty else { throw needsEndpoint(section) }
            return several
        }
        guard several.isEmpty else { throw section["endpoints"].failure("endpoint and endpoints exclude each other") }
        return [section["endpoint"]]
    }

    private static func credential(_ section: SettingsTree, _ name: String) throws(Failure) -> ProxmoxCredential {
        let given = ["token", "token_file", "password", "password_file"].filter { section.word($0) != nil }
        guard let kind = given.first else {
            throw section.failure("cluster \(name)needs a token or a token_file, or a user with a password")
        }
        if given.count > 1 { throw section[kind].failure("\(given[0]) and \(given[1]) exclude each other") }
        let place = section[kind]
        let text = section.word(kind) ?? ""
        if kind.hasPrefix("token"), section.word("user") != nil {
            throw section["user"].failure("user goes with a password; a token names its own user")
        }
        switch kind {
        case "token": return try refer(place) { () throws(Failure) in try ProxmoxCredential.token(parsing: text) }
        case "token_file":
            if (try? ProxmoxCredential.token(parsing: text)) != nil {
                throw place.failure("token_file names a file, and here stands a token; the key for that is token")
            }
            let token = try section.secretLine(kind)
            return try refer(place, "token_file: \(text): ") { () throws(Failure) in try ProxmoxCredential.token(parsing: token) }
        default:
            guard let user = section.word("user") else { throw place.failure("a password needs a user: NAME@REALM") }
            let password = kind == "password" ? text : try section.secretLine(kind)
            return try refer(section["user"]) { () throws(Failure) in try ProxmoxCredential.login(user, Secret(password)) }
        }
    }

    private static func trust(_ section: SettingsTree) throws(Failure) -> HTTPRequest.Trust {
        let fingerprints = section["fingerprint"]
        let texts = (fingerprints.texts ?? []).filter { !$0.isEmpty }
        guard section["verify_tls"].flag ?? true else {
            guard texts.isEmpty, section.word("ca_file") == nil else {
                throw section["verify_tls"].failure(
                    "verify_tls: false takes any certificate; take it away, or ca_file and fingerprint beside it")
            }
            return .insecure
        }
        guard let file = section.word("ca_file") else {
            guard !texts.isEmpty else { return .system }
            return try refer(fingerprints, "fingerprint: ") { () throws(Failure) in try ProxmoxTrust.fingerprints(texts) }
        }
        guard texts.isEmpty else { throw fingerprints.failure("fingerprint and ca_file exclude each other") }
        return try refer(section["ca_file"], "ca_file: ") { () throws(Failure) in try ProxmoxTrust.authority(file: file) }
    }

    /// Puts the place in front of what went wrong there.
    private static func refer<Value>(
        _ place: SettingsTree, _ prefix: String = "", _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        do { return try body() } catch { throw place.failure(prefix + error.message) }
    }
}
