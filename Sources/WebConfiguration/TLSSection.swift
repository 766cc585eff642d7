import Primitives
import Settings
import Web

/// `tls_server_config`.
struct TLSSection {
    private let section: SettingsTree
    /// The file that the section stands in.
    private let file: String

    init(_ section: SettingsTree, file: String) {
        self.section = section
        self.file = file
    }

    /// Nil when there is no such section, or nothing in it.
    func read(_ warnings: inout [String]) throws(Failure) -> TLSSettings? {
        guard section.members.contains(where: { $0.value.isSet && $0.value.text != "" }) else { return nil }
        guard let certificate = try material("cert") else { throw missing("cert") }
        guard let key = try material("key") else { throw missing("key") }
        var tls = TLSSettings(certificate: certificate, key: key)
        try readClients(&tls, &warnings)
        try readVersionsAndSuites(&tls, &warnings)
        if let warning = warning(about: key) { warnings.append(warning) }
        return tls
    }

    private func missing(_ key: String) -> Failure {
        section.failure("tls_server_config has neither \(key)_file nor \(key): there is no TLS without a certificate and its key")
    }

    // MARK: certificates

    /// What `KEY` holds, or the file that `KEY_file` names.
    private func material(_ key: String) throws(Failure) -> TLSSettings.Material? {
        let (text, path) = (section.word(key), section.word(key + "_file"))
        guard let path else { return text.map { .inline(Secret($0)) } }
        let place = section[key + "_file"]
        guard text == nil else { throw place.failure("\(key) and \(key)_file exclude each other") }
        let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
        let named = NamedFile(path: path.hasPrefix("/") ? path : folder + path)
        if let problem = named.problem { throw place.failure("\(key)_file: \(problem)") }
        return .file(named.path)
    }

    private func warning(about key: TLSSettings.Material) -> String? {
        switch key {
        case .file(let path) where Files.isReadableByAll(path):
            "\(section["key_file"].origin): \(path) can be read by every user of this machine; chmod 600, or 640 and a group"
        case .inline where Files.isReadableByAll(file):
            "\(section["key"].origin): this file holds a key and can be read by every user of this machine; chmod 600, or 640 and a group"
        case .file, .inline: nil
        }
    }

    // MARK: clients

    private func readClients(_ tls: inout TLSSettings, _ warnings: inout [String]) throws(Failure) {
        let place = section["client_auth_type"]
        if let name = section.word("client_auth_type") {
            // An old name of exporter-toolkit's.
            let known = name == "RequireClientCert" ? .requireAny : TLSSettings.ClientAuthentication(rawValue: name)
            guard let known else {
                throw place.failure("client_auth_type: \(unknown(name, TLSSettings.ClientAuthentication.allCases.map(\.rawValue)))")
            }
            tls.clientAuthentication = known
        }
        tls.clientAuthorities = try material("client_ca")
        let authorities = section[section.word("client_ca_file") == nil ? "client_ca" : "client_ca_file"]
        let type = tls.clientAuthentication
        if tls.clientAuthorities != nil {
            guard type != .none else {
                throw authorities.failure(
                    "authorities of clients are named, and client_auth_type asks no client for a certificate; write RequireAndVerifyClientCert"
                )
            }
            if !type.verifies {
                warnings.append(
                    "\(authorities.origin): with client_auth_type \(type.rawValue) no certificate is held against these authorities")
            }
        } else if type.verifies {
            throw place.failure(
                "\(type.rawValue) needs client_ca_file or client_ca: else whoever has a certificate of any public authority would be let in"
            )
        }
        try readAllowedNames(&tls, &warnings)
    }

    private func readAllowedNames(_ tls: inout TLSSettings, _ warnings: inout [String]) throws(Failure) {
        let place = section["client_allowed_sans"]
        guard place.isSet else { return }
        let type = tls.clientAuthentication
        guard type.requires else {
            throw place.failure(
                "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert: without a certificate there is no name")
        }
        for element in place.elements {
            guard let name = element.text, !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
                throw element.failure("client_allowed_sans: expected a DNS name, an address, a mail address or a URI")
            }
            tls.allowedNames.append(name)
        }
        guard !tls.allowedNames.isEmpty else {
            throw place.failure("client_allowed_sans: an empty list lets nobody in; take it away, or name somebody")
        }
        if !type.verifies {
            warnings.append(
                "\(place.origin): with \(type.rawValue) anybody can make a certificate with an allowed name; write RequireAndVerifyClientCert"
            )
        }
    }

    // MARK: versions and suites

    private func readVersionsAndSuites(_ tls: inout TLSSettings, _ warnings: inout [String]) throws(Failure) {
        if let version = section.word("min_version").flatMap(TLSVersion.init) { tls.minimumVersion = version }
        if let version = section.word("max_version").flatMap(TLSVersion.init) { tls.maximumVersion = version }
        tls.prefersServerCipherSuites = section["prefer_server_cipher_suites"].flag ?? true
        for element in section["cipher_suites"].elements {
            let name = element.text ?? ""
            guard let suite = TLSCipherSuite(rawValue: name) else {
                let reason = TLSCipherSuite.reasonAgainst(name).map { "\(name) is not spoken here: \($0)" }
                throw element.failure(
                    "cipher_suites: \(reason ?? unknown(name, TLSCipherSuite.allCases.map(\.rawValue), asIn: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"))"
                )
            }
            if suite.lacksForwardSecrecy {
                warnings.append("\(element.origin): \(name) has no forward secrecy: who gets the key later reads what was recorded before")
            }
            tls.cipherSuites.append(suite)
        }
        for element in section["curve_preferences"].elements {
            let name = element.text ?? ""
            guard let curve = TLSCurve(rawValue: name) else {
                throw element.failure("curve_preferences: \(unknown(name, TLSCurve.allCases.map(\.rawValue)))")
            }
            tls.curves.append(curve)
        }
        do { _ = try tls.priority } catch {
            let keys = ["cipher_suites", "min_version", "max_version"]
            throw (keys.map { section[$0] }.first(where: \.isSet) ?? section).failure(error.message)
        }
        if tls.minimumVersion < .tls12 {
            warnings.append("\(section["min_version"].origin): TLS 1.0 and 1.1 are broken and withdrawn (RFC 8996); write TLS12")
        }
    }

    /// - Parameter example: shown in place of a list of all that are known, where that is long.
    private func unknown(_ name: String, _ known: [String], asIn example: String? = nil) -> String {
        let all = example.map { "names are those of Go, as in \($0)" } ?? "known: " + known.joined(separator: ", ")
        let hint = nearest(to: name, among: known).map { "did you mean \($0)?" } ?? all
        // What is longer than any name may be something else that got here, and secret.
        return "\(name.utf8.count <= 64 ? "unknown \(quoted(name))" : "unknown name"); \(hint)"
    }
}
