package import Primitives
package import Settings
package import UpstreamConfiguration

/// The section `dashboards` of the settings.
package struct ViewerSettings: Sendable {
    package var prometheus = UpstreamSettings(url: Self.standardPrometheus)
    /// nil for none.
    package var alertmanager: UpstreamSettings? = UpstreamSettings(url: Self.standardAlertmanager)
    package var loki: UpstreamSettings?
    /// Folder of boards; nil for those that the program carries.
    package var boardsDirectory: String?
    /// Folder of the page; nil for the one that the program carries.
    package var pageDirectory: String?
    /// `https://boards.example.org`, where a proxy stands in front.
    package var externalURL: String?
    /// Between two scrapes of Prometheus, of which `$__rate_interval` takes four.
    package var scrapeSeconds = 15.0
    var maxRangeSeconds = 366 * 86_400.0
    var timeoutSeconds = 30.0
    var answerBytes = 32 << 20
    var queriesInFlight = 20
    /// Requests that are answered at the same time: a browser has six connections.
    package var requestsInFlight = 200
    package var isEnabled = true

    package init() {}

    /// The name that a proxy in front passes on; nil where nothing is said of one.
    package var externalHost: String? {
        externalURL.flatMap { Origin(parsing: $0) }?.host
    }

    /// - Parameter tree: the section `dashboards`.
    package init(_ tree: SettingsTree) throws(Failure) {
        guard let prometheus = try UpstreamSettings.read(tree["prometheus"], "dashboards.prometheus", standard: Self.standardPrometheus)
        else {
            throw tree["prometheus"]["url"].failure("url: dashboards need a Prometheus; dashboards.enabled: false has none in martlet up")
        }
        self.prometheus = prometheus
        alertmanager = try UpstreamSettings.read(tree["alertmanager"], "dashboards.alertmanager", standard: Self.standardAlertmanager)
        loki = try UpstreamSettings.read(tree["loki"], "dashboards.loki", standard: nil)
        boardsDirectory = tree.word("boards_dir")
        pageDirectory = tree.word("page_dir")
        if let url = tree.word("external_url") {
            guard let origin = Origin(parsing: url) else {
                throw tree["external_url"].failure(
                    "external_url: expected a URL such as https://boards.example.org, without a path, not \(quoted(url))")
            }
            externalURL = origin.text
        }
        scrapeSeconds = tree["scrape_interval"].seconds ?? scrapeSeconds
        maxRangeSeconds = tree["max_range"].seconds ?? maxRangeSeconds
        timeoutSeconds = tree["timeout"].seconds ?? timeoutSeconds
        answerBytes = tree["max_answer_mib"].integer.map { $0 << 20 } ?? answerBytes
        queriesInFlight = tree["max_queries"].integer ?? queriesInFlight
        requestsInFlight = tree["max_requests"].integer ?? requestsInFlight
        isEnabled = tree["enabled"].flag ?? true
    }

    package static let standardAddress = "127.0.0.1:3000"
    package static let standardPrometheus = "http://127.0.0.1:9090"
    package static let standardAlertmanager = "http://127.0.0.1:9093"

    /// What may stand in the section.
    package static let shape = SettingsShape.section([
        SettingsKey("enabled", .flag, "Whether martlet up serves dashboards.", standard: "true"),
        SettingsKey("listen_address", .texts, "Where dashboards listen: HOST:PORT, or unix:/PATH of a socket.", standard: standardAddress),
        SettingsKey(
            "web_config_file", .text,
            "TLS, users, rate limit and headers of the dashboards, in exporter-toolkit's format; silences need a user. In martlet up it is theirs alone.",
            standard: "web.config_file"),
        SettingsKey(
            "external_url", .text, "URL by which browsers come, where a proxy stands in front: pages from there may create silences.",
            standard: "the address that the browser names"),
        SettingsKey("boards_dir", .text, "Folder of Grafana's JSON files, looked at every two seconds.", standard: "the shipped boards"),
        SettingsKey("page_dir", .text, "Folder of the page's files, read at the start and at a reload.", standard: "the shipped page"),
        SettingsKey(
            "prometheus", .section(UpstreamSettings.keys("Prometheus", standard: standardPrometheus)),
            "The Prometheus that boards are drawn from. Martlet up takes its own unless a URL stands here."),
        SettingsKey(
            "alertmanager", .section(UpstreamSettings.keys("Alertmanager", standard: standardAlertmanager)),
            "The Alertmanager whose alerts and silences are shown. Martlet up takes its own unless a URL stands here."),
        SettingsKey("loki", .section(UpstreamSettings.keys("Loki", standard: "off")), "The Loki that panels of logs are drawn from."),
        SettingsKey(
            "scrape_interval", .seconds(1...3600), "Time between scrapes, of which rates on boards span four.", standard: "15s"),
        SettingsKey("max_range", .seconds(3600...315_360_000), "Longest span of time that a query may ask for.", standard: "366d"),
        SettingsKey("timeout", .seconds(1...600), "Longest that a query may take.", standard: "30s"),
        SettingsKey("max_answer_mib", .integer(1...64), "Largest answer to a query, in MiB.", standard: "32"),
        SettingsKey("max_queries", .integer(1...1000), "Queries that Prometheus is asked at the same time.", standard: "20"),
        SettingsKey("max_requests", .integer(1...10_000), "Requests answered at the same time; more get 503.", standard: "200"),
    ])
}
