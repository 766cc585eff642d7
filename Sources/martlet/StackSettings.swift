import Primitives
import Settings
import Stack
import Web

/// The section `stack` of the settings, and the flags of `martlet up` that go over it.
struct StackSettings: Sendable {
    private let tree: SettingsTree
    private let invocation: CommandLineParser.Invocation

    init(_ tree: SettingsTree, _ invocation: CommandLineParser.Invocation) {
        self.tree = tree
        self.invocation = invocation
    }

    /// What may stand in the section.
    static let shape = SettingsShape.section([
        SettingsKey("state_dir", .text, "Folder that martlet up writes to: samples, logs, generated configuration.", standard: "state"),
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
            ]), "Alertmanager, as martlet up runs it."),
        SettingsKey(
            "node_exporter", .section([SettingsKey("listen_address", .text, "Address of node_exporter.", standard: "127.0.0.1:9100")]),
            "node_exporter, as martlet up runs it."),
    ])

    static let flags = [
        Flag("simulate", nil, "Watch a simulated cluster, also when others are configured"),
        Flag(
            "state-dir", "DIR", "Folder for samples, logs and generated configuration", standard: "state", setting: ["stack", "state_dir"]),
        Flag(
            "prometheus.listen-address", "ADDRESS", "Address of Prometheus", standard: "127.0.0.1:9090",
            setting: ["stack", "prometheus", "listen_address"]),
        Flag(
            "prometheus.retention", "DURATION", "How long samples are kept", standard: "15d", setting: ["stack", "prometheus", "retention"]),
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
        Flag("simulate.scenario-address", "ADDRESS", "Where the simulated world takes a scenario", standard: "127.0.0.1:18100"),
    ]

    /// What to run. Failures name the flag or key.
    func plan(exporter: ListenAddress, discovery: ListenAddress, isSimulated: Bool) throws(Failure) -> StackPlan {
        let prometheus = tree["prometheus"]
        let alertmanager = tree["alertmanager"]
        var plan = StackPlan(
            stateDirectory: tree["state_dir"].text ?? "state",
            exporter: StackPlan.Place(exporter, flag: "--web.listen-address"),
            discovery: StackPlan.Place(discovery, flag: "--discovery.listen-address"),
            prometheus: try place("prometheus.listen-address", prometheus["listen_address"]),
            alertmanager: try place("alertmanager.listen-address", alertmanager["listen_address"]),
            nodeExporter: try place("node-exporter.listen-address", tree["node_exporter"]["listen_address"]),
            webhook: try place("webhook.listen-address"))
        plan.retention = prometheus["retention"].text ?? "15d"
        plan.scrapeInterval = prometheus["scrape_interval"].seconds
        plan.rulesDirectory = prometheus["rules_dir"].text
        plan.alertmanagerConfiguration = alertmanager["config_file"].text
        plan.webhookURL = try webhookURL(alertmanager)
        if isSimulated { plan.simulation = try simulation(plan.stateDirectory) }
        return plan
    }

    private func simulation(_ stateDirectory: String) throws(Failure) -> StackPlan.Simulation {
        let nodes = try count("simulate.nodes", in: 1...200)
        let hosts = try place("simulate.hosts-address")
        // The simulated API tells these addresses, and discovery believes it.
        guard hosts.address.host == "127.0.0.2" else {
            throw Failure(
                .usage, "--simulate.hosts-address: simulated hosts are 127.0.0.2 and those behind it; only the port can be another")
        }
        return StackPlan.Simulation(
            cluster: "lab", nodeNames: (1...nodes).map { "pve\($0)" }, guests: try count("simulate.guests", in: 0...20_000),
            seed: UInt64(try count("simulate.seed", in: 0...Int(Int32.max))), proxmox: try place("simulate.proxmox-address"),
            firstHost: hosts, firstGuest: invocation.value("simulate.guests-address") ?? "",
            windowsPort: UInt16(try count("simulate.windows-port", in: 1...65_535)), scenario: try place("simulate.scenario-address"),
            worldDirectory: Files.absolute(stateDirectory) + "/world",
            token: Secret("monitor@pve!martlet=\(UInt64.random(in: .min ... .max))\(UInt64.random(in: .min ... .max))"))
    }

    private func webhookURL(_ section: SettingsTree) throws(Failure) -> Secret? {
        switch (section["webhook_url"].text, section["webhook_url_file"].text) {
        case (nil, nil): return nil
        case (let url?, nil): return Secret(url)
        case (nil, let file?):
            guard !file.contains("://") else {
                throw section["webhook_url_file"].failure(
                    "webhook_url_file names a file, and here stands a URL; the key for that is webhook_url")
            }
            return Secret(try section.secretLine("webhook_url_file"))
        case (_?, _?): throw section["webhook_url"].failure("webhook_url and webhook_url_file exclude each other")
        }
    }

    private func place(_ flag: String, _ setting: SettingsTree? = nil) throws(Failure) -> StackPlan.Place {
        let text = setting?.text ?? invocation.value(flag) ?? ""
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
