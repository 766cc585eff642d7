package import Primitives
package import Web

/// A KVM host whose libvirtd answers on a socket in libvirt's own protocol, and tells its truth by HTTP beside it.
package final class LibvirtSimulator: Sendable {
    /// What is simulated, and where it listens. Worlds of one folder share what happens.
    package struct Options: Sendable {
        /// The socket of libvirtd.
        package var socket = ""
        /// Where scenarios are set; port 0 lets the kernel choose.
        package var listen = ListenAddress(host: "127.0.0.1", port: 18400)
        /// The flag that set `listen`, for the error when the port is busy.
        package var listenOrigin = "--listen"
        /// Name of the host: letters, digits, hyphens and dots.
        package var host = "kvm01"
        /// Virtual machines, 0 to 1000.
        package var domains = 8
        /// What the host is dealt from.
        package var seed: UInt64 = 1
        /// Nodes of the world's cluster, as the scenarios of others name them.
        package var nodes = 4
        /// What is played from the beginning; nil for what the world plays.
        package var scenario: String?
        /// Where the world's scenario file is; nil for a world of this process alone.
        package var worldDirectory: String?
        /// The time of day by which the world moves.
        package var clock = WallClock.system

        package init() {}
    }

    private let server: LibvirtServer
    private let control: HTTPServer
    /// The socket, as clients name it.
    package let path: String

    private init(server: LibvirtServer, control: HTTPServer, path: String) {
        self.server = server
        self.control = control
        self.path = path
    }

    /// Where scenarios are set.
    package var address: ListenAddress { control.address }

    /// What a client of libvirt opens.
    package var uri: String { "qemu+unix:///system?socket=\(path)" }

    /// Starts to listen.
    ///
    /// Errors: impossible options, a broken scenario file, a busy port, a path on which nobody can listen.
    package static func start(_ options: Options, logger: Logger) async throws(Failure) -> LibvirtSimulator {
        guard (0...1000).contains(options.domains) else {
            throw Failure(.usage, "\(options.domains) domains: a simulated KVM host has 0 to 1000")
        }
        try check(host: options.host)
        let scenarios = try ScenarioStore(directory: options.worldDirectory, clock: options.clock, logger: logger)
        if let name = options.scenario {
            let scenario: Scenario
            do throws(Failure) {
                scenario = try Scenario(named: name, aliases: Scenario.aliasesOfDomains)
            } catch {
                throw Failure(.usage, "--scenario: \(error.message)")
            }
            _ = try await scenarios.begin(scenario, node: nil)
        }
        let plan = KVMPlan(seed: options.seed, host: options.host, domains: options.domains)
        let source = KVMWorldSource(plan: plan, scenarios: scenarios, clock: options.clock)
        let service = LibvirtService(
            source: source,
            scenarios: ScenarioEndpoint(
                store: scenarios, nodeCount: options.nodes, clock: options.clock, aliases: Scenario.aliasesOfDomains))
        let path = Files.absolute(options.socket)
        let control = try HTTPServer(listen: options.listen, origin: options.listenOrigin, hosts: HostCheck(), logger: logger) {
            await service.answer($0)
        }
        do {
            return LibvirtSimulator(server: try LibvirtServer(source, path: path, logger: logger), control: control, path: path)
        } catch {
            await control.stop(withinSeconds: 0)
            throw error
        }
    }

    /// The name stands in XML, so it is held to what hosts may be called.
    private static func check(host: String) throws(Failure) {
        let isPlain = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E
        }
        guard isPlain, (1...64).contains(host.utf8.count) else {
            throw Failure(.usage, "host name \"\(HostileText.oneLine(host, limit: 80))\": use 1 to 64 letters, digits, hyphens and dots")
        }
    }

    /// The socket and the port are gone afterwards.
    package func stop(withinSeconds seconds: Double) async {
        await server.stop()
        await control.stop(withinSeconds: seconds)
    }
}
