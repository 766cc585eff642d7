package import Primitives
import Synchronization
package import Web

/// The exporter, or discovery, as a service: an HTTP server in front of contents that a reload can replace, from start to ordered stop.
package final class ExporterService: Sendable {
    package struct Options: Sendable {
        package var listeners: [Listener]
        package var entrance = Entrance()
        /// By what names it answers on loopback.
        package var hosts: HostCheck? = nil
        package var requestsInFlight = 40
        /// How long a stop waits for requests in flight.
        package var stopSeconds: Double = 5

        package init(listeners: [Listener]) { self.listeners = listeners }
    }

    /// Reads the configuration again. Errors leave everything as it is.
    package typealias Reread = @Sendable () async throws(Failure) -> ExporterContents

    private struct State {
        /// Until it is served.
        var first: ExporterContents?
        var served: ServedContents?
        var server: HTTPServer?
        var isStopping = false
    }

    private let options: Options
    /// Path, title and limit of each page beside the service's own.
    private let pages: [(path: String, title: String, requestsInFlight: Int)]
    private let site: ExporterContents.Site?
    /// Whether there was something to scrape at the start.
    private let hasCollectors: Bool
    private let title: String
    private let version: Version
    private let logger: Logger
    private let reread: Reread?
    private let reloads: ReloadRecord
    /// One reload after the other.
    private let turn = AsyncSemaphore(limit: 1)
    private let state: Mutex<State>

    /// - Parameter reread: what a reload does; nil when there is nothing to read again.
    package init(_ contents: ExporterContents, options: Options, version: Version, reread: Reread? = nil) {
        self.options = options
        self.version = version
        self.reread = reread
        pages = contents.pages.map { ($0.path, $0.title, $0.requestsInFlight) }
        site = contents.site
        hasCollectors = !contents.collectors.isEmpty
        title = contents.title
        state = Mutex(State(first: contents))
        logger = contents.context.logger
        reloads = ReloadRecord(clock: contents.context.clock)
    }

    /// Answers on all listeners, or closes them and fails.
    package func start() throws(Failure) {
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = options.requestsInFlight
        // Little here reads a body; who sends one is not known yet, and may be many.
        limits.bodyBytes = site?.bodyBytes ?? 4 << 10
        limits.unlimitedPaths = Set(DoorSettings.healthPaths)
        // Reloads wait for each other; who asks for many must not keep scrapes from being answered.
        limits.ownLimits[Self.reloadPath] = 4
        for page in pages { limits.ownLimits[page.path] = page.requestsInFlight }
        // A quarter of all connections: one address that opens many leaves room for the others. On loopback all have the same.
        if options.listeners.contains(where: { $0.reach == .network }) { limits.connectionsPerAddress = limits.connections / 4 }
        let served: ServedContents
        do throws(Failure) {
            let first = state.withLock { state in
                defer { state.first = nil }
                return state.first
            }
            guard let first else { throw Failure(.usage, "an exporter starts once") }
            served = try serve(first)
        } catch {
            for listener in options.listeners { listener.close() }
            throw error
        }
        let server = try HTTPServer(
            options.listeners, limits: limits, entrance: options.entrance, hosts: options.hosts, headers: site?.headers ?? [],
            logger: logger, handler: router().handle)
        state.withLock { state in
            state.served = served
            state.server = server
        }
        for listener in server.listeners {
            logger.info("listening", ["service": title, "address": listener.name, "tls": options.entrance.isSecure])
        }
        served.live()
    }

    /// The addresses it listens on, with the ports that the kernel chose for 0.
    package var addresses: [ListenAddress] { state.withLock { $0.server }?.listeners.compactMap(\.address) ?? [] }

    /// Reads configuration and doors again and takes both, or neither.
    ///
    /// Errors: what cannot be used. Then all goes on as it was.
    package func reload() async throws(Failure) {
        let outcome = await turn.withPermit(by: .after(seconds: 60)) { () async -> Result<Void, Failure> in
            do throws(Failure) {
                let doors = try options.entrance.prepare()
                if let reread {
                    let served = try serve(try await reread())
                    if let current = state.withLock({ $0.served }) { served.follow(current) }
                    let (last, isStopping) = state.withLock { state in
                        defer { if !state.isStopping { state.served = served } }
                        return (state.served, state.isStopping)
                    }
                    guard !isStopping else { throw Failure(.unavailable, "martlet is stopping") }
                    served.live()
                    last?.end()
                }
                options.entrance.take(doors)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case nil: throw Failure(.timeout, "another reload has not ended for a minute")
        case .failure(let failure)?:
            reloads.note(isSuccess: false)
            logger.error("configuration not reloaded, the old one stays in use", ["service": title, "reason": failure.description])
            throw failure
        case .success?:
            reloads.note(isSuccess: true)
            logger.info("configuration reloaded", ["service": title])
        }
    }

    package func stop() async {
        let (server, served) = state.withLock { state in
            state.isStopping = true
            return (state.server, state.served)
        }
        // `/ready` says 503 and new scrapes are turned away while those in flight finish; only then are the doors closed.
        let deadline = Deadline.after(seconds: options.stopSeconds)
        while let server, server.counts.inFlight > 0, !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(10)) }
        await server?.stop(withinSeconds: deadline.remainingSeconds)
        served?.end()
    }

    private func serve(_ contents: ExporterContents) throws(Failure) -> ServedContents {
        let exporter = ExporterCollector(version: version) { [weak self] in self?.state.withLock { $0.server }?.counts }
        let configuration = ConfigurationCollector(reloads, options.entrance)
        return try ServedContents(contents, own: [exporter, configuration, ProcessCollector()])
    }

    // MARK: pages

    private func router() -> Router {
        let health: HTTPHandler = { _ in HTTPServerResponse(text: "martlet is alive.\n") }
        let ready: HTTPHandler = { [weak self] _ in
            guard let served = self?.served else { return Self.stopping }
            guard let reason = served.unreadiness else { return HTTPServerResponse(text: "martlet is ready.\n") }
            return HTTPServerResponse(status: 503, text: reason + "\n")
        }
        let page = LandingPage(version: version, title: title, hasCollectors: hasCollectors, links: pages.map { ($0.path, $0.title) })
        var router = Router()
        if site == nil {
            router.get("/") { [weak self] _ in page.response(self?.state.withLock { $0.served }?.last ?? []) }
        } else {
            router.otherwise { [weak self] in await self?.served?.site($0) ?? Self.stopping }
        }
        router.get("/metrics") { [weak self] in await self?.served?.metrics($0) ?? Self.stopping }
        for page in pages { router.get(page.path) { [weak self] in await self?.served?.page($0) ?? Self.stopping } }
        for path in DoorSettings.alivePaths { router.get(path, health) }
        for path in DoorSettings.readyPaths { router.get(path, ready) }
        for method in ["POST", "PUT"] { router.add(method, Self.reloadPath) { [weak self] in await self?.reload($0) ?? Self.stopping } }
        return router
    }

    /// What is served, unless the service is on its way out.
    private var served: ServedContents? { state.withLock { $0.isStopping ? nil : $0.served } }

    private func reload(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        // A page of another site can make a browser send this; what the browser adds then gives it away.
        guard request.headers["Origin"] == nil else {
            return HTTPServerResponse(status: 403, text: "A page in a browser may not reload; curl -X POST does.\n")
        }
        do throws(Failure) {
            try await reload()
            return HTTPServerResponse(text: "Reloaded.\n")
        } catch {
            return HTTPServerResponse(status: 500, text: "Not reloaded, the old configuration stays in use: \(error.description)\n")
        }
    }

    private static let reloadPath = "/-/reload"
    private static var stopping: HTTPServerResponse { HTTPServerResponse(status: 503, text: "Shutting down.\n") }
}
