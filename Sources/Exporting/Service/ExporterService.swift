import Metrics
package import Primitives
import Synchronization
package import Web

/// The exporter as a service: an HTTP server in front of a coordinator, from start to ordered stop.
package final class ExporterService: Sendable {
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
        var last: ScrapeResult?
        /// Some collector has given data.
        var hasData = false
        var isStopping = false
        var life: [Task<Void, Never>] = []
    }

    private let coordinator: ScrapeCoordinator
    private let options: Options
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
        collectors: [any Collector], own: [any Collector] = [], options: Options, version: Version, context: CollectionContext
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
        self.version = version
        logger = context.logger
        state = shared
    }

    /// Listens on all addresses, or on none and fails; then brings the collectors to life and reads them once, so that the
    /// first scraper finds warm connections and `/ready` tells the truth.
    package func start() async throws(Failure) {
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = options.requestsInFlight
        let router = self.router()
        var servers: [HTTPServer] = []
        do {
            for address in options.addresses {
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
        for server in servers { await server.stop(withinSeconds: options.stopSeconds) }
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
        let hasData = names.isEmpty || result.shares.contains { names.contains($0.collector) && $0.sampleCount > 0 }
        state.state.withLock { state in
            state.last = result
            state.hasData = state.hasData || hasData
        }
    }

    private func router() -> Router {
        let shared = state
        let metrics = MetricsHandler(
            coordinator: coordinator, deadline: ScrapeDeadline(capSeconds: options.scrapeTimeoutSeconds),
            onResult: { [weak self] in self?.note($0) })
        let page = LandingPage(version: version)
        let health: HTTPHandler = { _ in HTTPServerResponse(text: "martlet is alive.\n") }
        let ready: HTTPHandler = { _ in
            let (hasData, isStopping) = shared.state.withLock { ($0.hasData, $0.isStopping) }
            if isStopping { return HTTPServerResponse(status: 503, text: "Shutting down.\n") }
            return hasData
                ? HTTPServerResponse(text: "martlet is ready.\n")
                : HTTPServerResponse(status: 503, text: "No collector has given data yet; the landing page says why.\n")
        }
        var router = Router()
        let names = Set(coordinator.collectors.map(\.name))
        router.get("/") { _ in page.response(shared.state.withLock { $0.last }?.shares.filter { names.contains($0.collector) } ?? []) }
        router.get("/metrics", metrics.handle)
        for path in ["/health", "/-/healthy"] { router.get(path, health) }
        for path in ["/ready", "/-/ready"] { router.get(path, ready) }
        return router
    }
}
