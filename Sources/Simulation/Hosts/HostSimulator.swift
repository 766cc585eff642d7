package import Primitives
package import Web

/// The exporters of a simulated cluster's hosts and guests, each on an address of its own.
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
        /// Of the first guest; each further one has the next, and an exporter there. nil for no exporters of guests.
        package var guestsFirstAddress: String?
        /// The flag that set `guestsFirstAddress`, for errors.
        package var guestsFirstAddressOrigin = "--guests-first-address"
        /// Of the exporters inside Windows; others have `port`. 0 lets the kernel choose one for each.
        package var windowsPort: UInt16 = 9182
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

    /// Each guest has a socket, and whoever asks it one more.
    private static let guestLimit = 2000

    private let servers: [HTTPServer]
    private let guestServer: HTTPServer?
    private let scenarioServer: HTTPServer

    private init(servers: [HTTPServer], guestServer: HTTPServer?, scenarioServer: HTTPServer) {
        self.servers = servers
        self.guestServer = guestServer
        self.scenarioServer = scenarioServer
    }

    /// Where the hosts' exporters listen, in the order of nodes.
    package var addresses: [ListenAddress] { servers.map(\.address) }

    /// Where the guests' exporters listen, in the order of vmids, templates left out.
    package var guestAddresses: [ListenAddress] { guestServer?.listeners.compactMap(\.address) ?? [] }

    /// Where `/api/v1/scenario` and `/api/v1/guests` are.
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
            firstGuestAddress: try firstGuestAddress(options), directory: options.worldDirectory, clock: options.clock, logger: logger)
        let service = HostService(
            source: source, scenarios: ScenarioEndpoint(store: source.scenarios, nodeCount: options.nodes, clock: options.clock),
            guests: GuestEndpoint(source: source, ports: GuestPorts(linux: options.port, windows: options.windowsPort)))
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
            let nodes = Array(started.dropFirst())
            let guests = options.guestsFirstAddress == nil ? nil : try guestServer(options, service, logger)
            return HostSimulator(servers: nodes, guestServer: guests, scenarioServer: control)
        } catch {
            let abandoned = started
            Task.detached { for server in abandoned { await server.stop(withinSeconds: 0) } }
            throw error
        }
    }

    private static func firstGuestAddress(_ options: Options) throws(Failure) -> IPv4Address? {
        guard let text = options.guestsFirstAddress else { return nil }
        let origin = options.guestsFirstAddressOrigin
        guard options.guests <= guestLimit else {
            throw Failure(
                .usage,
                "\(origin): exporters are simulated for up to \(guestLimit) guests, not \(options.guests); leave it out, or simulate fewer guests"
            )
        }
        return try IPv4Address(first: text, of: options.guests, origin: origin)
    }

    /// One server for the exporters of all guests: with one for each there would be two threads for each.
    private static func guestServer(_ options: Options, _ service: HostService, _ logger: Logger) throws(Failure) -> HTTPServer? {
        let world = service.source.current()
        // Those that are deleted too: nobody else gets their addresses.
        let guests = world.dealt.guests.filter { $0.role != .template }
        guard !guests.isEmpty else { return nil }
        OpenFiles.raiseLimit()
        let ports = service.guests.ports
        let places = guests.map {
            ListenPlace.network(ListenAddress(host: world.address(of: $0).description, port: ports.port(of: $0, in: world)))
        }
        var limits = HTTPServer.Limits()
        limits.connections = 64 + 4 * guests.count
        // All of them may be asked at once.
        limits.requestsInFlight = 64 + guests.count
        let positions = guests.map(\.index)
        return try HTTPServer(try Listener.open(places, origin: options.guestsFirstAddressOrigin), limits: limits, logger: logger) {
            service.guestAnswer($0, guest: positions[$0.listener])
        }
    }

    /// Lets answers in flight finish for up to `seconds`, then ends them. The ports are free afterwards.
    package func stop(withinSeconds seconds: Double) async {
        await withTaskGroup(of: Void.self) { group in
            for server in servers + [guestServer, scenarioServer].compactMap({ $0 }) {
                group.addTask { await server.stop(withinSeconds: seconds) }
            }
        }
    }
}
