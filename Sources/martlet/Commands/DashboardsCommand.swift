import Exporting
import Primitives
import Serving
import Settings
import Viewer
import Web

/// `martlet dashboards`
enum DashboardsCommand {
    /// What dashboards have beside the flags of every service.
    static let flags =
        [
            Flag(
                "dashboards.prometheus-url", "URL", "The Prometheus that boards are drawn from",
                standard: ViewerSettings.standardPrometheus,
                setting: ["dashboards", "prometheus", "url"]),
            Flag(
                "dashboards.alertmanager-url", "URL", "The Alertmanager whose alerts and silences are shown; off for none",
                standard: ViewerSettings.standardAlertmanager, setting: ["dashboards", "alertmanager", "url"]),
        ] + commonFlags

    /// Those that `martlet up` has too, which knows where its programs are.
    static let commonFlags = [
        Flag("dashboards.loki-url", "URL", "The Loki that panels of logs are drawn from", setting: ["dashboards", "loki", "url"]),
        Flag(
            "dashboards.external-url", "URL", "Where browsers come from, with a proxy in front",
            setting: ["dashboards", "external_url"]),
        Flag(
            "dashboards.boards-dir", "DIR", "Grafana's JSON files in place of the shipped boards", setting: ["dashboards", "boards_dir"]),
        Flag("dashboards.page-dir", "DIR", "The page's files in place of the shipped ones", setting: ["dashboards", "page_dir"]),
        Flag(
            "dashboards.web-config-file", "FILE", "TLS, users, rate limit and headers of the dashboards; silences need a user",
            setting: ["dashboards", "web_config_file"]),
    ]

    static let command = Command(
        "dashboards", "Shows Grafana's boards in a browser, without Grafana, from what Prometheus has",
        flags: [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where to listen", standard: ViewerSettings.standardAddress, isRepeatable: true,
                setting: ["dashboards", "listen_address"]),
        ] + flags + ExporterCommand.webFlags.filter { $0.name != "web.max-requests" } + ExporterCommand.doorFlags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation)
        let settings = try configuration.dashboards()
        _ = try configuration.listenPlaces(of: .dashboards)
        let entrance = try DashboardsServer.entrance(configuration, isAlone: true)
        try ServiceRunner.run { stop throws(Failure) in
            let http = try HTTPClient()
            let contents = try DashboardsServer.contents(configuration, settings, entrance, http)
            let options = try DashboardsServer.options(configuration, settings, entrance)
            let service = ExporterService(contents, options: options, version: Program.version) { () async throws(Failure) in
                let again = try Configuration(invocation)
                try again.checkReload(from: configuration)
                return try DashboardsServer.contents(again, try again.dashboards(), entrance, http)
            }
            try service.start()
            await ServiceRunner.serve([service], until: stop, logger: configuration.logger)
        }
    }
}
