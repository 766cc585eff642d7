import ProxmoxAPI
import ProxmoxConfiguration

/// Judges what the API says to the credential, and which version says so.
enum CredentialFindings {
    /// Which releases the collectors were made and tested for.
    static let knownMajors = 8...9

    /// One endpoint's word on `/version`, which whoever is let in may hear.
    struct Hearing: Sendable {
        let authority: String
        let result: Result<ProxmoxVersion, ProxmoxError>
    }

    static func judge(_ credential: ProxmoxCredential, _ hearings: [Hearing], _ words: SettingWords = .file) -> [Finding] {
        var findings: [Finding] = []
        var refusals: [String] = []
        for hearing in hearings {
            guard case .failure(let error) = hearing.result else { continue }
            if error.kind == .unauthorized {
                refusals.append(hearing.authority)
            } else {
                findings.append(stranger(hearing.authority, error, words))
            }
        }
        if !refusals.isEmpty {
            findings.insert(refusal(credential, refusals), at: 0)
        } else if hearings.contains(where: { (try? $0.result.get()) != nil }) {
            findings.insert(Finding("credential", .ok, "\(credential.identity) is let in"), at: 0)
        }
        return findings
    }

    private static func refusal(_ credential: ProxmoxCredential, _ authorities: [String]) -> Finding {
        let account = Account(credential)
        let user = AccountCommands.word(account.user)
        guard let token = account.token else {
            return Finding(
                "credential", .problem,
                "\(credential.identity) is not let in by \(enumeration(authorities)): wrong password, or the user is disabled or expired",
                remedies: [
                    Finding.Remedy(
                        .node, "see whether the user is there and enabled, and give it a password",
                        lines: ["pveum user list", "pveum passwd \(user)"])
                ])
        }
        return Finding(
            "credential", .problem,
            "\(credential.identity) is not let in by \(enumeration(authorities)): no such token, a wrong secret, or token or user is disabled or expired",
            remedies: [
                Finding.Remedy(
                    .node, "see whether user and token are there, and until when",
                    lines: ["pveum user list", "pveum user token list \(user)"]),
                Finding.Remedy(
                    .node, "a secret is shown once only; a new token has a new one, and no rights until it is given some",
                    lines: [
                        "pveum user token remove \(user) \(AccountCommands.word(token))",
                        "pveum user token add \(user) \(AccountCommands.word(token)) --privsep 1",
                    ] + AccountCommands(user: account.user, token: token).grants(role: "PVEAuditor")),
            ])
    }

    /// What answered knows no `/version`, or could not say.
    private static func stranger(_ authority: String, _ error: ProxmoxError, _ words: SettingWords) -> Finding {
        let isStranger =
            switch error.kind {
            case .malformed, .refused(status: 301...308), .refused(status: 404), .refused(status: 405), .refused(status: 501): true
            default: false
            }
        guard isStranger else {
            return Finding(
                "connection", .problem, "\(authority): \(error.description)",
                remedies: [
                    Finding.Remedy(
                        .node, "see how the daemons of the node are",
                        lines: [
                            "systemctl status pveproxy pvedaemon pve-cluster", "journalctl -u pveproxy -u pvedaemon -u pve-cluster -n 50",
                        ])
                ])
        }
        return Finding(
            "connection", .problem, "what answers at \(authority) is not Proxmox VE's API: \(error.description)",
            remedies: [Finding.Remedy(words.place, "name a node of Proxmox VE as \(words.name(.endpoint)); its port is 8006")])
    }

    // MARK: versions

    static func versions(_ hearings: [Hearing]) -> [Finding] {
        let heard = hearings.compactMap { hearing in (try? hearing.result.get()).map { (hearing.authority, $0) } }
        guard let (_, first) = heard.first else { return [] }
        var findings: [Finding] = []
        if heard.contains(where: { $0.1.version != first.version }) {
            findings.append(
                Finding(
                    "version", .warning, "the nodes of the cluster have different versions of Proxmox VE",
                    details: heard.map { "\($0.0): \(named($0.1.version))" },
                    remedies: [
                        Finding.Remedy(.node, "bring the older one up to date", lines: ["pveversion", "apt update && apt dist-upgrade"])
                    ]))
        }
        for (authority, version) in heard where version.major.map({ !knownMajors.contains($0) }) ?? true {
            let isOld = version.major.map { $0 < knownMajors.lowerBound } ?? false
            findings.append(
                Finding(
                    "version", .warning,
                    isOld
                        ? "\(authority) has Proxmox VE \(named(version.version)), which gets no more updates; martlet knows 8 and 9, and some series will be missing"
                        : "\(authority) has Proxmox VE \(named(version.version)), which martlet does not know yet; it knows 8 and 9"))
        }
        return findings.isEmpty ? [Finding("version", .ok, "Proxmox VE \(named(first.version))")] : findings
    }
}

/// Who is let in, taken apart.
struct Account: Sendable, Equatable {
    /// `monitor@pve`
    let user: String
    /// `martlet`; nil of who logs in.
    let token: String?

    init(_ credential: ProxmoxCredential) {
        let halves = credential.identity.split(separator: "!", maxSplits: 1).map(String.init)
        user = halves.first ?? ""
        if case .token = credential, halves.count == 2 { token = halves[1] } else { token = nil }
    }
}
