package import Primitives
package import Web

/// A Loki that keeps what it is sent in memory, for as long as there is room, and answers who asks for lines.
package final class LokiSimulator: Sendable {
    /// Where it listens and what it takes.
    package struct Options: Sendable {
        /// Port 0 lets the kernel choose.
        package var listen = ListenAddress(host: "127.0.0.1", port: 3100)
        package var limits = LokiLimits()
        package var clock = WallClock.system

        package init() {}
    }

    private let server: HTTPServer

    private init(server: HTTPServer) { self.server = server }

    /// Where it listens; with port 0 in the options, the port that the kernel chose.
    package var address: ListenAddress { server.address }

    /// Starts to listen. Errors: a busy port.
    package static func start(_ options: Options, logger: Logger) throws(Failure) -> LokiSimulator {
        let service = LokiService(options.limits, clock: options.clock)
        var limits = HTTPServer.Limits()
        limits.bodyBytes = 32 << 20
        let server = try HTTPServer(listen: options.listen, origin: "--listen", limits: limits, hosts: HostCheck(), logger: logger) {
            await service.answer($0)
        }
        return LokiSimulator(server: server)
    }

    /// Lets answers in flight finish for up to `seconds`, then ends them. The port is free afterwards.
    package func stop(withinSeconds seconds: Double) async { await server.stop(withinSeconds: seconds) }
}
