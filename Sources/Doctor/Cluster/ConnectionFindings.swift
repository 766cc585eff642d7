import ProxmoxAPI
import ProxmoxConfiguration
import Web

/// Judges the way to an endpoint.
enum ConnectionFindings {
    private static let check = "connection"

    static func judge(_ endpoint: ProxmoxEndpoint, _ answer: EndpointProbe.Answer) -> [Finding] {
        switch answer {
        case .failure(let error): [failure(endpoint, error)]
        case .page(_, let title, let server):
            switch Answerer(title: title, server: server) {
            case .other(let product):
                [
                    Finding(
                        check, .problem, "\(endpoint.authority) is a \(product), not Proxmox VE",
                        remedies: [Finding.Remedy(.settings, "name a node of Proxmox VE as endpoint; its port is 8006")])
                ]
            case .proxmox, .unknown: [encryption(endpoint)]
            }
        }
    }

    /// The connection is made: how safe it is.
    private static func encryption(_ endpoint: ProxmoxEndpoint) -> Finding {
        guard endpoint.isEncrypted else {
            return Finding(
                check, .warning,
                "\(endpoint.authority) answers over http: whoever listens on the way has the credential",
                remedies: [Finding.Remedy(.settings, lines: ["endpoint: https://\(endpoint.authority)"])])
        }
        switch endpoint.trust {
        case .insecure:
            return Finding(
                check, .warning,
                "\(endpoint.authority) answers and is believed whatever its certificate (verify_tls: false): whoever answers has the credential",
                remedies: authorityRemedies(endpoint, nil))
        case .fingerprints: return Finding(check, .ok, "\(endpoint.authority) answers, with a certificate whose fingerprint is given")
        case .authority(let file): return Finding(check, .ok, "\(endpoint.authority) answers, with a certificate that \(file) vouches for")
        case .system: return Finding(check, .ok, "\(endpoint.authority) answers, with a certificate that this system trusts")
        }
    }

    private static func failure(_ endpoint: ProxmoxEndpoint, _ error: HTTPClientError) -> Finding {
        let words = error.kind == .tls ? ProxmoxError.words(ofTLS: error.message) : nil
        let message = "\(endpoint.authority): \(words ?? error.message)"
        let remedies: [Finding.Remedy]
        switch error.kind {
        case .tls: remedies = tls(endpoint, error)
        case .resolve:
            remedies = [
                Finding.Remedy(.here, "ask for the name", lines: ["getent hosts \(endpoint.hostText)"]),
                Finding.Remedy(.settings, "or name an address of the node as endpoint"),
            ]
        case .connect, .timeout:
            remedies = [
                Finding.Remedy(
                    .node, "see whether the API server runs, and whether a firewall lets this machine through",
                    lines: ["systemctl status pveproxy", "ss -ltn | grep :\(endpoint.portText)"]),
                Finding.Remedy(.settings, "or is it another host or port? 8006 is that of Proxmox VE"),
            ]
        case .closed, .protocolViolation, .tooLarge, .url, .cancelled:
            remedies = [Finding.Remedy(.settings, "see to host and port of the endpoint, and to http:// or https:// before it")]
        }
        return Finding(check, .problem, message, remedies: remedies)
    }

    // MARK: certificates

    private static func tls(_ endpoint: ProxmoxEndpoint, _ error: HTTPClientError) -> [Finding.Remedy] {
        guard let problem = error.certificate else {
            return [Finding.Remedy(.settings, "see to host and port of the endpoint: what answers there may not be Proxmox VE's API")]
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
            ] + fingerprint(problem)
        case .wrongName:
            return [Finding.Remedy(.settings, "name the node by a name that is in its certificate, as pvenode cert info shows them")]
                + fingerprint(problem, "or, ")
        case .selfSigned, .unknownAuthority, .other: return authorityRemedies(endpoint, problem)
        }
    }

    private static func fingerprint(_ problem: CertificateProblem?, _ prefix: String = "") -> [Finding.Remedy] {
        guard let found = problem?.found else { return [] }
        return [
            Finding.Remedy(.settings, prefix + "once pvenode cert info on the node shows the same", lines: ["fingerprint: \(found)"])
        ]
    }

    private static func authorityRemedies(_ endpoint: ProxmoxEndpoint, _ problem: CertificateProblem?) -> [Finding.Remedy] {
        let source = "scp root@\(endpoint.hostText):/etc/pve/pve-root-ca.pem"
        if case .authority(let given) = endpoint.trust {
            return [
                Finding.Remedy(
                    .here, "the authority in ca_file is another cluster's, or an old one; fetch it again",
                    lines: ["\(source) \(AccountCommands.word(given))"])
            ] + fingerprint(problem, "or, in place of ca_file and ")
        }
        let file = "/etc/martlet/pve-root-ca.pem"
        let isOpen = endpoint.trust == .insecure
        return [
            Finding.Remedy(.here, "fetch the cluster's authority", lines: ["\(source) \(file)"]),
            Finding.Remedy(
                .settings, isOpen ? "in the cluster's entry, in place of verify_tls" : "in the cluster's entry", lines: ["ca_file: \(file)"]
            ),
        ] + fingerprint(problem, "or, ")
    }
}

extension ProxmoxEndpoint {
    /// The host alone, as a command takes it.
    var hostText: String { String(authority[..<(authority.lastIndex(of: ":") ?? authority.endIndex)]) }

    var portText: String { String(authority[(authority.lastIndex(of: ":").map { authority.index(after: $0) } ?? authority.endIndex)...]) }
}
