import ContainerCollector
import Discovery
import Exporting
import GPUCollector
import LLMCollector
import Logs
import Metrics
import Primitives
import ProxmoxCollector
import ProxmoxConfiguration
import ProxmoxDropIn
import Settings
import Stack
import SystemCollector
import Viewer
import Web
import ZFSCollector

/// The settings of the program, put together from file, environment and flags.
struct Configuration: Sendable {
    let tree: SettingsTree
    /// The file that was read; nil when there is none.
    let file: String?
    let environment: [String: String]
    /// Where services listen that no setting gives an address.
    let profile: StackProfile

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
                SettingsKey(
                    "listen_address", .texts, "Where the exporter listens: HOST:PORT, or unix:/PATH of a socket.",
                    standard: "127.0.0.1:9221"),
                SettingsKey("systemd_socket", .flag, "Take the sockets of systemd's socket activation instead.", standard: "false"),
                SettingsKey("config_file", .text, "TLS, users, rate limit and headers, in exporter-toolkit's format."),
                SettingsKey(
                    "allowed_hosts", .texts,
                    "Names by which the services may be called, beside localhost and the addresses that they listen on; without any, others are refused on loopback only. A proxy in front may pass on the name it was called by."
                ),
                SettingsKey(
                    "max_requests", .integer(1...10_000),
                    "Requests answered at the same time; more get 503. The last quarter is for addresses that have none.", standard: "40"),
            ]), "The HTTP servers of exporter and discovery; each listens where its own section says."),
        SettingsKey(
            "exporter",
            .section([
                SettingsKey(
                    "role", .choice(Collectors.Role.allCases.map(\.rawValue)),
                    "What is collected where a section's enabled is auto: what there is, what a central exporter asks for over the network (Proxmox, LLM servers), what a host knows of itself (ZFS, containers, its own sums, and its cards where NVIDIA's driver is loaded), or what a machine with GPUs does (cards, containers, its own sums). LLM servers that are named are asked in every role.",
                    standard: Collectors.Role.auto.rawValue),
                SettingsKey(
                    "root", .text, "Folder that the host's /proc and /sys are below, as a container has them mounted; an absolute path.",
                    standard: "/"),
                SettingsKey(
                    "scrape_timeout", .seconds(0.1...600),
                    "Longest a scrape may take; Prometheus' own timeout, which it sends along, can only shorten it.", standard: "10s"),
                SettingsKey(
                    "detail", .choice(Detail.allCases.map(\.rawValue)),
                    "How fine the series of /metrics are: of guests as wholes, of their disks and network cards too, or all that there is.",
                    standard: Detail.standard.rawValue),
                SettingsKey(
                    "series_limit", .integer(1000...10_000_000),
                    "Most series of a scrape of /metrics; families past it are left out whole, the finest first, and counted.",
                    standard: String(ScrapeCoordinator.standardSeriesLimit)),
            ]), "How the exporter collects."),
        SettingsKey("proxmox", ProxmoxSettings.shape, "Proxmox VE clusters."),
        SettingsKey("discovery", DiscoverySettings.shape, "Service discovery for Prometheus."),
        SettingsKey("dashboards", ViewerSettings.shape, "Dashboards in a browser, without Grafana."),
        SettingsKey("logs", LogsSettings.shape, "Lines of the journal and of containers, for Loki."),
        SettingsKey("zfs", ZFSSettings.shape, "ZFS of this machine."),
        SettingsKey("gpu", GPUSettings.shape, "NVIDIA cards of this machine, and their vGPUs."),
        SettingsKey("containers", ContainerSettings.shape, "Containers and LXC guests of this machine."),
        SettingsKey("system", SystemSettings.shape, "Sums of this machine, for who has no node_exporter on it."),
        SettingsKey("llm", LLMSettings.shape, "LLM servers: vLLM, SGLang, TGI, llama.cpp, Ollama, Triton, LiteLLM."),
        SettingsKey("pve", DropInSettings.shape, "The endpoint /pve, for who comes from prometheus-pve-exporter."),
        SettingsKey("stack", StackSettings.shape, "What martlet up runs."),
    ])

    /// Variables that are no settings.
    static let variables =
        [
            (name: "MARTLET_CONFIG_FILE", help: "The file of settings, as --config.file."),
            (
                name: "MARTLET_SIMULATED_GPU",
                help: "The state file of martlet simulate gpu, for the simulated library that gpu.library names."
            ),
        ] + ConfiguredClusters.variables
        + DiscoverySettings.variables + DropInSettings.variables

    static let fileFlag = Flag("config.file", "FILE", "Settings; martlet.yml of the working directory if there is one")

    /// - Parameter isStack: whether it is for the whole stack, so that its profile says where services listen.
    init(_ invocation: CommandLineParser.Invocation, ofStack isStack: Bool = false) throws(Failure) {
        var environment = ProcessEnvironment.all
        // Names the file, so it cannot be a setting in it.
        let named = environment.removeValue(forKey: "MARTLET_CONFIG_FILE")
        // The library's own.
        environment.removeValue(forKey: "MARTLET_SIMULATED_GPU")
        let given = invocation.value("config.file")
        file = given ?? named ?? (Files.exists("martlet.yml") ? "martlet.yml" : nil)
        // One that is only found may be anybody's, where somebody else may write; it would say where our credentials go.
        if given == nil, named == nil, let file, !Files.isOurs(file) {
            throw Failure(
                .configuration,
                "\(file) of the working directory belongs to another user, or everybody may write it, so it is not read; name it with --config.file if it is yours"
            )
        }
        do {
            tree = try SettingsTree(file: file, environment: environment, flags: invocation.settings, shape: Self.shape)
        } catch {
            if let file, DropInSettings.isModuleFile(file) {
                throw Failure(.configuration, "\(file) holds modules of /pve, not settings of martlet; name it with --pve.config-file")
            }
            guard error.code == .environment, given ?? named != nil else { throw error }
            throw Failure(.environment, "\(given == nil ? "environment variable MARTLET_CONFIG_FILE" : "--config.file"): \(error.message)")
        }
        self.environment = environment
        profile = isStack ? StackSettings(tree["stack"], invocation).profile : .standard
    }

    var logger: Logger {
        Logger(
            level: tree["log"]["level"].text.flatMap(Logger.Level.init(rawValue:)) ?? .info,
            format: tree["log"]["format"].text.flatMap(Logger.Format.init(rawValue:)) ?? .logfmt)
    }

    func clusters() throws(Failure) -> ConfiguredClusters { try ConfiguredClusters(tree["proxmox"], environment: environment) }

    func proxmox() throws(Failure) -> ProxmoxSettings { try ProxmoxSettings(tree["proxmox"], clusters: try clusters()) }

    func discovery() throws(Failure) -> DiscoverySettings {
        try DiscoverySettings(tree["discovery"], clusters: try clusters(), environment: environment)
    }

    func dashboards() throws(Failure) -> ViewerSettings { try ViewerSettings(tree["dashboards"]) }

    func logs() throws(Failure) -> LogsSettings { try LogsSettings(tree["logs"]) }

    func zfs() throws(Failure) -> ZFSSettings { try ZFSSettings(tree["zfs"]) }

    func gpu() throws(Failure) -> GPUSettings { try GPUSettings(tree["gpu"]) }

    func containers() throws(Failure) -> ContainerSettings { try ContainerSettings(tree["containers"]) }

    func llm() throws(Failure) -> LLMSettings { try LLMSettings(tree["llm"]) }

    var role: Collectors.Role { tree["exporter"]["role"].text.flatMap(Collectors.Role.init(rawValue:)) ?? .auto }

    /// In front of /proc and /sys; empty for the machine's own.
    func fileSystemRoot() throws(Failure) -> String {
        guard var path = tree["exporter"].word("root") else { return "" }
        guard path.hasPrefix("/") else { throw tree["exporter"]["root"].failure("root: \(quoted(path)) is no absolute path") }
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }

    func dropIn() throws(Failure) -> DropInSettings { try DropInSettings(tree["pve"], environment: environment) }

    /// What listens, each where its own section says.
    enum Service {
        case exporter
        case discovery
        case dashboards
        case logs

        fileprivate var section: String {
            switch self {
            case .exporter: "web"
            case .discovery: "discovery"
            case .dashboards: "dashboards"
            case .logs: "logs"
            }
        }
        fileprivate var part: StackProfile.Part {
            switch self {
            case .exporter: .exporter
            case .discovery: .discovery
            case .dashboards: .dashboards
            case .logs: .logs
            }
        }
    }

    /// Where the service listens.
    func listenPlaces(of service: Service) throws(Failure) -> [ListenPlace] {
        let setting = tree[service.section]["listen_address"]
        var places: [ListenPlace] = []
        for text in setting.texts ?? [profile.address(of: service.part)] {
            let place: ListenPlace
            do { place = try ListenPlace(parsing: text) } catch { throw setting.failure(error.message) }
            let isTwice = places.contains(place) && place.hasFixedPlace
            guard !isTwice else { throw setting.failure("listen address \(place) is named twice; once is enough") }
            places.append(place)
        }
        guard !places.isEmpty else {
            throw setting.failure("\(service.section).listen_address is an empty list; name an address, or leave the key out")
        }
        return places
    }

    /// Opens them, or takes what systemd has opened.
    ///
    /// - Parameter origin: the flag that names the address on this command line, for the error when it is busy.
    func listeners(of service: Service, origin: String = "--web.listen-address") throws(Failure) -> [Listener] {
        if takesSystemdSockets { return try Listener.inherited() }
        return try Listener.open(try listenPlaces(of: service), origin: origin)
    }

    /// Where and to whom the service answers, its doors aside.
    ///
    /// - Parameter origin: as of `listeners`.
    func serviceOptions(of service: Service, origin: String = "--web.listen-address") throws(Failure) -> ExporterService.Options {
        var options = ExporterService.Options(listeners: try listeners(of: service, origin: origin))
        options.hosts = hosts
        options.requestsInFlight = requestsInFlight
        return options
    }

    var takesSystemdSockets: Bool { tree["web"]["systemd_socket"].flag ?? false }

    /// The file of the doors, if there is to be one.
    var webConfigurationFile: String? { tree["web"].word("config_file") }

    /// The file of the dashboards' own doors.
    var dashboardsConfigurationFile: String? { tree["dashboards"].word("web_config_file") }

    /// By what names services may be called.
    var hosts: HostCheck { hosts(with: nil) }

    /// - Parameter name: one more.
    func hosts(with name: String?) -> HostCheck {
        HostCheck(
            allowedNames: (tree["web"]["allowed_hosts"].texts ?? []) + [name].compactMap { $0 },
            remedy: "Other names are for --web.allowed-hosts.")
    }

    /// Sections and keys that a reload leaves as they are.
    private static let readOnce = [
        ["log"], ["web"], ["stack"], ["discovery", "listen_address"], ["dashboards", "enabled"], ["dashboards", "listen_address"],
        ["dashboards", "web_config_file"], ["dashboards", "max_requests"], ["dashboards", "external_url"], ["logs", "listen_address"],
        ["logs", "state_dir"],
    ]

    /// Throws when these settings differ from those of the start in what is read at the start only.
    func checkReload(from start: Configuration) throws(Failure) {
        for root in Self.readOnce {
            let (section, old) = (root.reduce(tree) { $0[$1] }, root.reduce(start.tree) { $0[$1] })
            guard let (path, place) = section.difference(from: old) else { continue }
            let name = (root + path).joined(separator: ".")
            let isGone = !path.reduce(section, { $0[$1] }).isSet
            throw place.failure(
                isGone
                    ? "\(name) stood here at the start, the only time that it is read, and is gone; restart martlet"
                    : "\(name) is read at the start only; restart martlet")
        }
    }

    var scrapeTimeoutSeconds: Double { tree["exporter"]["scrape_timeout"].seconds ?? 10 }
    var requestsInFlight: Int { tree["web"]["max_requests"].integer ?? 40 }
    var detail: Detail { tree["exporter"]["detail"].text.flatMap(Detail.init(rawValue:)) ?? .standard }
    var seriesLimit: Int { tree["exporter"]["series_limit"].integer ?? ScrapeCoordinator.standardSeriesLimit }
}
