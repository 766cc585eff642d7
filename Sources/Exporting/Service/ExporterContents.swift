package import Web

/// What an exporter serves: all that a configuration decides and a reload may change.
package struct ExporterContents: Sendable {
    /// A page beside the service's own.
    package struct Page: Sendable {
        let path: String
        /// As the landing page names it.
        let title: String
        /// Requests answered at the same time, beside those of the other pages.
        let requestsInFlight: Int
        let handler: HTTPHandler

        package init(_ path: String, title: String, requestsInFlight: Int, handler: @escaping HTTPHandler) {
            self.path = path
            self.title = title
            self.requestsInFlight = requestsInFlight
            self.handler = handler
        }
    }

    /// What the service is there for beside its own pages, where that is more than a few paths.
    package struct Site: Sendable {
        /// Largest body of a request.
        let bodyBytes: Int
        /// Of every answer of the service.
        let headers: [DoorSettings.Header]
        package let handler: HTTPHandler

        package init(bodyBytes: Int, headers: [DoorSettings.Header], handler: @escaping HTTPHandler) {
            self.bodyBytes = bodyBytes
            self.headers = headers
            self.handler = handler
        }
    }

    /// What the service is, as its landing page says it: `exporter`, `discovery`.
    package var title = "exporter"
    package var collectors: [any Collector]
    /// Collectors of what martlet knows of itself, beside the exporter's and the process' own.
    package var own: [any Collector]
    /// Their paths and limits are those of the start for as long as the service runs.
    package var pages: [Page]
    /// Answers `/` in place of the landing page, and all paths that are not the service's own. Whether there is one, its largest body and its
    /// headers are those of the start.
    package var site: Site?
    package var scrapeTimeoutSeconds: Double
    /// Most series of a scrape.
    package var seriesLimit: Int
    /// What collectors see.
    package var context: CollectionContext
    /// Why the service is not ready, nil once it is; without it, it is ready when some collector has given data.
    package var unreadiness: (@Sendable () -> String?)?
    /// Seconds between two scrapes that the service makes by itself, so that its log and its landing page are up to date where nobody else
    /// scrapes; without it, it makes them only until it is ready.
    package var ownScrapeSeconds: Double?

    package init(
        collectors: [any Collector], own: [any Collector] = [], pages: [Page] = [], scrapeTimeoutSeconds: Double = 10,
        seriesLimit: Int = ScrapeCoordinator.standardSeriesLimit, context: CollectionContext
    ) {
        self.collectors = collectors
        self.own = own
        self.pages = pages
        self.scrapeTimeoutSeconds = scrapeTimeoutSeconds
        self.seriesLimit = seriesLimit
        self.context = context
    }
}
