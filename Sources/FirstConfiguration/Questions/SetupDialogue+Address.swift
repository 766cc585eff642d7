import Primitives
import ProxmoxAPI
import Settings
import Web

/// A node that answered, and whose certificate is believed.
struct ReachedNode: Sendable {
    let endpoint: ProxmoxEndpoint
    let trust: ClusterEntry.Trust
    /// When the node has told it.
    let majorVersion: Int?
}

extension SetupDialogue {
    /// Asks for the address of a node until one answers.
    func reach(given: String?, known: [ClusterEntry]) async throws(Failure) -> ReachedNode {
        var given = given
        try checkGivenTrust()
        conversation.show("")
        while true {
            let question = Question(
                "Address of a Proxmox VE node (HOST or HOST:PORT)", flag: "--endpoint HOST", hint: "Please type the address of a node.")
            let address: String
            if let given { address = given } else { address = try await conversation.answer(question) }
            given = nil
            if let reached = try await reach(address, known: known) { return reached }
        }
    }

    /// nil when something has been said against the address, and another is wanted.
    private func reach(_ text: String, known: [ClusterEntry]) async throws(Failure) -> ReachedNode? {
        // What a browser shows behind the address says which panel is open.
        let address = String(text.prefix { $0 != "#" })
        var trust = try givenTrust(isFirst: known.isEmpty)
        while true {
            let endpoint: ProxmoxEndpoint
            do throws(Failure) {
                endpoint = try ProxmoxEndpoint(address: address, trust: try httpTrust(trust))
            } catch {
                try conversation.refuse(error.message, flag: "--endpoint")
                return nil
            }
            guard !known.contains(where: { $0.endpoints.contains(endpoint.baseURL) }) else {
                try conversation.refuse("\(endpoint.authority) is named already", flag: "--endpoint")
                return nil
            }
            guard try await isPrivate(endpoint) else { return nil }
            conversation.show("Looking at \(endpoint.baseURL) ...")
            switch await probe.greeting(of: endpoint) {
            case .proxmox(let majorVersion):
                conversation.say("Proxmox VE\(majorVersion.map { " \($0)" } ?? "") answers there.")
                return ReachedNode(endpoint: endpoint, trust: trust, majorVersion: majorVersion)
            case .other(let words):
                try conversation.refuse(Self.plainWords(words, of: endpoint), flag: "--endpoint \(address)")
                return nil
            case .untrusted(let problem, let shown, let message):
                trust = try await chosenTrust(problem, shown, message, at: endpoint)
            }
        }
    }

    private func isPrivate(_ endpoint: ProxmoxEndpoint) async throws(Failure) -> Bool {
        if endpoint.isEncrypted { return true }
        conversation.say("Over http, whoever listens on the way has the token.")
        if try await conversation.confirm("Use http all the same?", standard: false) { return true }
        try conversation.refuse("write https://, which every Proxmox VE node speaks on port 8006", flag: "--endpoint")
        return false
    }

    /// What was found at an endpoint, in words for who has no OpenSSL in mind, and each name said once.
    static func plainWords(_ words: String, of endpoint: ProxmoxEndpoint) -> String {
        if ["SSL_connect", "SSL_ERROR", "speaks no TLS;", "reset by peer"].contains(where: words.contains) {
            return "what answers on \(endpoint.authority) speaks no TLS; Proxmox VE's port is 8006"
        }
        guard words.hasPrefix("no address is known for "), let end = words.firstRange(of: ": Could not resolve") else {
            return ForeignText.line(words)
        }
        return String(words[..<end.lowerBound])
    }

    /// What flags say of the certificate is good or ends it: asking for another address would not mend it.
    private func checkGivenTrust() throws(Failure) {
        let trust = try givenTrust(isFirst: true)
        do throws(Failure) {
            _ = try httpTrust(trust)
        } catch {
            throw Failure(error.code, "\(options.authorityFile == nil ? "--fingerprint" : "--ca-file"): \(error.message)")
        }
    }

    /// What flags say of the certificate.
    private func givenTrust(isFirst: Bool) throws(Failure) -> ClusterEntry.Trust {
        guard isFirst else { return .system }
        if let file = options.authorityFile {
            guard options.fingerprints.isEmpty else { throw Failure(.usage, "--fingerprint and --ca-file exclude each other") }
            return .authority(file: options.path(file))
        }
        return options.fingerprints.isEmpty ? .system : .fingerprints(options.fingerprints)
    }

    /// Errors: a file without a certificate, a text that is no SHA-256.
    func httpTrust(_ trust: ClusterEntry.Trust) throws(Failure) -> HTTPRequest.Trust {
        switch trust {
        case .system: .system
        case .authority(let file): try ProxmoxTrust.authority(file: file)
        case .fingerprints(let texts): try ProxmoxTrust.fingerprints(texts)
        }
    }

    // MARK: the certificate

    /// Asks whom to believe, after a certificate that nothing so far lets us believe.
    private func chosenTrust(
        _ problem: CertificateProblem, _ shown: ShownCertificate?, _ message: String, at endpoint: ProxmoxEndpoint
    ) async throws(Failure) -> ClusterEntry.Trust {
        let authority = endpoint.authority
        let message = ForeignText.line(message)
        guard let found = problem.found else { throw Failure(.unavailable, "\(authority): \(message)") }
        let isChanged = problem.kind == .wrongFingerprint && !options.fingerprints.isEmpty
        guard conversation.isAttended else {
            if isChanged { throw Failure(.configuration, "--fingerprint: \(authority): \(changed(found))") }
            throw Failure(
                .configuration,
                "\(authority): \(message); its SHA-256 is \(found): compare it with what pvenode cert info prints on the node, and pass it as "
                    + "--fingerprint, or the cluster's /etc/pve/pve-root-ca.pem as --ca-file")
        }
        conversation.show("")
        let isUsual = problem.kind == .selfSigned || problem.kind == .unknownAuthority
        let usual = isUsual ? " That is as usual: a Proxmox VE cluster signs its certificates itself." : ""
        conversation.say(isChanged ? "\(authority): \(changed(found))." : "The node has to prove who it is, and \(message).\(usual)")
        show(shown, found)
        conversation.show(
            """
            Compare the SHA-256 with what the node itself prints:  pvenode cert info

              1  It is the same: trust exactly this certificate.
              2  Trust the cluster's own authority, of which I have a copy:
                 scp root@NODE:/etc/pve/pve-root-ca.pem .
              3  Neither; stop here.
            """)
        while true {
            switch try await conversation.answer(Question("1, 2 or 3", flag: "--fingerprint SHA256", hint: "Please type 1, 2 or 3.")) {
            case "1": return .fingerprints([found.description])
            case "2": if let trust = try await authorityFile() { return trust }
            case "3": throw Failure(.unavailable, "the certificate of \(authority) is not trusted, and nothing was written")
            default: conversation.say("Please type 1, 2 or 3.")
            }
        }
    }

    /// Another certificate than the one that a flag names.
    func changed(_ found: CertificateFingerprint) -> String {
        let expected = options.fingerprints.map { CertificateFingerprint(parsing: $0)?.description ?? $0 }.joined(separator: " or ")
        return
            "SHA-256 is \(found), expected \(expected). A renewed certificate, or another machine answers: compare with pvenode cert info "
            + "on the node before you change it"
    }

    private func authorityFile() async throws(Failure) -> ClusterEntry.Trust? {
        let file = options.path(
            try await conversation.answer(Question("The file", standard: "pve-root-ca.pem", flag: "--ca-file FILE")))
        do throws(Failure) {
            _ = try ProxmoxTrust.authority(file: file)
            return .authority(file: file)
        } catch {
            conversation.say(error.message + ".")
            return nil
        }
    }

    private func show(_ shown: ShownCertificate?, _ found: CertificateFingerprint) {
        // 95 letters, and so two lines. First, and below it nothing of the server's that could look like it.
        let digits = found.description
        var rows = [("SHA-256", String(digits.prefix(48))), ("", String(digits.dropFirst(48)))]
        if let shown {
            func day(_ seconds: Double?) -> String { seconds.map { String(timestampText($0).prefix(10)) } ?? "?" }
            if let name = ForeignText.commonName(ofSubject: shown.subject) {
                rows.append(("subject", ForeignText.inQuotes(name, limit: 40)))
            }
            rows.append(("valid", "\(day(shown.notBefore)) to \(day(shown.notAfter))"))
        }
        conversation.show("")
        for (name, text) in rows { conversation.show("  \(name)\(String(repeating: " ", count: 9 - name.count))\(text)") }
        conversation.show("")
    }
}
