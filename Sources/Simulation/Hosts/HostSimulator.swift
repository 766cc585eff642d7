package import Primitives
package import Web

/// The node exporters of a simulated cluster's hosts, each on an address of its own.
package final class HostSimulator: Sendable {
    /// What is simulated, and where it listens. Worlds of the same cluster need the same counts and seed.
    package struct Options: Sendable {
        /// Of the first host; each further one has the next address.
        package var firstAddress = "127.0.0.2"
        /// The flag that set `firstAddress`, for errors.
        package var firstAddressOrigin = "--first-address"
        /// The same for all hosts; 0 lets the kernel choose one for each.
        package var port: UInt16 = 9100
        /// The flag that set `port`, for the error when it is busy.
        package var portOrigin = "--port"
        /// 1 to 4096.
        package var nodes = 4
        /// 0 to 100,000, spread over the nodes.
        package var guests = 100
        /// What the estate is dealt from.
        package var seed: UInt64 = 1
        /// 1 to 15 letters, digits and hyphens.
        package var cluster = "lab"
        /// Where the world's scenario file is; nil for a world of this process alone.
        package var worldDirectory: String?
        /// Where scenarios are asked for, as hosts that are down cannot be.
        package var scenarioListen = ListenAddress(host: "127.0.0.1", port: 18100)
        /// The flag that set `scenarioListen`.
        package var scenarioListenOrigin = "--listen"
        /// The time of day by which the world moves.
        package var clock = WallClock.system

        package init() {}
    }

    private let servers: [HTTPServer]
    private let scenarioServer: HTTPServer

    private init(servers: [HTTPServer], scenarioServer: HTTPServer) {
        self.servers = servers
        self.scenarioServer = scenarioServer
    }

    /// Where the hosts' exporters listen, in the order of nodes.
    package var addresses: [ListenAddress] { servers.map(\.address) }

    /// Where `/api/v1/scenario` is.
    package var address: ListenAddress { scenarioServer.address }

    /// Starts all hosts, or none.
    ///
    /// Errors: impossible options, a broken scenario file, a busy port.
    package static func start(_ options: Options, logger: Logger) throws(Failure) -> HostSimulator {
        guard let first = IPv4Address(options.firstAddress) else {
            throw Failure(.usage, "\(options.firstAddressOrigin) \"\(HostileText.oneLine(options.firstAddress))\" is not an IPv4 address")
        }
        let source = try WorldSource(
            seed: options.seed, nodes: options.nodes, guests: options.guests, cluster: options.cluster,
            directory: options.worldDirectory, clock: options.clock, logger: logger)
        let service = HostService(
            source: source, scenarios: ScenarioEndpoint(store: source.scenarios, nodeCount: options.nodes, clock: options.clock),
            guests: GuestEndpoint(source: source))
        var started: [HTTPServer] = []
        do throws(Failure) {
            let control = try HTTPServer(
                listen: options.scenarioListen, origin: options.scenarioListenOrigin, logger: logger
            ) { await service.controlAnswer($0) }
            started.append(control)
            var limits = HTTPServer.Limits()
            limits.connections = 64
            for node in 0..<options.nodes {
                let address = ListenAddress(host: first.advanced(by: node).description, port: options.port)
                started.append(
                    try HTTPServer(listen: address, origin: options.portOrigin, limits: limits, logger: logger) {
                        service.hostAnswer($0, node: node)
                    })
            }
            return HostSimulator(servers: Array(started.dropFirst()), scenarioServer: control)
        } catch {
            let abandoned = started
            Task.detached { for server in abandoned { await server.stop(withinSeconds: 0) } }
            throw error
        }
    }

    /// Lets answers in flight finish for up to `seconds`, then ends them. The ports are free afterwards.
    package func stop(withinSeconds seconds: Double) async {
        await withTaskGroup(of: Void.self) { group in
            for server in servers + [scenarioServer] { group.addTask { await server.stop(withinSeconds: seconds) } }
        }
    }
}
