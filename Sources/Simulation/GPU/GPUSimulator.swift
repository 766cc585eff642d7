package import Primitives
package import Web

/// A machine with graphics cards: it keeps the state file that the simulated libnvidia-ml.so.1 reads, and the tree in which their owners are found.
package final class GPUSimulator: Sendable {
    /// What is simulated, and where it listens. Worlds of the same cluster need the same counts and seed.
    package struct Options: Sendable {
        package var listen = ListenAddress(host: "127.0.0.1", port: 18200)
        /// The flag that set `listen`, for the error when the port is busy.
        package var listenOrigin = "--listen"
        /// 1 to 16.
        package var cards = 8
        package var profile = GPUProfile.mixed
        /// Whether the driver is one of 2020, without the calls that came later.
        package var hasOldDriver = false
        /// The state file.
        package var stateFile = ""
        /// The folder that stands for `/`; nil for none.
        package var rootDirectory: String?
        /// 1 to 4096.
        package var nodes = 4
        /// 0 to 100,000, spread over the nodes.
        package var guests = 100
        /// What the estate and the cards are dealt from.
        package var seed: UInt64 = 1
        /// 1 to 15 letters, digits and hyphens.
        package var cluster = "lab"
        /// Where the world's scenario file is; nil for a world of this process alone.
        package var worldDirectory: String?
        /// The time of day by which the world moves.
        package var clock = WallClock.system

        package init() {}
    }

    /// How often the state is written, and the tree.
    private static let stateSeconds = 0.1
    private static let treeSeconds = 2.0

    private let service: GPUService
    private let server: HTTPServer
    /// The container engine's.
    private let engine: HTTPServer?
    private let ticker: Task<Void, Never>

    private init(service: GPUService, server: HTTPServer, engine: HTTPServer?, ticker: Task<Void, Never>) {
        self.service = service
        self.server = server
        self.engine = engine
        self.ticker = ticker
    }

    /// Where it listens; with port 0 in the options, the port that the kernel chose.
    package var address: ListenAddress { server.address }

    /// Writes the first state, then listens.
    ///
    /// Errors: impossible options, a broken scenario file, a folder that cannot be written, a busy port.
    package static func start(_ options: Options, logger: Logger) throws(Failure) -> GPUSimulator {
        guard (1...16).contains(options.cards) else { throw Failure(.usage, "\(options.cards) cards: a simulated machine has 1 to 16") }
        let source = try WorldSource(
            seed: options.seed, nodes: options.nodes, guests: options.guests, cluster: options.cluster, directory: options.worldDirectory,
            clock: options.clock, logger: logger)
        let service = GPUService(
            source: source, plan: GPUPlan(seed: options.seed, profile: options.profile, count: options.cards),
            driver: options.hasOldDriver ? .old : .current, file: try GPUStateFile(path: Files.absolute(options.stateFile)),
            tree: options.rootDirectory.map { OwnersTree(root: Files.absolute($0)) })
        try service.publish()
        try service.writeTree()
        let server = try HTTPServer(listen: options.listen, origin: options.listenOrigin, hosts: HostCheck(), logger: logger) {
            await service.answer($0)
        }
        let engine = try options.rootDirectory.map { (root) throws(Failure) in
            let folder = Files.absolute(root) + "/run"
            try Files.makeDirectory(folder)
            return try HTTPServer(
                try Listener.open([try ListenPlace(parsing: "unix:\(folder)/docker.sock")], origin: "--root"), logger: logger
            ) { await service.engineAnswer($0) }
        }
        return GPUSimulator(service: service, server: server, engine: engine, ticker: Task.detached { await tick(service, logger) })
    }

    /// Writes until it is cancelled. What fails is said once, and tried again.
    private static func tick(_ service: GPUService, _ logger: Logger) async {
        let stepsPerTree = Int(treeSeconds / stateSeconds)
        var step = 0
        var hasFailed = false
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(stateSeconds))
            step += 1
            do throws(Failure) {
                try service.publish()
                if step % stepsPerTree == 0 { try service.writeTree() }
                hasFailed = false
            } catch {
                if !hasFailed { logger.warn("simulated cards stand still", ["error": error]) }
                hasFailed = true
            }
        }
    }

    /// The driver is gone, and the port is free afterwards.
    package func stop(withinSeconds seconds: Double) async {
        ticker.cancel()
        await ticker.value
        service.close()
        // Whoever listens for events would do so for an hour.
        await engine?.stop(withinSeconds: 0)
        await server.stop(withinSeconds: seconds)
    }
}
