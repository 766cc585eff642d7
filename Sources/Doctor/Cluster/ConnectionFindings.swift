import ProxmoxAPI
import ProxmoxConfiguration
import Web

/// Judges the way to an endpoint.
enum ConnectionFindings {
    private static let check = "connection"

    static func judge(_ endpoint: ProxmoxEndpoint, _ answer: EndpointProbe.Answer, _ words: SettingWords = .file) -> [Finding] {
        switch answer {
        case .failure(let error): [failure(endpoint, error, words)]
        case .page(_, let title, let server):
            switch Answerer(title: title, server: server) {
            case .other(let product):
                [
                    Finding(
                        check, .problem, "\(endpoint.authority) is a \(product), not Proxmox VE",
                        remedies: [Finding.Remedy(words.place, "name a node of Proxmox VE as \(words.name(.endpoint)); its port is 8006")])
                ]
            case .proxmox, .unknown: [encryption(endpoint, words)]
            }
        }
    }

    /// The connection is made: how safe it is.
    private static func encryption(_ endpoint: ProxmoxEndpoint, _ words: SettingWords) -> Finding {
        guard endpoint.isEncrypted else {
            return Finding(
                check, .warning,
                "\(endpoint.authority) answers over http: whoever listens on the way has the credential",
                remedies: [Finding.Remedy(words.place, lines: [words.line(.endpoint, "https://\(endpoint.authority)")])])
        }
        switch endpoint.trust {
        case .insecure:
            return Finding(
                check, .warning,
                "\(endpoint.authority) answers and is believed whatever its certificate (\(words.line(.verification, "false"))): whoever answers has the credential",
                remedies: authorityRemedies(endpoint, nil, words))
        case .fingerprints: return Finding(check, .ok, "\(endpoint.authority) answers, with a certificate whose fingerprint is given")
        case .authority(let file): return Finding(check, .ok, "\(endpoint.authority) answers, with a certificate that \(file) vouches for")
        case .system: return Finding(check, .ok, "\(endpoint.authority) answers, with a certificate that this system trusts")
        }
    }

    private static func failure(_ endpoint: ProxmoxEndpoint, _ error: HTTPClientError, _ words: SettingWords) -> Finding {
        let reason = error.kind == .tls ? ProxmoxError.words(ofTLS: error.message) : nil
        let message = "\(endpoint.authority): \(reason ?? error.message)"
        let remedies: [Finding.Remedy]
        switch error.kind {
        case .tls: remedies = tls(endpoint, error, words)
        case .resolve:
            remedies = [
                Finding.Remedy(.here, "ask for the name", lines: ["getent hosts \(endpoint.hostText)"]),
                Finding.Remedy(words.place, "or name an address of the node as \(words.name(.endpoint))"),
            ]
        case .connect, .timeout:
            remedies = [
                Finding.Remedy(
                    .node, "see whether the API server runs, and whether a firewall lets this machine through",
                    lines: ["systemctl status pveproxy", "ss -ltn | grep :\(endpoint.portText)"]),
                Finding.Remedy(words.place, "or is it another host or port? 8006 is that of Proxmox VE"),
            ]
        case .closed, .protocolViolation, .tooLarge, .url, .cancelled:
            remedies = [Finding.Remedy(words.place, "see to host and port of the endpoint, and to http:// or https:// before it")]
        }
        return Finding(check, .problem, message, remedies: remedies)
    }

    // MARK: certificates

    private static func tls(_ endpoint: ProxmoxEndpoint, _ error: HTTPClientError, _ words: SettingWords) -> [Finding.Remedy] {
        guard let problem = error.certificate else {
            return [Finding.Remedy(words.place, "see to host and port of the endpoint: what answers there may not be Proxmox VE's API")]
        }
        switch problem.kind {
        case .expired, .notYetValid:
            return [
                Finding.Remedy(.here, "see to the clock", lines: ["timedatectl"]),
                Finding.Remedy(
                    .node, "see to the clock, and renew the certificate",
                    lines: ["timedatectl", "pvecm updatecerts --force", "systemctl restart pveproxy"]),
            ]
        case .wrongFingerprint:
            return [
                Finding.Remedy(
                    .node, "compare with what the node has; another one may mean that somebody stands in between",
                    lines: ["pvenode cert info"])
            ] + fingerprint(problem, words)
        case .wrongName:
            return [Finding.Remedy(words.place, "name the node by a name that is in its certificate, as pvenode cert info shows them")]
                + fingerprint(problem, words, "or, ")
        case .selfSigned, .unknownAuthority, .other: return authorityRemedies(endpoint, problem, words)
        }
    }

    private static func fingerprint(_ problem: CertificateProblem?, _ words: SettingWords, _ prefix: String = "") -> [Finding.Remedy] {
        guard let found = problem?.found else { return [] }
        return [
            Finding.Remedy(
                words.place, prefix + "once pvenode cert info on the node shows the same",
                lines: [words.line(.fingerprint, found.description)])
        ]
    }

    /// Where the cluster's authority goes: a file of martlet's own, whatever `ca_file` names, as others may need that.
    private static let authorityFile = "/etc/martlet/pve-root-ca.pem"

    private static func authorityRemedies(
        _ endpoint: ProxmoxEndpoint, _ problem: CertificateProblem?, _ words: SettingWords
    ) -> [Finding.Remedy] {
        let (fetching, writing, other): (String, String?, String)
        let name = words.name(.authority)
        switch endpoint.trust {
        case .authority:
            fetching = "the authority in \(name) is not this cluster's, or an old one; fetch this cluster's"
            (writing, other) = ("in place of the \(name) that is there", "or, in place of \(name) and ")
        case .insecure:
            (fetching, other) = ("fetch the cluster's authority", "or, ")
            writing = "in place of \(words.name(.verification))"
        case .system, .fingerprints:
            (fetching, other) = ("fetch the cluster's authority", "or, ")
            writing = words == .file ? "in the cluster's entry" : nil
        }
        return [
            Finding.Remedy(.here, fetching, lines: ["scp root@\(endpoint.hostText):/etc/pve/pve-root-ca.pem \(authorityFile)"]),
            Finding.Remedy(words.place, writing, lines: [words.line(.authority, authorityFile)]),
        ] + fingerprint(problem, words, other)
    }
}

extension ProxmoxEndpoint {
    /// The host alone, as a command takes it.
    var hostText: String { String(authority[..<(authority.lastIndex(of: ":") ?? authority.endIndex)]) }

    var portText: String { String(authority[(authority.lastIndex(of: ":").map { authority.index(after: $0) } ?? authority.endIndex)...]) }
}
