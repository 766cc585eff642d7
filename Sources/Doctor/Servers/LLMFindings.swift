package import LLMCollector
import Primitives
import Web

/// Judges LLM servers that the settings name, and what else stands in `llm`.
package enum LLMFindings {
    /// What is judged beside the servers.
    package struct Section: Sendable {
        /// `llm.enabled: true`.
        package var isWanted = false
        package var looksAtContainers = true
        package var allowedTargets: [String] = []
        package var intervalSeconds = 300.0

        package init() {}
    }

    private static let clockLimitSeconds = 30.0

    package static func judge(_ servers: [SurveyedServer], _ section: Section) -> [DoctorReport.Section] {
        var sections = servers.map { server in
            DoctorReport.Section(
                .llm, server.isNamed ? "llm server \(named(server.name, others: ":"))" : "port \(named(server.name, others: ":"))",
                judge(server, section))
        }
        sections.append(DoctorReport.Section(.llm, "llm", general(servers, section)))
        return sections
    }

    private static func judge(_ server: SurveyedServer, _ section: Section) -> [Finding] {
        if let failure = server.failure { return [unreachable(server, failure)] }
        guard server.isNamed || server.foundKind != nil else {
            return [Finding("kind", .information, "what listens there is no LLM server that is known, and is left alone")]
        }
        let kind = kind(server)
        guard server.isUp || !server.refused.isEmpty else { return [connection(server), kind] }
        return [connection(server)] + credential(server) + [kind] + version(server) + [metrics(server)].compactMap { $0 } + ready(server)
            + probe(server, section) + clock(server)
    }

    // MARK: the way there

    private static func place(_ server: SurveyedServer) -> String { named(server.url, others: ":/[]%") }

    private static func unreachable(_ server: SurveyedServer, _ failure: HTTPClientError) -> Finding {
        guard server.isNamed else {
            return Finding("connection", .information, "nobody answers at \(place(server)) (llm.ports): \(failure.message)")
        }
        var remedies: [Finding.Remedy]
        switch (failure.kind, failure.certificate?.kind) {
        case (.tls, .expired?), (.tls, .notYetValid?):
            remedies = [
                Finding.Remedy(.here, "see to the clock here and there, and renew the server's certificate", lines: ["timedatectl"])
            ]
        case (.tls, .wrongName?):
            remedies = [Finding.Remedy(.settings, "name the server in url by a name that is in its certificate")]
        case (.tls, _?):
            remedies = [
                Finding.Remedy(
                    .settings, "name the authority that signed the certificate, in the server's entry",
                    lines: ["ca_file: /etc/martlet/llm-ca.pem"])
            ]
        case (.tls, nil): remedies = [Finding.Remedy(.settings, "what answers there speaks no TLS: is it http:// in url?")]
        case (.resolve, _): remedies = [Finding.Remedy(.settings, "see to the name in url")]
        case (.timeout, _):
            remedies = [
                Finding.Remedy(
                    .here, "a firewall, or a server that hangs; see what it says", lines: ["curl -m 5 -si \(look(at: server))"])
            ]
        default:
            remedies = [
                Finding.Remedy(.here, "see whether it runs and listens there", lines: ["curl -m 5 -si \(look(at: server))"]),
                Finding.Remedy(.settings, "or is it another host or port?"),
            ]
        }
        return Finding("connection", .problem, "\(place(server)): \(failure.message)", remedies: remedies)
    }

    /// As a word of a command.
    private static func look(at server: SurveyedServer) -> String { "'\(server.url.replacing("'", with: "%27"))/v1/models'" }

    private static func connection(_ server: SurveyedServer) -> Finding {
        guard server.url.hasPrefix("https://") else {
            guard server.hasCredential, !isOfLoopback(server.url) else { return Finding("connection", .ok, "\(place(server)) answers") }
            return Finding(
                "connection", .warning, "\(place(server)) answers over http: whoever listens on the way has the token",
                remedies: [Finding.Remedy(.settings, "https:// in url, where the server or a proxy before it speaks that")])
        }
        guard server.believesAnybody else {
            return Finding("connection", .ok, "\(place(server)) answers, with a certificate that is believed")
        }
        return Finding(
            "connection", .warning, "\(place(server)) answers and is believed whatever its certificate (verify_tls: false)",
            remedies: [
                Finding.Remedy(
                    .settings, "name the authority that signed it, in place of verify_tls", lines: ["ca_file: /etc/martlet/llm-ca.pem"])
            ])
    }

    static func isOfLoopback(_ url: String) -> Bool {
        ["://127.", "://localhost:", "://localhost/", "://[::1]"].contains { url.contains($0) } || url.hasSuffix("://localhost")
    }

    private static func credential(_ server: SurveyedServer) -> [Finding] {
        guard let first = server.refused.first else {
            return server.hasCredential ? [Finding("credential", .ok, "nothing is refused with the token of bearer_token_file")] : []
        }
        let paths = server.refused.map { "\(named($0.path, others: "/?=&%")): status \($0.status)" }
        guard server.hasCredential else {
            return [
                Finding(
                    "credential", .problem, "it wants a token (status \(first.status)), and none is named",
                    details: paths,
                    remedies: [Finding.Remedy(.settings, "in the server's entry", lines: ["bearer_token_file: /etc/martlet/llm-token"])])
            ]
        }
        return [
            Finding(
                "credential", .problem, "it does not take the token of bearer_token_file (status \(first.status))", details: paths,
                remedies: [Finding.Remedy(.settings, "let bearer_token_file hold the server's key, without Bearer before it")])
        ]
    }

    // MARK: what it is

    private static func kind(_ server: SurveyedServer) -> Finding {
        let (found, wanted) = (server.foundKind, server.wantedKind)
        switch (found, wanted) {
        case (let found?, let wanted?) where found != wanted:
            return Finding(
                "kind", .problem, "the settings say that it is \(wanted), and it answers as \(found) does",
                remedies: [Finding.Remedy(.settings, "in the server's entry", lines: ["kind: \(found)"])])
        case (_?, _):
            return Finding("kind", .ok, "it is \(server.title)" + (wanted == nil ? ", as its answers tell" : ", as the settings say"))
        case (nil, let wanted?) where server.isUp:
            return Finding("kind", .information, "it is asked as \(wanted), as the settings say; none of its answers tells what it is")
        case (nil, let wanted?):
            return Finding(
                "kind", .problem, "it answers nothing as \(wanted) does" + (server.problem.map { ": \($0)" } ?? ""),
                remedies: [Finding.Remedy(.settings, "see to url, with the path in front of the server's own if there is one, and to kind")]
            )
        case (nil, nil):
            return Finding(
                "kind", .problem, "none of its answers is that of an LLM server that is known",
                remedies: [
                    Finding.Remedy(
                        .settings, "see to url, with the path in front of the server's own if there is one; or say what it is",
                        lines: ["kind: vllm"])
                ])
        }
    }

    private static func version(_ server: SurveyedServer) -> [Finding] {
        guard !server.version.isEmpty else { return [] }
        let name = "\(server.title) \(named(server.version, others: "+ ()"))"
        let unknown =
            server.unknownFamilies > 0
            ? "; \(counted(server.unknownFamilies, "family", "families")) of it are not shown, as nobody knows them yet" : ""
        guard let versions = server.knownVersions, let place = versions.place(of: server.version) else {
            return [Finding("version", .ok, name)]
        }
        switch place {
        case .known: return [Finding("version", .ok, name)]
        case .older:
            return [
                Finding("version", .warning, "\(name) is older than \(versions.oldest), the first whose metrics martlet knows" + unknown)
            ]
        case .newer:
            return [
                Finding(
                    "version", .information,
                    "\(name) is newer than \(versions.newest), the last whose metrics martlet was held against" + unknown)
            ]
        }
    }

    private static func metrics(_ server: SurveyedServer) -> Finding? {
        let kind = server.wantedKind ?? server.foundKind ?? ""
        switch server.hasMetrics {
        case true?: return Finding("metrics", .ok, "it has metrics of its own")
        case false?:
            return Finding(
                "metrics", .warning, "it answers and has no metrics of its own, so that most of what \(server.title) can tell is missing",
                remedies: [switchingOn(kind)])
        case nil:
            if kind == "ollama" {
                return Finding(
                    "metrics", .information, "Ollama has no metrics of its own; its models are read, and a probe can measure the rest")
            }
            // Of what is refused was told.
            guard let problem = server.problem, server.refused.isEmpty else { return nil }
            return Finding("metrics", .problem, "its metrics cannot be read: \(problem)", remedies: [switchingOn(kind)])
        }
    }

    /// How a server of that kind is made to have an exposition.
    private static func switchingOn(_ kind: String) -> Finding.Remedy {
        switch kind {
        case "sglang": Finding.Remedy(.server, "start it with this flag", lines: ["--enable-metrics"])
        case "llamacpp": Finding.Remedy(.server, "start it with this flag", lines: ["--metrics"])
        case "litellm":
            Finding.Remedy(.server, "in its configuration", lines: ["litellm_settings:", "  callbacks: [\"prometheus\"]"])
        case "triton":
            Finding.Remedy(
                .server, "it has them at port 8002 unless told otherwise; metrics_url says where else",
                lines: ["--allow-metrics=true --metrics-port=8002"])
        case "vllm":
            Finding.Remedy(.server, "vLLM has them always: something in between hides /metrics, or --disable-log-stats took them away")
        default: Finding.Remedy(.server, "it has them always: something in between hides /metrics; metrics_url says where else they are")
        }
    }

    private static func ready(_ server: SurveyedServer) -> [Finding] {
        guard server.isReady == false else { return [] }
        return [Finding("ready", .warning, "it says that it is not ready: it loads a model, or its engine is gone")]
    }

    // MARK: the probe

    private static func probe(_ server: SurveyedServer, _ section: Section) -> [Finding] {
        // Of names of models.
        let letters = "/:@+"
        let loaded = server.models.isEmpty ? "none is" : "loaded: \(enumeration(server.models.map { named($0, others: letters) }))"
        switch server.probe {
        case .off: return []
        case .impossible:
            return [
                Finding(
                    "probe", .problem, "\(server.title) cannot be asked for tokens in a way that martlet knows",
                    remedies: [Finding.Remedy(.settings, "in the server's entry", lines: ["probe: false"])])
            ]
        case .unnamed:
            return [
                Finding(
                    "probe", .problem, "it does not tell which of its models are loaded, and no model is named to be asked",
                    remedies: [Finding.Remedy(.settings, "in the server's entry", lines: ["model: NAME"])])
            ]
        case .unloaded(""):
            return [Finding("probe", .warning, "no model is loaded, so that nothing is asked: a probe never loads one")]
        case .unloaded(let model):
            return [
                Finding(
                    "probe", .warning,
                    "\(named(model, others: letters)) is not loaded, so that nothing is asked: a probe never loads a model (\(loaded))",
                    remedies: [Finding.Remedy(.settings, "leave model out of the server's entry; then the first that is loaded is asked")])
            ]
        case .model(let model):
            let pace = Int(section.intervalSeconds.clamped(to: 0...1e9))
            return [
                Finding(
                    "probe", .ok,
                    "every \(pace) s \(named(model, others: letters)) is asked for a few tokens, as it is loaded; nothing is ever loaded for that"
                )
            ]
        }
    }

    private static func clock(_ server: SurveyedServer) -> [Finding] {
        guard let skew = server.clockSkewSeconds, abs(skew) > clockLimitSeconds else { return [] }
        let seconds = Int(abs(skew).clamped(to: 0...1e12))
        return [
            Finding(
                "clock", .warning,
                "its clock is \(seconds) s \(skew > 0 ? "ahead of" : "behind") this machine's, so that its times of start and of expiry are wrong here",
                remedies: [Finding.Remedy(.server, "see to its clock, as timedatectl shows it there")])
        ]
    }

    // MARK: the section

    private static func general(_ servers: [SurveyedServer], _ section: Section) -> [Finding] {
        var findings: [Finding] = []
        if section.isWanted, servers.isEmpty {
            findings.append(
                section.looksAtContainers
                    ? Finding("servers", .information, "no LLM server is named; those are shown that the container engine tells of")
                    : Finding(
                        "servers", .problem, "LLM servers are asked for (llm.enabled), and none is named",
                        remedies: [Finding.Remedy(.settings, lines: ["llm:", "  servers:", "    - url: http://127.0.0.1:8000"])]))
        }
        return findings + targets(servers, section.allowedTargets)
    }

    private static func targets(_ servers: [SurveyedServer], _ allowed: [String]) -> [Finding] {
        guard !allowed.isEmpty else { return [] }
        var findings: [Finding] = []
        let known = Set(servers.filter(\.isNamed).map(\.url))
        let needless = allowed.filter(known.contains)
        if !needless.isEmpty {
            findings.append(
                Finding(
                    "targets", .information,
                    "allowed_targets names \(enumeration(needless.map(shown))), which \(needless.count == 1 ? "is" : "are") of llm.servers and may be asked anyway"
                ))
        }
        // Addresses at which machines of clouds tell their secrets to whoever asks from inside.
        let secret = allowed.filter { url in
            ["://169.254.", "://[fe80:", "://[fd00:ec2::254]", "://metadata."].contains { url.contains($0) }
        }
        if !secret.isEmpty {
            findings.append(
                Finding(
                    "targets", .warning,
                    "whoever reaches the exporter can have it ask \(enumeration(secret.map(shown))), an address at which clouds tell secrets of the machine",
                    remedies: [Finding.Remedy(.settings, "take it out of llm.allowed_targets")]))
        }
        if findings.isEmpty {
            findings.append(
                Finding(
                    "targets", .ok, "/probe?module=llm may ask \(counted(allowed.count, "target")) beside the servers, without a credential"
                ))
        }
        return findings
    }

    private static func shown(_ url: String) -> String { named(url, others: ":/[]%") }
}
