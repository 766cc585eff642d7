import JSON
package import Primitives
import Synchronization
package import Web

/// Servers of language models, each on a port of its own, and one port at which they are told what shall happen.
package final class LLMSimulator: Sendable {
    /// What is simulated, and where it listens. Worlds of the same cluster need the same counts and seed.
    package struct Options: Sendable {
        /// Of the first server; the others have the ports after it. Port 0 lets the kernel choose one for each.
        package var listen = ListenAddress(host: "127.0.0.1", port: 18301)
        /// The flag that set `listen`, for the error when a port is busy.
        package var listenOrigin = "--listen"
        /// Where scenarios and faults are set.
        package var control = ListenAddress(host: "127.0.0.1", port: 18300)
        package var controlOrigin = "--control"
        /// In the order of ports.
        package var kinds: [LLMKind] = [.vllm]
        package var age = LLMVersion.new
        /// Of all servers, in place of their own.
        package var models: [String] = []
        /// Of the machine with the cards that the servers work on, 1 to 16.
        package var cards = 8
        package var profile = GPUProfile.mixed
        /// What is shown changes no more often; 0 for always.
        package var updateSeconds = 0.0
        /// Begins with the simulator; nil for what the world plays.
        package var scenario: String?
        /// URL of a Loki that gets the servers' lines; nil for none.
        package var lokiURL: String?
        /// What set it, for errors.
        package var scenarioOrigin = "MOCK_SCENARIO"
        /// Whether a server whose port is taken is left out, as a real one must be there.
        package var leavesOutTaken = false
        /// 1 to 4096.
        package var nodes = 4
        /// 0 to 100,000, spread over the nodes.
        package var guests = 100
        /// What the estate and the servers are dealt from.
        package var seed: UInt64 = 1
        /// 1 to 15 letters, digits and hyphens.
        package var cluster = "lab"
        /// Where the world's scenario file is; nil for a world of this process alone.
        package var worldDirectory: String?
        /// The time of day by which the world moves.
        package var clock = WallClock.system
        /// The clock does not move.
        package var isStill = false

        package init() {}
    }

    /// A server that listens, as whoever runs it wants to know.
    package struct Listening: Sendable {
        package let name: String
        package let kind: LLMKind
        package let version: String
        package let models: [String]
        package let address: ListenAddress
        /// Of a kind that has its metrics on another port.
        package let metricsAddress: ListenAddress?
        /// Whether the machine with the cards has a container of its name.
        package let isInContainer: Bool
    }

    /// More have no port.
    private static let serverLimit = 64
    /// How often it is looked whether somebody shall not listen any more, or again.
    private static let lookSeconds = 0.1

    private let seats: [LLMSeat]
    private let control: HTTPServer
    private let ticker: Task<Void, Never>
    private let log: Task<Void, Never>?

    private init(seats: [LLMSeat], control: HTTPServer, ticker: Task<Void, Never>, log: Task<Void, Never>?) {
        self.seats = seats
        self.control = control
        self.ticker = ticker
        self.log = log
    }

    /// Where `/api/v1/scenario` and its like are.
    package var address: ListenAddress { control.address }

    /// In the order of ports.
    package var servers: [Listening] {
        seats.filter { !$0.isMetrics }.map { seat in
            let plan = seat.server.plan
            return Listening(
                name: plan.name, kind: plan.kind, version: plan.version, models: seat.server.served.map(\.model.name),
                address: seat.address,
                metricsAddress: seats.first { $0.isMetrics && $0.server === seat.server }?.address, isInContainer: plan.isInContainer)
        }
    }

    /// Starts all servers, or none.
    ///
    /// Errors: impossible options, a broken scenario file, a busy port.
    package static func start(_ options: Options, logger: Logger) async throws(Failure) -> LLMSimulator {
        guard (1...serverLimit).contains(options.kinds.count) else {
            throw Failure(.usage, "\(options.kinds.count) servers: 1 to \(serverLimit) are simulated")
        }
        guard (1...16).contains(options.cards) else { throw Failure(.usage, "\(options.cards) cards: a simulated machine has 1 to 16") }
        let source = try WorldSource(
            seed: options.seed, nodes: options.nodes, guests: options.guests, cluster: options.cluster, directory: options.worldDirectory,
            clock: options.clock, logger: logger)
        if let name = options.scenario {
            let scenario: Scenario
            do throws(Failure) {
                scenario = try Scenario(named: name, aliases: Scenario.aliasesOfServers)
            } catch {
                throw Failure(.usage, "\(options.scenarioOrigin): \(error.message)")
            }
            _ = try await source.scenarios.begin(scenario, node: nil)
        }
        let faults = LLMFaults()
        let servers = make(options, source, faults)
        let addresses = Mutex<[String: String]>([:])
        let lookUp: @Sendable (String) -> String = { name in addresses.withLock { $0[name] ?? "" } }
        let endpoint = ScenarioEndpoint(
            store: source.scenarios, nodeCount: source.inventory.nodes.count, clock: source.clock,
            servers: servers.flatMap { [$0.plan.name] + $0.desks.map(\.model.name) }, aliases: Scenario.aliasesOfServers)
        let desk = LLMControl(scenarios: endpoint, faults: faults, servers: servers, addresses: lookUp)
        let seats = try open(servers, desk, options, logger)
        addresses.withLock { known in
            for seat in seats { known[seat.server.plan.name + (seat.isMetrics ? "/metrics" : "")] = seat.address.url() }
        }
        let control: HTTPServer
        do throws(Failure) {
            control = try HTTPServer(listen: options.control, origin: options.controlOrigin, hosts: HostCheck(), logger: logger) {
                request in
                if let answer = await desk.answer(request) { return answer }
                return switch request.path {
                case "/health", "/-/healthy", "/ready", "/-/ready": HTTPServerResponse(text: "OK\n")
                case "/":
                    HTTPServerResponse(
                        text:
                            "\(servers.count) simulated servers of language models: \(LLMControl.serversPath)  Models: \(LLMControl.modelsPath)\n"
                            + "Scenario: \(ScenarioEndpoint.path)  Faults: \(LLMControl.faultsPath)\n")
                default: HTTPServerResponse(status: 404, text: "Not found.\n")
                }
            }
        } catch {
            for seat in seats { await seat.close() }
            throw error
        }
        let ticker = Task.detached {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(lookSeconds))
                for seat in seats { await seat.follow(faults, logger) }
            }
        }
        let log = options.lokiURL.map { url in
            // The second node is the one with the cards.
            let node = source.inventory.nodes.prefix(2).last?.name ?? ""
            let log = LLMLog(url: url, cluster: options.cluster, node: node, servers: servers, clock: source.clock)
            return Task.detached { await log.run(logger) }
        }
        return LLMSimulator(seats: seats, control: control, ticker: ticker, log: log)
    }

    /// Servers with their engines; proxies come last, as all others are behind them.
    private static func make(_ options: Options, _ source: WorldSource, _ faults: LLMFaults) -> [LLMServer] {
        let plan = LLMPlan(
            seed: options.seed, wanted: options.kinds, age: options.age, models: options.models,
            cards: GPUPlan(seed: options.seed, profile: options.profile, count: options.cards))
        var made: [String: LLMServer] = [:]
        let proxies = plan.servers.filter { $0.kind == .litellm }
        for server in plan.servers.filter({ $0.kind != .litellm }) + proxies {
            let dialect = server.kind.dialect(server.age)
            let isBehindProxy = !proxies.isEmpty && server.kind != .litellm
            var proxyEdges: (@Sendable (EngineBook.Measure) -> [Double])?
            if isBehindProxy { proxyEdges = { LiteLLMDialect(age: server.age).edges(of: $0) } }
            var desks: [EngineDesk] = []
            for (position, model) in server.models.enumerated() {
                let edges: @Sendable (EngineBook.Measure) -> [Double] = { dialect.edges(of: $0, model) }
                desks.append(
                    EngineDesk(
                        model, position: position, of: server, seed: options.seed, source: source, updateSeconds: options.updateSeconds,
                        isStill: options.isStill, edges: edges, proxyEdges: proxyEdges))
            }
            var backends: [LLMServer] = []
            if server.kind == .litellm, desks.isEmpty {
                backends = plan.servers.filter { $0.kind != .litellm }.compactMap { made[$0.name] }
            }
            made[server.name] = LLMServer(server, dialect: dialect, desks: desks, backends: backends, clock: options.clock, faults: faults)
        }
        return plan.servers.compactMap { made[$0.name] }
    }

    /// Ports from the first one upwards. Triton takes three, as a real one: what it calls gRPC is not simulated.
    private static func open(
        _ servers: [LLMServer], _ control: LLMControl, _ options: Options, _ logger: Logger
    ) throws(Failure) -> [LLMSeat] {
        var seats: [LLMSeat] = []
        var offset = 0
        for server in servers {
            for isMetrics in server.plan.kind == .triton ? [false, true] : [false] {
                if isMetrics { offset += 1 }
                let port = Int(options.listen.port) + (options.listen.port == 0 ? 0 : offset)
                offset += 1
                guard let number = UInt16(exactly: port) else {
                    throw Failure(.usage, "\(options.listenOrigin): there are not so many ports after it")
                }
                do throws(Failure) {
                    seats.append(
                        try LLMSeat(
                            server, control, isMetrics: isMetrics, at: ListenAddress(host: options.listen.host, port: number),
                            origin: options.listenOrigin, logger))
                } catch {
                    guard options.leavesOutTaken, error.code == .environment else {
                        for seat in seats { seat.leave() }
                        throw error
                    }
                    logger.info("somebody else serves here", ["port": Int(number), "left out": server.plan.name])
                }
            }
        }
        return seats
    }

    /// Lets answers in flight finish for up to `seconds`, then ends them, streams too. The ports are free afterwards.
    package func stop(withinSeconds seconds: Double) async {
        ticker.cancel()
        log?.cancel()
        await ticker.value
        await withTaskGroup(of: Void.self) { group in
            for seat in seats { group.addTask { await seat.close(withinSeconds: seconds) } }
            group.addTask { [control] in await control.stop(withinSeconds: seconds) }
        }
    }
}
