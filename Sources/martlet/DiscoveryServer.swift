import Discovery
import Exporting
import Primitives
import ProxmoxConfiguration
import Web

/// What `martlet discovery` and `martlet up` serve on discovery's address.
enum DiscoveryServer {
    /// Requests of /targets that are answered at the same time; while a cluster is read for the first time they wait, each job of each
    /// Prometheus one.
    private static let requestsInFlight = 32

    /// Errors: no cluster is configured.
    ///
    /// - Parameter needsClusters: false for a stack that watches other things; its Prometheus asks all the same, and is told of no target.
    static func contents(
        _ configuration: Configuration, _ settings: DiscoverySettings, _ http: HTTPClient, needsClusters: Bool = true
    ) throws(Failure) -> ExporterContents {
        guard !needsClusters || !settings.clusters.isEmpty else {
            let place =
                configuration.file.map { "\($0) names none; write proxmox.clusters into it" }
                ?? "there is no martlet.yml in the working directory; martlet init asks for what it needs and writes one, --config.file names another"
            throw Failure(
                .configuration,
                "no Proxmox cluster is configured: \(place), or set PROXMOX_HOST, PROXMOX_USER, PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE")
        }
        let collector = DiscoveryCollector(settings)
        let page = ExporterContents.Page(
            DiscoveryCollector.path, title: "/targets, for http_sd_configs of Prometheus", requestsInFlight: requestsInFlight,
            handler: collector.targets)
        let context = CollectionContext(
            deadline: .after(seconds: configuration.scrapeTimeoutSeconds), detail: configuration.detail, http: http,
            logger: configuration.logger)
        var contents = ExporterContents(
            collectors: [collector], pages: [page], scrapeTimeoutSeconds: configuration.scrapeTimeoutSeconds,
            seriesLimit: configuration.seriesLimit, context: context)
        contents.title = "discovery"
        contents.unreadiness = { collector.unreadiness }
        // What a cluster lacks is to stand in the log and on the page also where nobody scrapes discovery.
        contents.ownScrapeSeconds = 10
        return contents
    }
}
