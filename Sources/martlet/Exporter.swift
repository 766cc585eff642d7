import Exporting
import Primitives
import ProxmoxCollector
import ProxmoxConfiguration
import ProxmoxDropIn
import Serving
import Settings
import Web

/// What `martlet exporter` and `martlet up` serve.
enum Exporter {
    /// What collectors have in common, and what they keep over a reload.
    private static let things = KeptThings()

    /// Errors: nothing is configured, or what is cannot be used.
    static func contents(
        _ configuration: Configuration, _ proxmox: ProxmoxSettings, _ dropIn: DropInSettings, _ http: HTTPClient
    ) throws(Failure) -> ExporterContents {
        let seconds = configuration.scrapeTimeoutSeconds
        let context = CollectionContext(
            deadline: .after(seconds: seconds), detail: configuration.detail, fileSystemRoot: try configuration.fileSystemRoot(),
            http: http, logger: configuration.logger)
        let choice = try CollectorChoice(
            Collectors.registered,
            CollectorSurroundings(settings: configuration.tree, role: configuration.role, context: context, things: things))
        let watched = ProxmoxSettings(clusters: collectsClusters(configuration) ? proxmox.clusters : [], slow: proxmox.slow)
        let lacksClusters = proxmox.clusters.isEmpty && configuration.tree["proxmox"]["enabled"].text == "true"
        let isForHost = [.host, .gpu].contains(configuration.role)
        guard !lacksClusters, !watched.clusters.isEmpty || !dropIn.modules.isEmpty || choice.isReasonToServe || isForHost else {
            if let problem = dropIn.modulesProblem { throw problem }
            throw nothing(configuration, proxmox)
        }
        let collector = ProxmoxCollector(watched)
        let clusters = proxmox.clusters.map { DropInCluster(name: $0.name, endpoints: $0.endpoints, credential: $0.credential) }
        let handler = try DropInHandler(dropIn, clusters: clusters, scrapeTimeoutSeconds: seconds, context: context)
        let page = ExporterContents.Page(
            "/pve", title: "/pve?target=HOST, as prometheus-pve-exporter", requestsInFlight: 100, handler: handler.handle)
        return ExporterContents(
            collectors: (watched.clusters.isEmpty ? [] : [collector]) + choice.collectors, own: [collector.requests, handler.metrics],
            pages: [page] + choice.pages, scrapeTimeoutSeconds: seconds, seriesLimit: configuration.seriesLimit, context: context)
    }

    private static func collectsClusters(_ configuration: Configuration) -> Bool {
        switch configuration.tree["proxmox"]["enabled"].text {
        case "true": true
        case "false": false
        default: [.auto, .central].contains(configuration.role)
        }
    }

    private static func nothing(_ configuration: Configuration, _ proxmox: ProxmoxSettings) -> Failure {
        guard proxmox.clusters.isEmpty else {
            return Failure(
                .configuration,
                "nothing is to be collected: clusters are configured, and exporter.role or proxmox.enabled leaves them out; "
                    + "zfs.enabled: true collects the ZFS of this machine")
        }
        let place =
            configuration.file.map { "\($0) names none; write proxmox.clusters into it" }
            ?? "there is no martlet.yml in the working directory; martlet init asks for what it needs and writes one, --config.file names another"
        return Failure(
            .configuration,
            "no Proxmox cluster is configured: \(place), or set PROXMOX_HOST, PROXMOX_USER, "
                + "PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE (for /pve alone, --pve.config-file does; for this machine's ZFS alone, "
                + "--exporter.role host; martlet up --simulate needs none)")
    }

    /// Says what works and is still not what one should want. Not before all else is good: an error stands alone.
    static func warn(_ warnings: [String], _ logger: Logger) {
        for warning in warnings { logger.warn(warning) }
    }

    /// Fails when credentials are refused, so that this shows before anything is served; at the start only when they are no password.
    static func checkCredentials(_ contents: ExporterContents, isStart: Bool) async throws(Failure) {
        var context = contents.context
        context.deadline = .after(seconds: contents.scrapeTimeoutSeconds)
        for collector in contents.collectors {
            try await collector.checkCredentials(context, isStart: isStart)
        }
    }

    /// The doors of `--web.config.file`; none without it.
    static func entrance(_ configuration: Configuration) throws(Failure) -> Entrance {
        guard let file = configuration.webConfigurationFile else { return Entrance() }
        return try DoorsFile.entrance(file, configuration.tree["web"]["config_file"], "web.config_file", configuration.logger)
    }
}
