import Exporting
import Primitives
import Serving
import Settings
import Stack
import Viewer
import Web

/// What `martlet dashboards` and `martlet up` serve to browsers.
enum DashboardsServer {
    /// Errors: a folder that the settings name cannot be read.
    static func contents(
        _ configuration: Configuration, _ settings: ViewerSettings, _ entrance: Entrance, _ http: HTTPClient
    ) throws(Failure) -> ExporterContents {
        let collector = try ViewerCollector(
            settings, boards: ShippedBoards.all, http: http, version: Program.version, isSecure: { entrance.isSecure })
        let context = CollectionContext(
            deadline: .after(seconds: configuration.scrapeTimeoutSeconds), detail: configuration.detail, http: http,
            logger: configuration.logger)
        var contents = ExporterContents(
            collectors: [collector], scrapeTimeoutSeconds: configuration.scrapeTimeoutSeconds, seriesLimit: configuration.seriesLimit,
            context: context)
        contents.title = "dashboards"
        contents.site = collector.site
        // Files that hold no board are to stand in the log also where nobody scrapes dashboards.
        contents.ownScrapeSeconds = 60
        return contents
    }

    /// The doors of the dashboards: their own file, or where that is not set the one of all services.
    ///
    /// - Parameter isAlone: false in `martlet up`, whose other services have no doors.
    static func entrance(_ configuration: Configuration, isAlone: Bool) throws(Failure) -> Entrance {
        guard let file = configuration.dashboardsConfigurationFile else {
            return isAlone ? try Exporter.entrance(configuration) : Entrance()
        }
        let place = configuration.tree["dashboards"]["web_config_file"]
        return try DoorsFile.entrance(file, place, "dashboards.web_config_file", configuration.logger)
    }

    static func options(
        _ configuration: Configuration, _ settings: ViewerSettings, _ entrance: Entrance, origin: String = "--web.listen-address"
    ) throws(Failure) -> ExporterService.Options {
        var options = try configuration.serviceOptions(of: .dashboards, origin: origin)
        options.entrance = entrance
        options.hosts = configuration.hosts(with: settings.externalHost)
        options.requestsInFlight = settings.requestsInFlight
        return options
    }
}
