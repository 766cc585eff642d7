import Glibc
package import Primitives
package import Web

/// Takes what Alertmanager sends to a webhook, prints it, and remembers it for whoever asks.
package final class WebhookSimulator: Sendable {
    /// Where it listens and what it does with an alert.
    package struct Options: Sendable {
        /// Port 0 lets the kernel choose.
        package var listen = ListenAddress(host: "127.0.0.1", port: 9099)
        /// The flag that set `listen`, for the error when the port is busy.
        package var listenOrigin = "--listen"
        /// Gets one line an alert, without its end.
        package var print: @Sendable (String) -> Void = { Files.writeAll(Array("\($0)\n".utf8), to: STDOUT_FILENO) }
        /// Where the scenario file of the world is that it belongs to; nil when there is none to show.
        package var worldDirectory: String?
        /// How many nodes that world has.
        package var nodes = 4
        /// The time of day that alerts are stamped with.
        package var clock = WallClock.system

        package init() {}
    }

    private let server: HTTPServer

    private init(server: HTTPServer) { self.server = server }

    /// Where it listens; with port 0 in the options, the port that the kernel chose.
    package var address: ListenAddress { server.address }

    /// Starts to listen. Errors: a busy port, a broken scenario file.
    package static func start(_ options: Options, logger: Logger) throws(Failure) -> WebhookSimulator {
        let service = try WebhookService(options, logger: logger)
        var limits = HTTPServer.Limits()
        // A notification of thousands of alerts is one body.
        limits.bodyBytes = 8 << 20
        let server = try HTTPServer(
            listen: options.listen, origin: options.listenOrigin, limits: limits, logger: logger
        ) { await service.answer($0) }
        return WebhookSimulator(server: server)
    }

    /// Lets answers in flight finish for up to `seconds`, then ends them. The port is free afterwards.
    package func stop(withinSeconds seconds: Double) async { await server.stop(withinSeconds: seconds) }
}

/// Answers for a webhook: POST to any path is a message, the rest is about what came.
struct WebhookService: Sendable {
    /// Where the remembered alerts are read, and cleared by DELETE.
    static let path = "/api/v1/notifications"

    let log = NotificationLog()
    private let options: WebhookSimulator.Options
    private let scenarios: ScenarioEndpoint

    /// Errors: a broken scenario file.
    init(_ options: WebhookSimulator.Options, logger: Logger) throws(Failure) {
        self.options = options
        scenarios = ScenarioEndpoint(
            store: try ScenarioStore(directory: options.worldDirectory, clock: options.clock, logger: logger), nodeCount: options.nodes,
            clock: options.clock)
    }

    /// Takes messages by POST on any path; answers GET and DELETE about them.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        switch (request.method, request.path) {
        case (_, ScenarioEndpoint.path): return await scenarios.answer(request)
        case ("POST", _): return receive(request.body)
        case ("GET", Self.path), ("HEAD", Self.path): return HTTPServerResponse(json: log.json())
        case ("DELETE", Self.path):
            log.clear()
            return HTTPServerResponse(json: log.json())
        case ("GET", "/health"), ("GET", "/-/healthy"), ("GET", "/ready"), ("GET", "/-/ready"): return HTTPServerResponse(text: "OK\n")
        case ("GET", "/"): return HTTPServerResponse(text: "Webhook: POST alerts to /alerts. What came: \(Self.path)\n")
        default: return HTTPServerResponse(status: 404, text: "Not found.\n")
        }
    }

    private func receive(_ body: [UInt8]) -> HTTPServerResponse {
        do {
            let alerts = try AlertNotification.read(body, receivedAt: options.clock.unixSeconds)
            log.add(alerts)
            for alert in alerts { options.print(alert.line) }
            return HTTPServerResponse(text: "OK\n")
        } catch {
            log.reject()
            return HTTPServerResponse(status: 400, text: "\(error)\n")
        }
    }
}
