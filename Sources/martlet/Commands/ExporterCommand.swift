import Exporting
import Primitives
import ProxmoxAPI
import ProxmoxCollector
import ProxmoxDropIn
import Settings
import Web

/// `martlet exporter`
enum ExporterCommand {
    static let flags =
        [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where to listen", standard: "127.0.0.1:9221", isRepeatable: true,
                setting: ["web", "listen_address"]),
            Flag("web.max-requests", "COUNT", "Requests answered at the same time", standard: "40", setting: ["web", "max_requests"]),
            Flag("scrape.timeout", "DURATION", "Longest a scrape may take", standard: "10s", setting: ["exporter", "scrape_timeout"]),
        ] + DropInSettings.flags

    static let command = Command(
        "exporter", "Serves metrics of the configured clusters on /metrics, and on /pve as prometheus-pve-exporter does", flags: flags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation)
        let proxmox = try configuration.proxmox()
        let dropIn = try configuration.dropIn()
        guard !proxmox.clusters.isEmpty || !dropIn.modules.isEmpty else {
            if let problem = dropIn.modulesProblem { throw problem }
            throw Failure(
                .configuration,
                "no Proxmox cluster is configured; write proxmox.clusters into martlet.yml, or set PROXMOX_HOST, PROXMOX_USER, "
                    + "PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE (for /pve alone, --pve.config-file does; martlet up --simulate needs none)"
            )
        }
        let addresses = try configuration.listenAddresses()
        try ServiceRunner.run { stop throws(Failure) in
            let exporter = try Exporter(configuration, proxmox, dropIn, addresses)
            try await exporter.checkCredentials()
            let service = try await exporter.start()
            await stop.wait()
            configuration.logger.info("stopping")
            await service.stop()
        }
    }
}

/// The exporter in this process, for `martlet exporter` and `martlet up`.
struct Exporter: Sendable {
    private let collector: ProxmoxCollector
    /// False when only /pve is served.
    private let hasClusters: Bool
    private let context: CollectionContext
    private let dropIn: DropInHandler
    private let options: ExporterService.Options

    init(
        _ configuration: Configuration, _ proxmox: ProxmoxSettings, _ dropIn: DropInSettings, _ addresses: [ListenAddress]
    ) throws(Failure) {
        collector = ProxmoxCollector(proxmox)
        hasClusters = !proxmox.clusters.isEmpty
        context = CollectionContext(
            deadline: .after(seconds: configuration.scrapeTimeoutSeconds), http: try HTTPClient(), logger: configuration.logger)
        let clusters = proxmox.clusters.map { DropInCluster(name: $0.name, endpoints: $0.endpoints, credential: $0.credential) }
        self.dropIn = try DropInHandler(
            dropIn, clusters: clusters, scrapeTimeoutSeconds: configuration.scrapeTimeoutSeconds, context: context)
        options = ExporterService.Options(
            addresses: addresses, origin: "--web.listen-address", scrapeTimeoutSeconds: configuration.scrapeTimeoutSeconds,
            requestsInFlight: configuration.requestsInFlight)
    }

    /// Fails when credentials are refused, so that this shows before anything is served.
    func checkCredentials() async throws(Failure) {
        guard hasClusters else { return }
        var context = context
        context.deadline = .after(seconds: options.scrapeTimeoutSeconds)
        try await collector.checkCredentials(context)
    }

    func start() async throws(Failure) -> ExporterService {
        let page = ExporterService.Page(
            "/pve", title: "/pve?target=HOST, as prometheus-pve-exporter", requestsInFlight: 100, handler: dropIn.handle)
        let service = try ExporterService(
            collectors: hasClusters ? [collector] : [], own: [collector.requests, dropIn.metrics], pages: [page], options: options,
            version: Program.version, context: context)
        try await service.start()
        return service
    }
}
