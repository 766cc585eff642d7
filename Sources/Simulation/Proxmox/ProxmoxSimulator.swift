package import Primitives
package import Web

/// A Proxmox VE cluster that is not there: its API over TLS, as one of its nodes would serve it.
package final class ProxmoxSimulator: Sendable {
    /// What is simulated, where it listens and how long it takes.
    package struct Options: Sendable {
        /// Port 0 lets the kernel choose.
        package var listen = ListenAddress(host: "127.0.0.1", port: 18006)
        /// The flag that set `listen`, for the error when the port is busy.
        package var listenOrigin = "--listen"
        /// 1 to 15 letters, digits and hyphens.
        package var cluster = "lab"
        /// 1 to 4096; one node stands alone, without a cluster.
        package var nodes = 4
        /// 0 to 100,000, spread over the nodes.
        package var guests = 100
        /// What the estate is dealt from.
        package var seed: UInt64 = 1
        /// Added to each answer of the API, as the network and a real server would.
        package var latencySeconds = 0.02
        /// Where the world's scenario file is and the certificate is put; nil for a world of this process alone.
        package var worldDirectory: String?
        /// The API token that is accepted from the start: `USER@REALM!TOKENID=SECRET`. It has only what it and its user both have.
        package var token = Secret("monitor@pve!martlet=SECRET")
        /// The roles that the token has on `/`; none for a token that nobody gave anything.
        package var tokenRoles = ["PVEAuditor"]
        /// Whether the token's last day is over.
        package var isTokenExpired = false
        /// The user who may log in, with its realm.
        package var user = "monitor@pve"
        /// Its password; without one its every login is refused.
        package var password: Secret?
        /// The roles that it and the token's user have on `/`.
        package var userRoles = ["PVEAuditor"]
        /// The password of root@pam, who may do everything and change what others may; without one its every login is refused.
        package var rootPassword: Secret?
        /// How long a ticket is good.
        package var ticketLifetimeSeconds = 7200.0
        /// Whether a login needs the code 123456 too.
        package var needsSecondFactor = false
        /// Whether a host outside votes in the cluster's quorum. A node that stands alone has none.
        package var hasQDevice = false
        /// The release of Proxmox VE that all nodes run.
        package var release = Release.current
        /// Whether Ceph is installed.
        package var hasCeph = false
        /// The address of the first guest; each further one has the next. nil for addresses that nobody can reach.
        package var guestsFirstAddress: String?
        /// The flag that set `guestsFirstAddress`, for errors.
        package var guestsFirstAddressOrigin = "--guests-first-address"
        /// HTTP instead of HTTPS.
        package var plainHTTP = false
        /// How long a call to a node that is off hangs before it fails with 595.
        package var offlineDelaySeconds = 3.0
        /// How long a call to a node that takes calls and does not answer hangs before it fails with 596.
        package var hangDelaySeconds = 30.0
        /// How long a wrong credential waits for its 401.
        package var authDelaySeconds = 3.0
        /// The time of day by which the world moves. A fixed one shows one moment for ever.
        package var clock = WallClock.system
        /// The time of day by which tickets and the certificate grow old.
        package var serverClock = WallClock.system

        package init() {}
    }

    private let server: HTTPServer

    private init(server: HTTPServer) { self.server = server }

    /// Where it listens; with port 0 in the options, the port that the kernel chose.
    package var address: ListenAddress { server.address }

    /// Starts to answer.
    ///
    /// With a world directory, its certificate is written there as `CLUSTER.pem`, for a client to trust.
    /// Errors: impossible options, a broken scenario file, a busy port.
    package static func start(_ options: Options, logger: Logger) throws(Failure) -> ProxmoxSimulator {
        let service = try service(options, logger: logger)
        let certificate = options.plainHTTP ? nil : try certificate(options)
        var limits = HTTPServer.Limits()
        limits.connections = 512
        limits.requestsInFlight = 512
        limits.threads = 2
        let server = try HTTPServer(
            listen: options.listen, origin: options.listenOrigin, limits: limits, certificate: certificate, logger: logger
        ) { await service.answer($0) }
        if let certificate, let directory = options.worldDirectory {
            do {
                try Files.write(Array(certificate.certificatePEM.utf8), to: "\(directory)/\(options.cluster).pem")
            } catch {
                Task.detached { await server.stop(withinSeconds: 0) }
                throw error
            }
        }
        return ProxmoxSimulator(server: server)
    }

    /// Lets answers in flight finish for up to `seconds`, then ends them. The port is free afterwards.
    package func stop(withinSeconds seconds: Double) async { await server.stop(withinSeconds: seconds) }

    /// The answering part alone, without a socket.
    static func service(_ options: Options, logger: Logger) throws(Failure) -> ProxmoxService {
        try check(user: options.user)
        let source = try WorldSource(
            seed: options.seed, nodes: options.nodes, guests: options.guests, cluster: options.cluster, hasQDevice: options.hasQDevice,
            release: options.release, hasCeph: options.hasCeph,
            firstGuestAddress: try firstAddress(options), directory: options.worldDirectory, clock: options.clock, logger: logger)
        let directory = try AccessSetup(options).directory()
        let tickets = TicketOffice(lifetimeSeconds: options.ticketLifetimeSeconds)
        return ProxmoxService(
            source: source, directory: directory, authentication: Authentication(directory: directory, tickets: tickets),
            passwordLogin: PasswordLogin(
                directory: directory, secondFactorUser: options.needsSecondFactor ? options.user : nil, tickets: tickets),
            serverClock: options.serverClock,
            delays: ProxmoxService.Delays(
                latencySeconds: options.latencySeconds, offlineSeconds: options.offlineDelaySeconds,
                hangSeconds: options.hangDelaySeconds,
                refusalSeconds: options.authDelaySeconds),
            scenarios: ScenarioEndpoint(store: source.scenarios, nodeCount: options.nodes, clock: options.clock),
            guests: GuestEndpoint(source: source))
    }

    private static func firstAddress(_ options: Options) throws(Failure) -> IPv4Address? {
        guard let text = options.guestsFirstAddress else { return nil }
        return try IPv4Address(first: text, of: options.guests, origin: options.guestsFirstAddressOrigin)
    }

    private static func certificate(_ options: Options) throws(Failure) -> SelfSignedCertificate {
        var names = ["localhost", "127.0.0.1", "::1"]
        let host = options.listen.host
        if !host.isEmpty, !names.contains(host) { names.append(host) }
        names += (0..<options.nodes).map(Inventory.nodeName)
        return try SelfSignedCertificate(commonName: Inventory.nodeName(0), names: names, clock: options.serverClock)
    }

    /// A user's name is part of tickets, in which colons separate.
    private static func check(user: String) throws(Failure) {
        let parts = user.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = user.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }
        guard parts.count == 2, !parts.contains(where: \.isEmpty), isPlain, user.utf8.count <= 64 else {
            throw Failure(.usage, "user \"\(HostileText.oneLine(user, limit: 80))\": expected NAME@REALM, as in monitor@pve")
        }
    }
}
