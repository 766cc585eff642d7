import Primitives
import ProxmoxCollector
import ProxmoxDropIn
import Settings
import Web

/// The settings of the program, put together from file, environment and flags.
struct Configuration: Sendable {
    let tree: SettingsTree
    let environment: [String: String]

    /// All that may be set.
    static let shape = SettingsShape.section([
        SettingsKey(
            "log",
            .section([
                SettingsKey("level", .choice(Logger.Level.allCases.map(\.rawValue)), "What is worth a line.", standard: "info"),
                SettingsKey("format", .choice(Logger.Format.allCases.map(\.rawValue)), "How a line looks.", standard: "logfmt"),
            ]), "Log lines on stderr."),
        SettingsKey(
            "web",
            .section([
                SettingsKey("listen_address", .texts, "Addresses of the exporter.", standard: "127.0.0.1:9221"),
                SettingsKey("max_requests", .integer(1...10_000), "Requests answered at the same time; more get 503.", standard: "40"),
            ]), "The exporter's HTTP server."),
        SettingsKey(
            "exporter",
            .section([
                SettingsKey(
                    "scrape_timeout", .seconds(0.1...600),
                    "Longest a scrape may take; Prometheus' own timeout, which it sends along, can only shorten it.", standard: "10s")
            ]), "How the exporter collects."),
        SettingsKey("proxmox", ProxmoxSettings.shape, "Proxmox VE clusters."),
        SettingsKey("pve", DropInSettings.shape, "The endpoint /pve, for who comes from prometheus-pve-exporter."),
        SettingsKey("stack", StackSettings.shape, "What martlet up runs."),
    ])

    /// Variables that are no settings.
    static let variables =
        [(name: "MARTLET_CONFIG_FILE", help: "The file of settings, as --config.file.")] + ProxmoxSettings.variables
        + DropInSettings.variables

    static let fileFlag = Flag("config.file", "FILE", "Settings; martlet.yml of the working directory if there is one")

    init(_ invocation: CommandLineParser.Invocation) throws(Failure) {
        var environment = ProcessEnvironment.all
        // Names the file, so it cannot be a setting in it.
        let named = environment.removeValue(forKey: "MARTLET_CONFIG_FILE")
        let file = invocation.value("config.file") ?? named ?? (Files.exists("martlet.yml") ? "martlet.yml" : nil)
        do {
            tree = try SettingsTree(file: file, environment: environment, flags: invocation.settings, shape: Self.shape)
        } catch {
            guard let file, DropInSettings.isModuleFile(file) else { throw error }
            throw Failure(.configuration, "\(file) holds modules of /pve, not settings of martlet; name it with --pve.config-file")
        }
        self.environment = environment
    }

    var logger: Logger {
        Logger(
            level: tree["log"]["level"].text.flatMap(Logger.Level.init(rawValue:)) ?? .info,
            format: tree["log"]["format"].text.flatMap(Logger.Format.init(rawValue:)) ?? .logfmt)
    }

    func proxmox() throws(Failure) -> ProxmoxSettings { try ProxmoxSettings(tree["proxmox"], environment: environment) }

    func dropIn() throws(Failure) -> DropInSettings { try DropInSettings(tree["pve"], environment: environment) }

    /// The exporter's addresses.
    func listenAddresses() throws(Failure) -> [ListenAddress] {
        let setting = tree["web"]["listen_address"]
        var addresses: [ListenAddress] = []
        for text in setting.texts ?? ["127.0.0.1:9221"] {
            do { addresses.append(try ListenAddress(parsing: text)) } catch { throw setting.failure(error.message) }
        }
        guard !addresses.isEmpty else { throw setting.failure("web.listen_address names no address") }
        return addresses
    }

    var scrapeTimeoutSeconds: Double { tree["exporter"]["scrape_timeout"].seconds ?? 10 }
    var requestsInFlight: Int { tree["web"]["max_requests"].integer ?? 40 }
}
