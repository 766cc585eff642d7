import Primitives
import ProxmoxAPI
import Settings
import Web

/// `pve.yml`: modules by name, each with the keys that prometheus-pve-exporter hands on to its client library, and some of ours.
enum ModuleFile {
    private static let shape = SettingsShape.named([
        SettingsKey("user", .text, "NAME@REALM."),
        SettingsKey("password", .text, "Password of user."),
        SettingsKey("password_file", .text, "File that holds it in one line."),
        SettingsKey("otp", .text, "Code of the second factor; good for one login."),
        SettingsKey("otptype", .choice(["totp"]), "Kind of the second factor."),
        SettingsKey("token_name", .text, "Name of user's API token."),
        SettingsKey("token_value", .text, "The token's secret."),
        SettingsKey("token_value_file", .text, "File that holds it in one line."),
        SettingsKey("verify_ssl", .text, "true, false, or a PEM file of authorities."),
        SettingsKey("ca_file", .text, "PEM file of authorities."),
        SettingsKey("fingerprint", .texts, "SHA-256 of certificates to trust."),
        SettingsKey("cert", .texts, "Client certificate, and its key if that is in a file of its own."),
        SettingsKey("port", .integer(1...65535), "Of targets that name none."),
        SettingsKey("timeout", .seconds(0.1...600), "Longest wait for one call."),
        SettingsKey("allowed_targets", .texts, "In place of --pve.allowed-targets and the configured clusters, for this module."),
        SettingsKey("path_prefix", .text, "In front of /api2."),
        SettingsKey("proxies", .section(["http", "https", "all"].map { SettingsKey($0, .text, "Proxy.") }), "HTTP proxies."),
        // One value each is possible here; others are refused by name instead of at the first scrape.
        SettingsKey("service", .choice(["PVE", "pve"]), "Which Proxmox."),
        SettingsKey("backend", .choice(["https"]), "How to ask."),
        SettingsKey("mode", .choice(["json"]), "In which format."),
    ])

    /// Failures begin with `path:line:column` and hold no secret.
    static func read(_ path: String) throws(Failure) -> [String: DropInModule] {
        let tree = try SettingsTree(file: path, environment: [:], flags: [], shape: shape)
        var modules: [String: DropInModule] = [:]
        for member in tree.members {
            guard member.name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw member.value.failure("a module's name holds a control character")
            }
            modules[member.name] = try module(member.name, member.value)
        }
        guard !modules.isEmpty else {
            throw Failure(.configuration, "\(path): no module; expected default: with user and token_name below it")
        }
        return modules
    }

    private static func module(_ name: String, _ section: SettingsTree) throws(Failure) -> DropInModule {
        var module = DropInModule(credential: try credential(name, section))
        module.trust = try trust(section)
        if let port = section["port"].integer { module.port = UInt16(clamping: port) }
        module.pathPrefix = section.word("path_prefix") ?? ""
        if section["allowed_targets"].isSet { module.allowedTargets = try AllowedTargets(section["allowed_targets"]) }
        module.timeoutSeconds = section["timeout"].seconds
        if let files = section["cert"].texts, let certificate = files.first {
            module.clientCertificate = ClientCertificate(certificateFile: certificate, keyFile: files.dropFirst().first)
        }
        let proxies = section["proxies"]
        module.proxy = proxies.word("https") ?? proxies.word("all")
        return module
    }

    private static func credential(_ name: String, _ section: SettingsTree) throws(Failure) -> ProxmoxCredential {
        guard let user = section.word("user") else { throw section.failure("module \(name) has no user: NAME@REALM") }
        let (tokenName, token) = (section.word("token_name"), try secret("token_value", section))
        let password = try secret("password", section)
        switch (tokenName, token, password) {
        // As the library does it: a token goes before a password.
        case (let tokenName?, _, _) where tokenName.contains("!"):
            throw section["token_name"].failure("module \(name): token_name is the name alone, without USER@REALM! in front")
        case (let tokenName?, let token?, _):
            do { return try ProxmoxCredential.token(parsing: "\(user)!\(tokenName)=\(token.reveal())") } catch {
                throw section["token_name"].failure("module \(name): \(error.message)")
            }
        case (_?, nil, _): throw section["token_name"].failure("module \(name) has a token_name and no token_value")
        case (nil, _?, nil): throw section.failure("module \(name) has a token_value and no token_name")
        case (nil, _, let password?):
            do {
                return try ProxmoxCredential.login(user, password, oneTimeCode: section.word("otp").map { Secret($0) })
            } catch {
                throw section["user"].failure("module \(name): \(error.message)")
            }
        case (nil, nil, nil): throw section.failure("module \(name) has neither password nor token_name and token_value")
        }
    }

    /// The value of a key, or of the file that `KEY_file` names.
    private static func secret(_ key: String, _ section: SettingsTree) throws(Failure) -> Secret? {
        let (value, file) = (section.word(key), section.word(key + "_file"))
        if value != nil, file != nil { throw section[key].failure("\(key) and \(key)_file exclude each other") }
        guard file != nil else { return value.map { Secret($0) } }
        return Secret(try section.secretLine(key + "_file"))
    }

    private static func trust(_ section: SettingsTree) throws(Failure) -> HTTPRequest.Trust {
        let verify = section["verify_ssl"]
        let isOn = verify.text.flatMap(SettingsShape.flag(of:))
        let fingerprints = (section["fingerprint"].texts ?? []).filter { !$0.isEmpty }
        let file = section.word("ca_file") ?? (isOn == nil ? section.word("verify_ssl") : nil)
        if isOn == false {
            guard file == nil, fingerprints.isEmpty else {
                throw verify.failure("verify_ssl: false takes any certificate; take it away, or ca_file and fingerprint")
            }
            return .insecure
        }
        if let file {
            guard fingerprints.isEmpty else { throw section["fingerprint"].failure("fingerprint and an authority exclude each other") }
            let place = section.word("ca_file") == nil ? verify : section["ca_file"]
            do { return try ProxmoxTrust.authority(file: file) } catch { throw place.failure(error.message) }
        }
        guard !fingerprints.isEmpty else { return .system }
        do { return try ProxmoxTrust.fingerprints(fingerprints) } catch { throw section["fingerprint"].failure(error.message) }
    }
}
