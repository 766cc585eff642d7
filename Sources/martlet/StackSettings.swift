import LibvirtAPI
import Primitives
import Settings
import Simulation
import Stack
import Web

/// The section `stack` of the settings, and the flags of `martlet up` that go over it.
struct StackSettings: Sendable {
    let tree: SettingsTree
    let invocation: CommandLineParser.Invocation

    /// Where its parts listen if nobody says otherwise.
    var profile: StackProfile { tree["profile"].text.flatMap(StackProfile.init(rawValue:)) ?? .standard }

    init(_ tree: SettingsTree, _ invocation: CommandLineParser.Invocation) {
        self.tree = tree
        self.invocation = invocation
    }

    /// What may stand in the section.
    static let shape = SettingsShape.section([
        SettingsKey(
            "profile", .choice(StackProfile.allCases.map(\.rawValue)),
            "Where the parts listen that no setting gives an address: the ports that everybody knows, or, of a machine that serves language models, pages from 23000 and exporters from 8081 on.",
            standard: StackProfile.standard.rawValue),
        SettingsKey("state_dir", .text, "Folder that martlet up writes to: samples, logs, generated configuration.", standard: "state"),
        SettingsKey(
            "dashboards_url", .text, "Where people open the dashboards; it stands in the links of the shipped alerts.",
            standard: "the dashboards' own address"),
        SettingsKey(
            "prometheus",
            .section([
                SettingsKey("listen_address", .text, "Address of Prometheus.", standard: "127.0.0.1:9090"),
                SettingsKey("retention", .text, "How long samples are kept, as Prometheus writes it.", standard: "15d"),
                SettingsKey(
                    "scrape_interval", .seconds(1...120), "Time between scrapes; the shipped rules hold for up to two minutes.",
                    standard: "15s"),
                SettingsKey("rules_dir", .text, "Folder of rule files in place of the shipped ones.", standard: "the shipped rules"),
            ]), "Prometheus, as martlet up runs it."),
        SettingsKey(
            "alertmanager",
            .section([
                SettingsKey("listen_address", .text, "Address of Alertmanager.", standard: "127.0.0.1:9093"),
                SettingsKey("config_file", .text, "Configuration in place of the shipped one.", standard: "the shipped configuration"),
                SettingsKey("webhook_url", .text, "Where notifications go.", standard: "a receiver that prints them"),
                SettingsKey("webhook_url_file", .text, "File that holds the URL where notifications go."),
                SettingsKey(
                    "external_url", .text, "Where people open Alertmanager; it stands in the links of messages.",
                    standard: "its address on loopback, else the name of the machine"),
                SettingsKey(
                    "mail",
                    .section([
                        SettingsKey(
                            "smarthost", .text, "HOST:PORT of the server that takes the mail; on port 465 it begins with TLS.",
                            standard: "127.0.0.1:25"),
                        SettingsKey("from", .text, "Address of the sender.", standard: "martlet at the name of the machine"),
                        SettingsKey(
                            "to", .text, "Address of who is told; several with commas between them. Required with any other of these."),
                        SettingsKey("username", .text, "Name of a login, where the server wants one."),
                        SettingsKey("password_file", .text, "File of its password. Alertmanager reads it whenever it sends."),
                        SettingsKey(
                            "require_tls", .flag, "Whether a server that speaks no TLS is refused.",
                            standard: "true, but false for a smarthost on this machine"),
                    ]), "Mail of critical alerts, beside the webhook, and of failed notifications. None without it."),
                SettingsKey(
                    "backup_window", .text, "When nobody is told that a guest is down: HH:MM-HH:MM by the clock of the machine, or off.",
                    standard: "22:00-05:00"),
                SettingsKey(
                    "deadman_url", .text, "Called every five minutes as long as alerting works, for a service that misses the call."),
                SettingsKey("deadman_url_file", .text, "File that holds the URL that is called."),
            ]), "Alertmanager, as martlet up runs it."),
        managerKey,
        SettingsKey(
            "node_exporter", .section([SettingsKey("listen_address", .text, "Address of node_exporter.", standard: "127.0.0.1:9100")]),
            "node_exporter, as martlet up runs it."),
    ])

    static let standardDashboardsURL = "http://127.0.0.1:3000"

    static let flags =
        [
            Flag("simulate", nil, "Watch a simulated cluster, also when others are configured"),
            Flag(
                "profile", "NAME",
                "standard, or llm for a machine that serves language models: pages on 23000 to 23004, exporters from 8081 on",
                standard: StackProfile.standard.rawValue, setting: ["stack", "profile"]),
            Flag(
                "state-dir", "DIR", "Folder for samples, logs and generated configuration", standard: "state",
                setting: ["stack", "state_dir"]),
            Flag(
                "prometheus.listen-address", "ADDRESS", "Address of Prometheus", standard: "127.0.0.1:9090",
                setting: ["stack", "prometheus", "listen_address"]),
            Flag(
                "prometheus.retention", "DURATION", "How long samples are kept", standard: "15d",
                setting: ["stack", "prometheus", "retention"]),
            Flag(
                "prometheus.scrape-interval", "DURATION", "Time between scrapes; the shipped 15s if not given",
                setting: ["stack", "prometheus", "scrape_interval"]),
            Flag(
                "prometheus.rules-dir", "DIR", "Rule files in place of the shipped ones", setting: ["stack", "prometheus", "rules_dir"]),
            Flag(
                "alertmanager.listen-address", "ADDRESS", "Address of Alertmanager", standard: "127.0.0.1:9093",
                setting: ["stack", "alertmanager", "listen_address"]),
            Flag(
                "alertmanager.config-file", "FILE", "Alertmanager's configuration in place of the shipped one",
                setting: ["stack", "alertmanager", "config_file"]),
            Flag(
                "node-exporter.listen-address", "ADDRESS", "Address of node_exporter", standard: "127.0.0.1:9100",
                setting: ["stack", "node_exporter", "listen_address"]),
            Flag(
                "dashboards.url", "URL", "Where people open the dashboards, for links in alerts; their own address if not given",
                setting: ["stack", "dashboards_url"]),
            Flag("webhook.listen-address", "ADDRESS", "Address of the receiver that prints notifications", standard: "127.0.0.1:9099"),
            Flag("simulate.nodes", "COUNT", "Nodes of the simulated cluster", standard: "4"),
            Flag("simulate.guests", "COUNT", "Guests of the simulated cluster", standard: "100"),
            Flag("simulate.seed", "NUMBER", "Chooses which simulated cluster", standard: "1"),
            Flag("simulate.proxmox-address", "ADDRESS", "Address of the simulated Proxmox API", standard: "127.0.0.1:18006"),
            Flag(
                "simulate.hosts-address", "ADDRESS", "127.0.0.2 and the port of simulated node_exporters; hosts count on from that address",
                standard: "127.0.0.2:9100"),
            Flag(
                "simulate.guests-address", "IP", "Address of the first simulated guest's exporter; the others count on from it",
                standard: "127.0.2.1"),
            Flag("simulate.windows-port", "PORT", "Port of windows_exporter in simulated guests", standard: "9182"),
            Flag("simulate.ceph", nil, "The simulated cluster has Ceph"),
            Flag("simulate.qdevice", nil, "The simulated cluster has a quorum device"),
            Flag("simulate.scenario-address", "ADDRESS", "Where the simulated world takes a scenario", standard: "127.0.0.1:18100"),
            Flag("simulate.gpus", "COUNT", "Graphics cards of one host of the simulated cluster, up to 16; 0 for none", standard: "8"),
            Flag("simulate.gpu-address", "ADDRESS", "Where the simulated cards take scenarios and faults", standard: "127.0.0.1:18200"),
            Flag(
                "simulate.llm-address", "ADDRESS",
                "First of the simulated servers of models, with --profile llm; the others have the ports after it",
                standard: "127.0.0.1:18301"),
            Flag("simulate.llm-control-address", "ADDRESS", "Where they take scenarios and faults", standard: "127.0.0.1:18300"),
            Flag(
                "simulate.loki-address", "ADDRESS", "Where their logs are, with --profile llm",
                standard: StackProfile.llm.address(of: .loki)),
            Flag(
                "simulate.gpu-exporter-address", "ADDRESS", "Address of the exporter beside the simulated cards", standard: "127.0.0.1:9835"
            ),
            Flag(
                "simulate.domains", "COUNT", "Virtual machines of a simulated KVM host beside the cluster, up to 1000; 0 for no such host",
                standard: "12"),
            Flag("simulate.libvirt-address", "ADDRESS", "Where the simulated KVM host takes scenarios", standard: "127.0.0.1:18400"),
            Flag(
                "simulate.libvirt-exporter-address", "ADDRESS", "Address of the exporter that asks the simulated KVM host",
                standard: "127.0.0.1:18401"),
        ] + managerFlags

    /// What to run. Failures name the flag or key.
    ///
    /// - Parameter dashboards: where they listen and the scheme that they speak; nil for none.
    func plan(
        exporter: ListenAddress, discovery: ListenAddress, dashboards: (address: ListenAddress, scheme: String, isOpen: Bool)?,
        isSimulated: Bool
    ) throws(Failure) -> StackPlan {
        let prometheus = tree["prometheus"]
        let alertmanager = tree["alertmanager"]
        var plan = StackPlan(
            stateDirectory: tree["state_dir"].text ?? "state",
            exporter: StackPlan.Place(exporter, flag: "--web.listen-address"),
            discovery: StackPlan.Place(discovery, flag: "--discovery.listen-address"),
            prometheus: try place("prometheus.listen-address", prometheus["listen_address"], .prometheus),
            alertmanager: try place("alertmanager.listen-address", alertmanager["listen_address"], .alertmanager),
            nodeExporter: try place("node-exporter.listen-address", tree["node_exporter"]["listen_address"], .nodeExporter),
            webhook: try place("webhook.listen-address"))
        plan.retention = prometheus["retention"].text ?? "15d"
        plan.rulesDirectory = prometheus["rules_dir"].text
        plan.alertmanagerConfiguration = alertmanager["config_file"].text
        plan.webhookURL = try url("webhook_url", alertmanager)
        plan.deadmanURL = try url("deadman_url", alertmanager)
        try adjustTexts(of: &plan)
        plan.alertmanagerURL = alertmanager.word("external_url").map(Self.withoutSlash)
        if let dashboards {
            plan.dashboards = StackPlan.Place(dashboards.address, flag: "--dashboards.listen-address")
            plan.dashboardsScheme = dashboards.scheme
            plan.hasOpenDashboards = dashboards.isOpen
        }
        let own = dashboards?.address.url(scheme: dashboards?.scheme ?? "http")
        plan.dashboardsURL = Self.withoutSlash(tree.word("dashboards_url") ?? own ?? Self.standardDashboardsURL)
        if isSimulated { plan.simulation = try simulation(plan.stateDirectory) }
        if tree["manager"]["enabled"].flag == true { plan.manager = try manager(plan, isSimulated: isSimulated) }
        return plan
    }

    /// Sets what stands in the files wherever the programs run that read them.
    func adjustTexts(of plan: inout StackPlan) throws(Failure) {
        plan.scrapeInterval = tree["prometheus"]["scrape_interval"].seconds
        plan.mail = try mail(tree["alertmanager"]["mail"], hostName: plan.hostName)
        plan.backupWindow = try backupWindow(tree["alertmanager"]["backup_window"])
    }

    private func simulation(_ stateDirectory: String) throws(Failure) -> StackPlan.Simulation {
        let nodes = try count("simulate.nodes", in: 1...200)
        let hosts = try place("simulate.hosts-address")
        // The simulated API tells these addresses, and discovery believes it.
        guard hosts.address.host == "127.0.0.2" else {
            throw Failure(
                .usage, "--simulate.hosts-address: simulated hosts are 127.0.0.2 and those behind it; only the port can be another")
        }
        var simulation = StackPlan.Simulation(
            cluster: "lab", nodeNames: (1...nodes).map { "pve\($0)" }, guests: try count("simulate.guests", in: 0...20_000),
            seed: UInt64(try count("simulate.seed", in: 0...Int(Int32.max))), proxmox: try place("simulate.proxmox-address"),
            firstHost: hosts, firstGuest: invocation.value("simulate.guests-address") ?? "",
            windowsPort: UInt16(try count("simulate.windows-port", in: 1...65_535)), scenario: try place("simulate.scenario-address"),
            worldDirectory: Files.absolute(stateDirectory) + "/world",
            token: Secret("monitor@pve!martlet=\(UInt64.random(in: .min ... .max))\(UInt64.random(in: .min ... .max))"))
        simulation.hasCeph = invocation.isOn("simulate.ceph")
        simulation.hasQuorumDevice = invocation.isOn("simulate.qdevice")
        simulation.cards = try cards()
        simulation.hypervisor = try hypervisor(stateDirectory)
        if profile == .llm, let cards = simulation.cards { simulation.languageServers = try languageServers(simulation, cards) }
        return simulation
    }

    /// One of each kind, and two of the one that most people have, on the host with cards.
    private func languageServers(
        _ simulation: StackPlan.Simulation, _ cards: StackPlan.Cards
    ) throws(Failure) -> StackPlan.LanguageServers {
        let first = try place("simulate.llm-address")
        let kinds: [LLMKind] = [.vllm, .vllm, .sglang, .llamacpp, .ollama, .tgi, .triton, .litellm]
        var options = LLMSimulator.Options()
        (options.listen, options.kinds, options.seed, options.cards) = (first.address, kinds, simulation.seed, cards.count)
        let servers = LLMSimulator.planned(options).map { server in
            StackPlan.LanguageServers.Server(
                name: server.name, place: StackPlan.Place(server.address, flag: first.flag),
                metrics: server.metricsAddress.map { StackPlan.Place($0, flag: first.flag) },
                isInContainer: server.isInContainer,
                // Those that tell nothing of how fast they are, and one to compare with its own word.
                isProbed: [.llamacpp, .ollama].contains(server.kind) || server.kind == .vllm)
        }
        guard servers.count == kinds.count else { throw Failure(.usage, "--\(first.flag): there are not enough ports after it") }
        return StackPlan.LanguageServers(
            kinds: kinds.map(\.rawValue).joined(separator: ","), control: try place("simulate.llm-control-address"), servers: servers,
            loki: try place("simulate.loki-address", nil, .loki))
    }

    /// None where none are asked for, or their library is missing.
    private func cards() throws(Failure) -> StackPlan.Cards? {
        let cards = try count("simulate.gpus", in: 0...16)
        guard cards > 0, obstacleToCards == nil, let library = SimulatedLibrary.path else { return nil }
        return StackPlan.Cards(
            count: cards, control: try place("simulate.gpu-address"),
            exporter: try place("simulate.gpu-exporter-address", nil, .cardExporter),
            library: Files.absolute(library))
    }

    /// Why there are no cards although some are asked for.
    var obstacleToCards: String? {
        guard invocation.value("simulate.gpus") != "0" else { return nil }
        return StackPlan.obstacleToCards(library: SimulatedLibrary.path, stateDirectory: tree["state_dir"].text ?? "state")
    }

    /// None where none is asked for, or nobody here could ask it.
    private func hypervisor(_ stateDirectory: String) throws(Failure) -> StackPlan.Hypervisor? {
        let domains = try count("simulate.domains", in: 0...1000)
        guard domains > 0, obstacleToHypervisor == nil else { return nil }
        return StackPlan.Hypervisor(
            host: LibvirtSimulator.Options().host, domains: domains, control: try place("simulate.libvirt-address"),
            exporter: try place("simulate.libvirt-exporter-address"),
            socket: StackPlan.SocketPlace.hypervisor(stateDirectory: stateDirectory))
    }

    /// Why there is no KVM host although one is asked for: the exporter wants libvirt's library.
    var obstacleToHypervisor: String? {
        guard invocation.value("simulate.domains") != "0" else { return nil }
        return LibvirtLibrary.obstacle()?.message
    }

    /// A URL that may hold a secret, from the key or from the file that `KEY_file` names.
    private func url(_ key: String, _ section: SettingsTree) throws(Failure) -> Secret? {
        let fileKey = "\(key)_file"
        switch (section[key].text, section[fileKey].text) {
        case (nil, nil): return nil
        case (let url?, nil): return Secret(url)
        case (nil, let file?):
            guard !file.contains("://") else {
                throw section[fileKey].failure("\(fileKey) names a file, and here stands a URL; the key for that is \(key)")
            }
            return Secret(try section.secretLine(fileKey))
        case (_?, _?): throw section[key].failure("\(key) and \(fileKey) exclude each other")
        }
    }

    /// Mail, if anything is said about it.
    private func mail(_ section: SettingsTree, hostName: String) throws(Failure) -> StackPlan.Mail? {
        guard let first = section.members.first(where: \.value.isSet) else { return nil }
        guard let to = section.word("to") else {
            throw first.value.failure("stack.alertmanager.mail.to is missing: the address of who is told")
        }
        var mail = StackPlan.Mail(
            smarthost: section.word("smarthost") ?? "127.0.0.1:25", from: section.word("from") ?? "martlet@\(hostName)", to: to,
            requiresTLS: section["require_tls"].flag)
        switch (section.word("username"), section.word("password_file")) {
        case (nil, nil): break
        case (let name?, let file?):
            // Alertmanager would find out only when it has something to tell.
            let password = try section.secretLine("password_file")
            mail.login = (name, file)
            if try Files.read(file) != Array(password.utf8) { mail.barePassword = Secret(password) }
        case (nil, _?), (_?, nil): throw section.failure("stack.alertmanager.mail: username and password_file belong together")
        }
        return mail
    }

    private func backupWindow(_ setting: SettingsTree) throws(Failure) -> BackupWindow? {
        guard let text = setting.text else { return nil }
        guard let window = BackupWindow(parsing: text) else {
            throw setting.failure("backup_window: expected HH:MM-HH:MM, as in 22:00-05:00, or off, not \"\(text)\"")
        }
        return window
    }

    private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    /// - Parameter part: what listens there, for the profile's address where nobody gives one.
    func place(
        _ flag: String, _ setting: SettingsTree? = nil, _ part: StackProfile.Part? = nil
    ) throws(Failure) -> StackPlan.Place {
        let standard = invocation.isGiven(flag) ? nil : part.map { profile.address(of: $0) }
        let text = setting?.text ?? standard ?? invocation.value(flag) ?? ""
        do {
            return StackPlan.Place(try ListenAddress(parsing: text), flag: "--\(flag)")
        } catch {
            guard let setting, setting.isSet else { throw Failure(.usage, "--\(flag): \(error.message)") }
            throw setting.failure(error.message)
        }
    }

    private func count(_ flag: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        let text = invocation.value(flag) ?? ""
        guard let number = Int(text), range.contains(number) else {
            throw Failure(.usage, "--\(flag): expected a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
        }
        return number
    }
}
