import Exporting
import Metrics
import Primitives
import ProxmoxAPI
import ProxmoxCollector
import ProxmoxDropIn
import Settings
import Synchronization
import Web
import WebConfiguration

/// `martlet exporter`
enum ExporterCommand {
    static let flags =
        [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where to listen", standard: "127.0.0.1:9221", isRepeatable: true,
                setting: ["web", "listen_address"]),
            Flag(
                "web.systemd-socket", nil, "Take the sockets that systemd opened, in place of --web.listen-address",
                setting: ["web", "systemd_socket"]),
            Flag(
                "web.config.file", "FILE", "TLS, users, rate limit and headers, as exporter-toolkit's programs read them",
                setting: ["web", "config_file"]),
            Flag(
                "web.allowed-hosts", "NAME", "By what names the exporter may be called on loopback, beside localhost", isRepeatable: true,
                setting: ["web", "allowed_hosts"]),
            Flag("web.max-requests", "COUNT", "Requests answered at the same time", standard: "40", setting: ["web", "max_requests"]),
            Flag("scrape.timeout", "DURATION", "Longest a scrape may take", standard: "10s", setting: ["exporter", "scrape_timeout"]),
            Flag(
                "exporter.detail", "LEVEL", "How fine the series of /metrics are: guest, disk or all", standard: Detail.standard.rawValue,
                setting: ["exporter", "detail"]),
            Flag(
                "exporter.series-limit", "COUNT", "Most series of a scrape of /metrics",
                standard: String(ScrapeCoordinator.standardSeriesLimit), setting: ["exporter", "series_limit"]),
        ] + DropInSettings.flags

    static let command = Command(
        "exporter", "Serves metrics of the configured clusters on /metrics, and on /pve as prometheus-pve-exporter does", flags: flags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation)
        let proxmox = try configuration.proxmox()
        let dropIn = try configuration.dropIn()
        _ = try configuration.listenPlaces()
        // What is wrong with it shows before anything is opened.
        let entrance = try Exporter.entrance(configuration)
        try ServiceRunner.run { stop throws(Failure) in
            let http = try HTTPClient()
            let contents = try Exporter.contents(configuration, proxmox, dropIn, http)
            try await Exporter.checkCredentials(contents)
            var options = ExporterService.Options(listeners: try configuration.listeners())
            options.entrance = entrance
            options.hosts = configuration.hosts
            options.requestsInFlight = configuration.requestsInFlight
            let service = ExporterService(contents, options: options, version: Program.version) { () async throws(Failure) in
                let again = try Configuration(invocation)
                try again.checkReload(from: configuration)
                let proxmox = try again.proxmox()
                let contents = try Exporter.contents(again, proxmox, try again.dropIn(), http)
                try await Exporter.checkCredentials(contents)
                Exporter.warn(of: proxmox, again.logger)
                return contents
            }
            try service.start()
            Exporter.warn(of: proxmox, configuration.logger)
            await ServiceRunner.serve(service, until: stop, logger: configuration.logger)
        }
    }
}

/// What `martlet exporter` and `martlet up` serve.
enum Exporter {
    /// Errors: nothing is configured, or what is cannot be used.
    static func contents(
        _ configuration: Configuration, _ proxmox: ProxmoxSettings, _ dropIn: DropInSettings, _ http: HTTPClient
    ) throws(Failure) -> ExporterContents {
        guard !proxmox.clusters.isEmpty || !dropIn.modules.isEmpty else {
            if let problem = dropIn.modulesProblem { throw problem }
            throw Failure(
                .configuration,
                "no Proxmox cluster is configured; write proxmox.clusters into martlet.yml, or set PROXMOX_HOST, PROXMOX_USER, "
                    + "PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE (for /pve alone, --pve.config-file does; martlet up --simulate needs none)"
            )
        }
        let seconds = configuration.scrapeTimeoutSeconds
        let context = CollectionContext(
            deadline: .after(seconds: seconds), detail: configuration.detail, http: http, logger: configuration.logger)
        let collector = ProxmoxCollector(proxmox)
        let clusters = proxmox.clusters.map { DropInCluster(name: $0.name, endpoints: $0.endpoints, credential: $0.credential) }
        let handler = try DropInHandler(dropIn, clusters: clusters, scrapeTimeoutSeconds: seconds, context: context)
        let page = ExporterContents.Page(
            "/pve", title: "/pve?target=HOST, as prometheus-pve-exporter", requestsInFlight: 100, handler: handler.handle)
        return ExporterContents(
            collectors: proxmox.clusters.isEmpty ? [] : [collector], own: [collector.requests, handler.metrics], pages: [page],
            scrapeTimeoutSeconds: seconds, seriesLimit: configuration.seriesLimit, context: context)
    }

    /// Says what works and is still not what one should want. Not before all else is good: an error stands alone.
    static func warn(of proxmox: ProxmoxSettings, _ logger: Logger) {
        for warning in proxmox.warnings { logger.warn(warning) }
    }

    /// Fails when credentials are refused, so that this shows before anything is served.
    static func checkCredentials(_ contents: ExporterContents) async throws(Failure) {
        for case let collector as ProxmoxCollector in contents.collectors {
            var context = contents.context
            context.deadline = .after(seconds: contents.scrapeTimeoutSeconds)
            try await collector.checkCredentials(context)
        }
    }

    /// The doors of `--web.config.file`; none without it.
    static func entrance(_ configuration: Configuration) throws(Failure) -> Entrance {
        guard let file = configuration.webConfigurationFile else { return Entrance() }
        let logger = configuration.logger
        // Said again only when they have changed: files are read at every reload.
        let said = Mutex<[String]>([])
        return try Entrance(logger: logger) { () throws(Failure) in
            let web = try WebConfiguration(file: file)
            let isNews = said.withLock { said in
                defer { said = web.warnings }
                return said != web.warnings
            }
            if isNews { for warning in web.warnings { logger.warn(warning) } }
            return Entrance.Reading(web.doors, files: [file])
        }
    }
}
