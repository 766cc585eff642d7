import LLMProbe
package import Primitives
package import Settings
import Web

/// The section `llm` of the settings.
package struct LLMSettings: Sendable {
    package var servers: [ServerTarget] = []
    /// Ports of loopback where somebody may listen.
    package var ports: [Int] = []
    package var looksAtContainers = true
    package var intervalSeconds = 30.0
    package var timeoutSeconds = 5.0
    package var modelLimit = 200
    /// Whether it is collected only where a server or a port is named, or an engine may know some.
    package var probe = ProbePace()
    /// Whom `/probe` may ask beside these.
    package var allowedTargets: [String] = []

    /// How often servers are asked to generate something, those that may be.
    package struct ProbePace: Sendable, Equatable {
        package var intervalSeconds = 300.0
        package var budgetPerHour = 60
        package var timeoutSeconds = 30.0
        package var maxTokens = 16
    }

    package init() {}

    private static let standard = LLMSettings()
    private static let kinds = ["auto"] + ServerKinds.all.map { $0.name }

    /// What may stand in the section.
    package static let shape = SettingsShape.section([
        SettingsKey(
            "enabled", .choice(["auto", "true", "false"]),
            "Whether LLM servers are asked; auto does where servers or ports are named, and where containers are read and their engine may tell of some.",
            standard: "auto"),
        SettingsKey("servers", .sections(serverKeys), "LLM servers."),
        SettingsKey(
            "ports", .texts, "Ports of this machine, on 127.0.0.1, that are looked at; what answers as an LLM server is one."),
        SettingsKey(
            "containers", .flag,
            "Whether containers with the label martlet.llm.port or martlet.llm.kind, or of a known image, are servers too.",
            standard: "true"),
        SettingsKey(
            "min_interval", .seconds(1...120),
            "Shortest time between two rounds of questions to a server, however often is scraped; what is older than three is not shown. Rates over five minutes need two rounds at least, so it is 2m at most.",
            standard: "30s"),
        SettingsKey("timeout", .seconds(0.1...60), "Longest that a round of questions may take.", standard: "5s"),
        SettingsKey(
            "model_limit", .integer(1...10_000), "Models of a server that have series of their own; the rest are model=\"other\".",
            standard: "200"),
        SettingsKey("probe", .section(probeKeys), "Requests that measure a server from outside, where a server's probe is true."),
        SettingsKey(
            "allowed_targets", .texts,
            "URLs that /probe?module=llm&target= may ask beside the servers named here, each as it stands in the request; never with a credential."
        ),
    ])

    private static let serverKeys = [
        SettingsKey("name", .text, "Name of the server in metrics.", standard: "host and port of its url"),
        SettingsKey("url", .text, "URL in front of the server's own paths, as in http://10.0.0.5:8000."),
        SettingsKey("kind", .choice(kinds), "What it is; auto finds out by its answers.", standard: "auto"),
        SettingsKey("bearer_token_file", .text, "File of a token that is shown to this URL's scheme, host and port, and to no other."),
        SettingsKey("metrics_url", .text, "URL of its exposition, where that is not below url; of Triton port 8002."),
        SettingsKey("ca_file", .text, "PEM file of the authority that signed its certificate.", standard: "the system's authorities"),
        SettingsKey("verify_tls", .flag, "Whether its certificate must be one that is believed.", standard: "true"),
        SettingsKey("container", .text, "Container that it is in, to be shown beside it."),
        SettingsKey("probe", .flag, "Whether it may be asked to generate a few tokens now and then.", standard: "false"),
        SettingsKey("model", .text, "Which of its models is asked then.", standard: "the first that is loaded"),
        SettingsKey(
            "probe_api", .choice([ProbeDialect.chat, .completions].map(\.rawValue)),
            "What is asked then: chat completions, or completions, for a model without a template for chats. Ollama has its own.",
            standard: ProbeDialect.chat.rawValue),
    ]

    private static let probeKeys = [
        SettingsKey("interval", .seconds(60...86_400), "Time between two probes of a server.", standard: "5m"),
        SettingsKey("budget_per_hour", .integer(1...10_000), "Most probes of a server in an hour.", standard: "60"),
        SettingsKey("timeout", .seconds(1...600), "Longest that a probe may take.", standard: "30s"),
        SettingsKey("max_tokens", .integer(1...256), "Tokens that a probe asks for.", standard: "16"),
    ]

    /// - Parameter tree: the section `llm`.
    package init(_ tree: SettingsTree) throws(Failure) {
        for (place, section) in tree["servers"].sections.enumerated() {
            let server = try ServerTarget(section, "llm.servers[\(place)]")
            if servers.contains(where: { $0.name == server.name }) {
                throw section.failure("two servers are named \(quoted(server.name)); give one of them another name")
            }
            if let other = servers.first(where: { $0.address.place == server.address.place }) {
                throw section["url"].failure(
                    of: "llm.servers[\(place)].url", "\(quoted(other.name)) has this url too, and all that it does would count twice")
            }
            servers.append(server)
        }
        for element in tree["ports"].elements {
            guard let port = element.text?.utf8.decimalNumber, (1...65_535).contains(port) else {
                throw element.failure("ports: expected a port from 1 to 65535, not \(quoted(element.text ?? ""))")
            }
            if !ports.contains(port) { ports.append(port) }
        }
        guard ports.count <= 100 else { throw tree["ports"].failure("ports: \(ports.count) ports are named; 100 may be") }
        looksAtContainers = tree["containers"].flag ?? true
        intervalSeconds = tree["min_interval"].seconds ?? Self.standard.intervalSeconds
        timeoutSeconds = tree["timeout"].seconds ?? Self.standard.timeoutSeconds
        modelLimit = tree["model_limit"].integer ?? Self.standard.modelLimit
        let pace = tree["probe"]
        probe.intervalSeconds = pace["interval"].seconds ?? probe.intervalSeconds
        probe.budgetPerHour = pace["budget_per_hour"].integer ?? probe.budgetPerHour
        probe.timeoutSeconds = pace["timeout"].seconds ?? probe.timeoutSeconds
        probe.maxTokens = pace["max_tokens"].integer ?? probe.maxTokens
        for element in tree["allowed_targets"].elements where element.text?.isEmpty == false {
            allowedTargets.append(try ServerTarget.url(element.text ?? "", element, "llm.allowed_targets"))
        }
    }
}

extension ServerTarget {
    /// Reads an entry of `llm.servers`.
    ///
    /// - Parameter setting: where it stands, as in `llm.servers[0]`.
    fileprivate init(_ section: SettingsTree, _ setting: String) throws(Failure) {
        guard let text = section.word("url") else { throw section.failure("a server needs a url, as in http://10.0.0.5:8000") }
        var address = ServerAddress(url: try Self.url(text, section["url"], "\(setting).url"))
        if let text = section.word("metrics_url") {
            address.metricsURL = try Self.url(text, section["metrics_url"], "\(setting).metrics_url")
        }
        let isEncrypted = address.url.hasPrefix("https://") || address.metricsURL?.hasPrefix("https://") == true
        if let file = section.word("ca_file") {
            guard isEncrypted else {
                throw section["ca_file"].failure("ca_file: the server is asked over http, which shows no certificate")
            }
            guard section["verify_tls"].flag ?? true else {
                throw section["verify_tls"].failure("verify_tls: false takes any certificate; take it away, or ca_file beside it")
            }
            guard Files.exists(file) else { throw section["ca_file"].failure("ca_file: there is no file \(file)") }
            address.trust = .authority(file: file)
        } else if section["verify_tls"].flag == false {
            address.trust = .insecure
        }
        if section.word("bearer_token_file") != nil {
            let token = try section.secretLine("bearer_token_file")
            guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw section["bearer_token_file"].failure("bearer_token_file: a control character stands in the file")
            }
            address.authorization = Secret("Bearer " + token)
            // It would not be shown there, but whoever wrote this expects that it is, and reads answers that anybody on the way may change.
            if let metricsURL = address.metricsURL, address.url.hasPrefix("https://"), !metricsURL.hasPrefix("https://") {
                throw section["metrics_url"].failure(
                    "metrics_url: a server behind https that is shown a token has its exposition behind https too; "
                        + "give it with https, or take bearer_token_file away")
            }
        }
        let kind = section.word("kind")
        self.init(name: section.word("name") ?? address.authority, address: address, kind: kind == "auto" ? nil : kind)
        guard name.utf8.count <= 128, name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw section["name"].failure("name: a name is one line of at most 128 bytes")
        }
        if let name = section.word("container") {
            guard name.utf8.count <= 128, name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
                throw section["container"].failure("container: a name is one line of at most 128 bytes")
            }
            container = name
        }
        isProbed = section["probe"].flag ?? false
        probedModel = section.word("model")
        dialect = section.word("probe_api").flatMap(ProbeDialect.init(rawValue:))
    }

    /// - Parameter key: whose value it is, for errors, as in `llm.servers[0].url`.
    static func url(_ text: String, _ place: SettingsTree, _ key: String) throws(Failure) -> String {
        let scheme = ["http://", "https://"].first(where: text.hasPrefix)
        if scheme == nil, text.range(of: "://") == nil, !text.contains("@"), text.utf8.count <= 1_000 {
            throw place.failure(of: key, "http:// or https:// is missing in front of \(quoted(text))")
        }
        guard let scheme, let first = text.dropFirst(scheme.count).utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: ":"),
            text.utf8.count <= 1_000, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#@\"\\<>".utf8.contains($0) })
        else {
            // What stands before @ may be a password.
            let shown = text.contains("@") ? "; a token goes into bearer_token_file" : ", not \(quoted(text))"
            throw place.failure(of: key, "expected a URL such as http://10.0.0.5:8000, without user, query and fragment\(shown)")
        }
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }
}
