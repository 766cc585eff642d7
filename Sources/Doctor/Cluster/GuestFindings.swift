import Discovery
import Exporting
import ProxmoxConfiguration

/// Judges which guests have an address to be scraped at, and whether something answers there.
struct GuestFindings: Sendable {
    let survey: DiscoverySurvey
    /// By address; empty when nobody was asked.
    let answers: [String: ExporterProbe.Answer]
    /// Those that are asked about at most.
    let guestLimit: Int
    /// Whether this is a Proxmox VE that lets a token ask agents without more rights than it should have.
    let mayAskAgents: Bool

    private static let shown = 5

    var findings: [Finding] {
        if let problem = survey.problem {
            // Who lacks the right was told so.
            let why = problem.reason == .forbidden ? "no guest can be seen" : "discovery could not read the cluster: \(problem.message)"
            return [Finding("addresses", .skipped, "addresses of guests were not looked at, as \(why)")]
        }
        return addresses + exporters
    }

    /// Of a node that is off nobody knows what runs.
    private var running: [DiscoverySurvey.Target] {
        let online = Set(survey.targets.lazy.filter { $0.isNode && $0.isActive }.map(\.node))
        return survey.targets.filter { !$0.isNode && $0.isActive && online.contains($0.node) }
    }

    // MARK: addresses

    private var addresses: [Finding] {
        guard !running.isEmpty else { return [Finding("addresses", .information, "no guest runs")] }
        let known = running.filter { $0.address != nil }
        let unread = running.filter { $0.reason == "unread" }
        var findings: [Finding] = []
        let summary = "\(known.count) of \(counted(running.count, "running guest")) have an address that discovery takes"
        let why = running.count > guestLimit ? "--guests \(guestLimit)" : "there was no time, or no answer"
        let rest = unread.isEmpty ? "" : "; \(unread.count) were not asked (\(why))"
        let isWell = known.count + unread.count == running.count
        findings.append(Finding("addresses", isWell ? .ok : .information, summary + rest, details: unread.map(Self.name), shown: 0))
        findings += without("no_agent", .information, "have neither a guest agent nor a fixed address") { guests in
            let ids = guests.compactMap(\.vmid)
            return [
                Finding.Remedy(
                    .node, "switch the agent on; it is there from the guest's next start on",
                    lines: ids.prefix(1).map { "qm set \($0) --agent 1" }),
                Finding.Remedy(.guest, "install it", lines: ["apt install qemu-guest-agent"]),
            ]
        }
        findings += without("agent_silent", .warning, "have a guest agent switched on that does not answer") { guests in
            [
                Finding.Remedy(
                    .guest, "install and start it (on Windows it is on the virtio-win disk)",
                    lines: ["apt install qemu-guest-agent", "systemctl enable --now qemu-guest-agent"]),
                Finding.Remedy(
                    .node, "ask it by hand",
                    lines: guests.filter(\.isVirtualMachine).compactMap(\.vmid).prefix(1).map { "qm agent \($0) ping" }),
            ]
        }
        findings += without(
            "forbidden", mayAskAgents ? .warning : .information, "have an agent that this credential may not ask (see rights)"
        ) { _ in [] }
        findings += without(
            "no_match", .information, "tell only addresses that are in none of discovery.networks, or on no network card of the guest"
        ) { guests in
            let asked = guests.first { $0.vmid != nil }
            let lines = asked.flatMap { guest in
                guest.vmid.map { guest.isVirtualMachine ? "qm agent \($0) network-get-interfaces" : "lxc-info -n \($0) -iH" }
            }
            return [
                Finding.Remedy(.node, "see which it tells", lines: lines.map { [$0] } ?? []),
                Finding.Remedy(.settings, "discovery.networks says which networks guests are scraped in"),
            ]
        }
        return findings
    }

    /// Guests without an address for one reason.
    private func without(
        _ reason: String, _ state: Finding.State, _ words: String, _ remedies: ([DiscoverySurvey.Target]) -> [Finding.Remedy]
    ) -> [Finding] {
        let guests = running.filter { $0.reason == reason }
        guard !guests.isEmpty else { return [] }
        return [
            Finding(
                "agents", state,
                "\(counted(guests.count, "running guest")) \(guests.count == 1 ? words.replacing("have ", with: "has ").replacing("tell ", with: "tells ") : words): \(enumeration(guests.map(Self.name), limit: Self.shown))",
                // The summary has the first of them.
                details: guests.map(Self.name), shown: 0, remedies: remedies(guests))
        ]
    }

    private static func name(_ target: DiscoverySurvey.Target) -> String {
        target.vmid.map { "\($0) (\(named(target.name)))" } ?? named(target.name)
    }

    // MARK: exporters

    private var exporters: [Finding] {
        nodes + guests(isWindows: false) + guests(isWindows: true)
    }

    private var nodes: [Finding] { judge(survey.targets.filter { $0.isNode && $0.isActive }, "node", "node_exporter") }

    private func guests(isWindows: Bool) -> [Finding] {
        judge(running.filter { $0.isWindows == isWindows }, "guest", isWindows ? "windows_exporter" : "node_exporter")
    }

    private func judge(_ targets: [DiscoverySurvey.Target], _ noun: String, _ program: String) -> [Finding] {
        let asked = targets.compactMap { target in target.address.flatMap { answers[$0] }.map { (target, $0) } }
        guard !asked.isEmpty else { return [] }
        let bad = asked.filter { $0.1 != .metrics }
        let summary = "\(program) answers on \(asked.count - bad.count) of \(counted(asked.count, noun))"
        guard !bad.isEmpty else { return [Finding("exporters", .ok, summary)] }
        var remedies: [Finding.Remedy] = []
        if let (target, _) = bad.first(where: { $0.1 == .refused }) { remedies.append(Self.installation(of: program, on: target)) }
        if bad.contains(where: { $0.1 == .absent || $0.1 == .noMetrics }) {
            remedies.append(Finding.Remedy(.guest, "another program has the port; see which", lines: ["ss -ltnp"]))
        }
        if bad.contains(where: { $0.1 == .silent }) {
            remedies.append(
                Finding.Remedy(
                    .guest,
                    "no answer means that a firewall drops what comes from this machine, or that it does not reach the address's network"))
        }
        return [
            Finding(
                // Where it answers nowhere, nobody has begun to install it.
                "exporters", bad.count < asked.count ? .warning : .information, summary,
                details: bad.map { "\(Self.name($0.0)) at \(named($0.0.address ?? "", others: ":[]")): \(Self.words($0.1))" },
                shown: Self.shown,
                remedies: remedies)
        ]
    }

    private static func installation(of program: String, on target: DiscoverySurvey.Target) -> Finding.Remedy {
        guard program == "node_exporter", let address = target.address, let colon = address.lastIndex(of: ":") else {
            return Finding.Remedy(.guest, "refused means that \(program) does not run; install it")
        }
        let host = address[..<colon]
        return Finding.Remedy(
            .here, "refused means that \(program) does not run; where it is to, install it",
            lines: [
                "scp agents/linux/*.sh \(AccountCommands.word("root@\(host)")):",
                "ssh \(AccountCommands.word("root@" + host.filter { $0 != "[" && $0 != "]" })) sh install-node-exporter.sh",
            ])
    }

    private static func words(_ answer: ExporterProbe.Answer) -> String {
        switch answer {
        case .metrics: "answers"
        case .noMetrics: "answers, but with no metrics"
        case .absent: "answers 404"
        case .stranger(let words): words
        case .refused: "refused"
        case .silent: "no answer within \(Int(ExporterProbe.timeoutSeconds)) s"
        case .unreachable(let words): words
        }
    }
}
