import Metrics
package import Primitives
import Synchronization
package import Web

/// The exporter as a service: an HTTP server in front of a coordinator, from start to ordered stop.
package final class ExporterService: Sendable {
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

    package struct Options: Sendable {
        package var addresses: [ListenAddress]
        /// The flag or key that set the addresses, for the error of a busy port.
        package var origin: String
        package var scrapeTimeoutSeconds: Double
        package var requestsInFlight: Int
        /// How long a stop waits for requests in flight.
        package var stopSeconds: Double = 5

        package init(addresses: [ListenAddress], origin: String, scrapeTimeoutSeconds: Double = 10, requestsInFlight: Int = 40) {
            self.addresses = addresses
            self.origin = origin
            self.scrapeTimeoutSeconds = scrapeTimeoutSeconds
            self.requestsInFlight = requestsInFlight
        }
    }

    private struct State {
        var servers: [HTTPServer] = []
        /// How the last whole scrape went, for each collector.
        var last: [ScrapeResult.Share] = []
        /// Some collector has given data.
        var hasData = false
        var isStopping = false
        var life: [Task<Void, Never>] = []
    }

    private let coordinator: ScrapeCoordinator
    private let options: Options
    private let pages: [Page]
    private let version: Version
    private let logger: Logger
    private let state: Shared

    /// Shared with handlers and with the collector of the server's own counts, which exist before the service does.
    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    /// - Parameter own: collectors of what martlet knows of itself, beside the exporter's and the process' own.
    /// - Parameter context: what collectors see.
    package init(
        collectors: [any Collector], own: [any Collector] = [], pages: [Page] = [], options: Options, version: Version,
        context: CollectionContext
    ) throws(Failure) {
        let shared = Shared()
        let exporter = ExporterCollector(version: version) {
            let counts = shared.state.withLock { $0.servers }.map(\.counts)
            return counts.first.map { first in
                counts.dropFirst().reduce(into: first) { sum, next in
                    sum.requests += next.requests
                    sum.refused += next.refused
                    sum.inFlight += next.inFlight
                }
            }
        }
        coordinator = try ScrapeCoordinator(collectors: collectors, own: own + [exporter, ProcessCollector()], context: context)
        self.options = options
        self.pages = pages
        self.version = version
        logger = context.logger
        state = shared
    }

    /// Listens on all addresses, or on none and fails; then brings the collectors to life and reads them once, so that the
    /// first scraper finds warm connections and `/ready` tells the truth.
    package func start() async throws(Failure) {
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = options.requestsInFlight
        limits.unlimitedPaths = Set(Self.healthPaths + Self.readyPaths)
        for page in pages { limits.ownLimits[page.path] = page.requestsInFlight }
        let router = self.router()
        var servers: [HTTPServer] = []
        do {
            for address in options.addresses {
                // A quarter of all connections: one address that opens many and says nothing leaves room for the others. On loopback
                // all have the same.
                limits.connectionsPerAddress = address.host.hasPrefix("127.") || address.host == "::1" ? 0 : limits.connections / 4
                let server = try HTTPServer(
                    listen: address, origin: options.origin, limits: limits, logger: logger, handler: router.handle)
                servers.append(server)
            }
        } catch {
            for server in servers { await server.stop(withinSeconds: 0) }
            throw error
        }
        for server in servers { logger.info("listening", ["address": server.address.description]) }
        let coordinator = coordinator
        let life = [
            Task.detached { await coordinator.run() },
            Task.detached { [self] in await warmUp() },
        ]
        state.state.withLock { state in
            state.servers = servers
            state.life = life
        }
    }

    /// The addresses it listens on, with the ports that the kernel chose for 0.
    package var addresses: [ListenAddress] { state.state.withLock { $0.servers.map(\.address) } }

    package func stop() async {
        let (servers, life) = state.state.withLock { state in
            state.isStopping = true
            defer { state.life = [] }
            return (state.servers, state.life)
        }
        // `/ready` says 503 and new scrapes are turned away while those in flight finish; only then are the doors closed.
        let deadline = Deadline.after(seconds: options.stopSeconds)
        while servers.contains(where: { $0.counts.inFlight > 0 }) && !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(10)) }
        for server in servers { await server.stop(withinSeconds: deadline.remainingSeconds) }
        for task in life { task.cancel() }
    }

    /// Scrapes until some collector has given data, then never again by itself.
    private func warmUp() async {
        var pauseSeconds = 1.0
        while !Task.isCancelled {
            note(await coordinator.scrape(by: .after(seconds: options.scrapeTimeoutSeconds)))
            if state.state.withLock({ $0.hasData }) { return }
            try? await Task.sleep(for: .seconds(pauseSeconds))
            pauseSeconds = min(pauseSeconds * 2, 30)
        }
    }

    private func note(_ result: ScrapeResult) {
        let names = Set(coordinator.collectors.map(\.name))
        let shares = result.shares.filter { names.contains($0.collector) }
        let hasData = names.isEmpty || shares.contains { $0.sampleCount > 0 }
        state.state.withLock { state in
            // A scrape of some collectors says nothing of the others.
            if shares.count == names.count { state.last = shares }
            state.hasData = state.hasData || hasData
        }
    }

    private func router() -> Router {
        let shared = state
        let metrics = MetricsHandler(
            coordinator: coordinator, deadline: ScrapeDeadline(capSeconds: options.scrapeTimeoutSeconds),
            onResult: { [weak self] in self?.note($0) })
        let page = LandingPage(version: version, hasCollectors: !coordinator.collectors.isEmpty, links: pages.map { ($0.path, $0.title) })
        let health: HTTPHandler = { _ in HTTPServerResponse(text: "martlet is alive.\n") }
        let ready: HTTPHandler = { _ in
            let (hasData, isStopping) = shared.state.withLock { ($0.hasData, $0.isStopping) }
            if isStopping { return Self.stopping }
            return hasData
                ? HTTPServerResponse(text: "martlet is ready.\n")
                : HTTPServerResponse(status: 503, text: "No collector has given data yet; the landing page says why.\n")
        }
        var router = Router()
        router.get("/") { _ in page.response(shared.state.withLock { $0.last }) }
        router.get("/metrics") { request in
            guard !shared.state.withLock({ $0.isStopping }) else { return Self.stopping }
            return await metrics.handle(request)
        }
        for page in pages {
            router.get(page.path) { request in
                guard !shared.state.withLock({ $0.isStopping }) else { return Self.stopping }
                return await page.handler(request)
            }
        }
        for path in Self.healthPaths { router.get(path, health) }
        for path in Self.readyPaths { router.get(path, ready) }
        return router
    }

    private static let healthPaths = ["/health", "/-/healthy"]
    private static let readyPaths = ["/ready", "/-/ready"]
    private static var stopping: HTTPServerResponse { HTTPServerResponse(status: 503, text: "Shutting down.\n") }
}
