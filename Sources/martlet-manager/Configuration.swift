import ManagerHosting
import Primitives
import ProviderHosting
import Serving
import Settings
import Web

/// The settings of the program, put together from file, environment and flags.
struct Configuration: Sendable {
    let tree: SettingsTree

    /// All that may be set.
    static let shape = SettingsShape.section(
        [
            SettingsKey(
                "log",
                .section([
                    SettingsKey("level", .choice(Logger.Level.allCases.map(\.rawValue)), "What is worth a line.", standard: "info"),
                    SettingsKey("format", .choice(Logger.Format.allCases.map(\.rawValue)), "How a line looks.", standard: "logfmt"),
                ]), "Log lines on stderr."),
            SettingsKey(
                "web",
                .section([
                    SettingsKey(
                        "listen_address", .texts, "Where /metrics and /ready are: HOST:PORT, or unix:/PATH of a socket.",
                        standard: (["\(ManagerSettings.standardAddress) (serve)"]
                            + ProviderKinds.all.map { "\($0.standardAddress) (\($0.name))" })
                            .joined(separator: ", ")),
                    SettingsKey("config_file", .text, "TLS, users, rate limit and headers, in exporter-toolkit's format."),
                    SettingsKey(
                        "allowed_hosts", .texts,
                        "Names by which the port may be called, beside localhost and its addresses; without any, others are refused on loopback only."
                    ),
                    SettingsKey(
                        "max_requests", .integer(1...10_000), "Requests answered at the same time; more get 503.", standard: "40"),
                ]), "The HTTP port."),
            SettingsKey("manager", .section(ManagerSettings.keys), "The manager: martlet-manager serve."),
            SettingsKey("grpc", .section(GRPCSettings.keys), "Where calls come in."),
            SettingsKey(
                "provider",
                .section([
                    SettingsKey(
                        "name", .text, "What the provider is called in metrics, as NAMESPACE/NAME where a manager has several.",
                        standard: "its kind"),
                    SettingsKey(
                        "state_dir", .text, "Where the journal of operations is; it must survive restarts.",
                        standard: "/var/lib/martlet-manager/KIND"),
                ]), "What all kinds have in common."),
        ] + ProviderKinds.all.map { SettingsKey($0.name, .section($0.keys), "\($0.summary).") })

    static let fileFlag = Flag("config.file", "FILE", "Settings; martlet-manager.yml of the working directory if there is one")

    init(_ invocation: CommandLineParser.Invocation) throws(Failure) {
        var environment = ProcessEnvironment.all
        // martlet's, in an environment that both share.
        environment.removeValue(forKey: "MARTLET_CONFIG_FILE")
        environment.removeValue(forKey: "MARTLET_SIMULATED_GPU")
        let standard = "martlet-manager.yml"
        let given = invocation.value("config.file")
        let file = given ?? (Files.exists(standard) ? standard : nil)
        // One that is only found may be anybody's, where somebody else may write.
        if given == nil, let file, !Files.isOurs(file) {
            throw Failure(
                .configuration,
                "\(file) of the working directory belongs to another user, or everybody may write it, so it is not read; name it with --config.file if it is yours"
            )
        }
        tree = try SettingsTree(file: file, environment: environment, flags: invocation.settings, shape: Self.shape)
    }

    var logger: Logger {
        Logger(
            level: tree["log"]["level"].text.flatMap(Logger.Level.init(rawValue:)) ?? .info,
            format: tree["log"]["format"].text.flatMap(Logger.Format.init(rawValue:)) ?? .logfmt)
    }

    /// Where the HTTP port is.
    func listenPlaces(standard: String) throws(Failure) -> [ListenPlace] {
        let setting = tree["web"]["listen_address"]
        var places: [ListenPlace] = []
        for text in setting.texts ?? [standard] {
            do { places.append(try ListenPlace(parsing: text)) } catch { throw setting.failure(error.message) }
        }
        guard !places.isEmpty else { throw setting.failure("web.listen_address is an empty list; name an address, or leave the key out") }
        return places
    }

    /// The doors of `--web.config.file`; none without it.
    func entrance() throws(Failure) -> Entrance {
        guard let file = tree["web"].word("config_file") else { return Entrance() }
        return try DoorsFile.entrance(file, tree["web"]["config_file"], "web.config_file", logger)
    }

    /// By what names the port may be called.
    var hosts: HostCheck {
        HostCheck(allowedNames: tree["web"]["allowed_hosts"].texts ?? [], remedy: "Other names are for web.allowed_hosts.")
    }

    var requestsInFlight: Int { tree["web"]["max_requests"].integer ?? 40 }

    func grpc(of kind: any ProviderKind.Type) throws(Failure) -> GRPCSettings {
        try GRPCSettings(tree["grpc"], socket: Self.socket(of: kind))
    }

    static func socket(of kind: any ProviderKind.Type) -> String { "/run/martlet-manager/\(kind.name)/provider.sock" }

    func name(of kind: any ProviderKind.Type) -> String { tree["provider"].word("name") ?? kind.name }

    func stateDirectory(of kind: any ProviderKind.Type) -> String {
        tree["provider"].word("state_dir") ?? "/var/lib/martlet-manager/\(kind.name)"
    }
}
