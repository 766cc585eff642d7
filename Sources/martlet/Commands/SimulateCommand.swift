import Primitives
import Serving
import Settings
import Simulation
import Web

/// `martlet simulate proxmox | hosts | gpu | libvirt | llm | loki | webhook`
enum SimulateCommand {
    /// Flags of the world, which the simulators share.
    static let world = [
        Flag("cluster", "NAME", "Name of the simulated cluster", standard: "lab"),
        Flag("nodes", "COUNT", "Nodes", standard: "4"),
        Flag("guests", "COUNT", "Guests", standard: "100"),
        Flag("seed", "NUMBER", "Chooses which world", standard: "1"),
        Flag("world", "DIR", "Folder of the scenario file; simulators that share it tell one story"),
    ]

    private static let guestsFirstAddress = Flag(
        "guests-first-address", "IP", "Address of the first guest; the others count on from it. Without it nobody can reach guests")

    static let command = Command(
        "simulate", "Runs simulated infrastructure that speaks the real protocols",
        commands: [
            Command(
                "proxmox", "Simulates the API of a Proxmox VE cluster",
                flags: [
                    Flag("listen", "ADDRESS", "Where to listen", standard: "127.0.0.1:18006"),
                    Flag("latency", "DURATION", "Added to every answer of the API", standard: "20ms"),
                    Flag("token", "TOKEN", "The API token to accept", standard: "monitor@pve!martlet=SECRET"),
                    Flag("token-file", "FILE", "File with the API token to accept"),
                    Flag(
                        "token-role", "ROLE", "Role of the token on /, or several with commas, or none; it has what its user has too",
                        standard: "PVEAuditor"),
                    Flag("token-expired", nil, "The token is past its end"),
                    Flag("user", "NAME@REALM", "The user who may log in", standard: "monitor@pve"),
                    Flag("password", "TEXT", "The user's password; without one every login is refused"),
                    Flag("password-file", "FILE", "File with the user's password"),
                    Flag(
                        "user-role", "ROLE", "Role on / of the user and of the token's user, or several with commas, or none",
                        standard: "PVEAuditor"),
                    Flag("root-password", "TEXT", "The password of root@pam, who may change what others may; without one it cannot log in"),
                    Flag("root-password-file", "FILE", "File with the password of root@pam"),
                    Flag("ticket-lifetime", "DURATION", "How long a login lasts", standard: "2h"),
                    Flag("tfa", nil, "A login needs the code 123456 too"),
                    Flag("qdevice", nil, "The cluster has a quorum device"),
                    Flag("release", "VERSION", "Release of Proxmox VE: 9.2 or 8.4", standard: Release.current.rawValue),
                    Flag("ceph", nil, "Ceph is installed"),
                    Flag("time", "UNIXSECONDS", "Shows the world as of this one moment; it does not move"),
                    guestsFirstAddress,
                    Flag("plain-http", nil, "HTTP instead of HTTPS"),
                ] + world),
            Command(
                "hosts", "Simulates the node_exporter of each node, and the exporters inside guests",
                flags: [
                    Flag("first-address", "IP", "Address of the first node; the others count on from it", standard: "127.0.0.2"),
                    Flag(
                        "port", "PORT", "Port of all of them, and of the node_exporter inside Linux guests and containers", standard: "9100"
                    ),
                    guestsFirstAddress,
                    Flag("windows-port", "PORT", "Port of the windows_exporter inside Windows guests", standard: "9182"),
                    Flag("listen", "ADDRESS", "Where scenarios are set", standard: "127.0.0.1:18100"),
                ] + world),
            Command(
                "gpu", "Simulates a machine with graphics cards, through a libnvidia-ml.so.1 of its own",
                flags: [
                    Flag("listen", "ADDRESS", "Where scenarios and faults are set", standard: "127.0.0.1:18200"),
                    Flag("cards", "COUNT", "Cards, 1 to 16", standard: "8"),
                    Flag(
                        "profile", "NAME", "What they are for: \(GPUProfile.allCases.map(\.rawValue).joined(separator: ", "))",
                        standard: GPUProfile.mixed.rawValue),
                    Flag("old-driver", nil, "The driver is one of 2020, without the calls that came later"),
                    Flag(
                        "state", "FILE",
                        "Through which the library learns what the cards do; by default gpu.state in the folder of --world, or here"),
                    Flag("root", "DIR", "Folder that gets the /proc, /sys/fs/cgroup and /etc/pve of who works on the cards"),
                    Flag("time", "UNIXSECONDS", "Shows the cards as of this one moment; they do not move"),
                ] + world),
            SimulateLibvirt.command,
            SimulateLLMCommand.command,
            SimulateLoki.command,
            Command(
                "webhook", "Receives Alertmanager's notifications, prints and counts them",
                flags: [
                    Flag("listen", "ADDRESS", "Where to listen", standard: "127.0.0.1:9099"),
                    Flag("nodes", "COUNT", "Nodes of the world that it belongs to", standard: "4"),
                    Flag("world", "DIR", "Folder of the scenario file, to show and set the scenario here too"),
                ]),
        ])

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        // `simulate` alone prints its help, so there is a second word.
        switch invocation.path.last {
        case "proxmox": try proxmox(Values(invocation))
        case "hosts": try hosts(Values(invocation))
        case "gpu": try gpu(Values(invocation))
        case "libvirt": try SimulateLibvirt.run(Values(invocation))
        case "llm": try SimulateLLMCommand.run(Values(invocation))
        case "loki": try SimulateLoki.run(invocation)
        default: try webhook(Values(invocation))
        }
    }

    private static func proxmox(_ values: Values) throws(Failure) -> Never {
        var options = ProxmoxSimulator.Options()
        options.listen = try values.address("listen")
        options.cluster = values.text("cluster")
        options.nodes = try values.count("nodes", in: 1...1000)
        options.guests = try values.count("guests", in: 0...100_000)
        options.seed = UInt64(try values.count("seed", in: 0...Int.max))
        options.worldDirectory = values.optional("world")
        options.latencySeconds = try values.seconds("latency", in: 0...60)
        options.plainHTTP = values.isOn("plain-http")
        options.token = Secret(values.text("token"))
        if let file = values.optional("token-file") { options.token = Secret(try Files.readLine(file)) }
        options.user = values.text("user")
        options.password = values.optional("password").map { Secret($0) }
        if let file = values.optional("password-file") { options.password = Secret(try Files.readLine(file)) }
        options.tokenRoles = try values.roles("token-role")
        options.isTokenExpired = values.isOn("token-expired")
        options.userRoles = try values.roles("user-role")
        options.rootPassword = values.optional("root-password").map { Secret($0) }
        if let file = values.optional("root-password-file") { options.rootPassword = Secret(try Files.readLine(file)) }
        options.ticketLifetimeSeconds = try values.seconds("ticket-lifetime", in: 1...31_536_000)
        options.needsSecondFactor = values.isOn("tfa")
        options.hasQDevice = values.isOn("qdevice")
        options.release = try values.release("release")
        options.hasCeph = values.isOn("ceph")
        options.guestsFirstAddress = values.optional("guests-first-address")
        if values.optional("time") != nil { options.clock = .fixed(Double(try values.count("time", in: 0...4_100_000_000))) }
        let (ready, logger) = (options, values.logger)
        try ServiceRunner.run { stop throws(Failure) in
            let simulator = try ProxmoxSimulator.start(ready, logger: logger)
            logger.info(
                "simulated Proxmox API",
                ["url": simulator.address.url(scheme: ready.plainHTTP ? "http" : "https"), "cluster": ready.cluster])
            await stop.wait()
            await simulator.stop(withinSeconds: 2)
        }
    }

    private static func hosts(_ values: Values) throws(Failure) -> Never {
        var options = HostSimulator.Options()
        options.firstAddress = values.text("first-address")
        options.port = UInt16(try values.count("port", in: 0...65535))
        options.guestsFirstAddress = values.optional("guests-first-address")
        options.windowsPort = UInt16(try values.count("windows-port", in: 0...65535))
        options.scenarioListen = try values.address("listen")
        options.cluster = values.text("cluster")
        options.nodes = try values.count("nodes", in: 1...1000)
        options.guests = try values.count("guests", in: 0...100_000)
        options.seed = UInt64(try values.count("seed", in: 0...Int.max))
        options.worldDirectory = values.optional("world")
        let (ready, logger) = (options, values.logger)
        try ServiceRunner.run { stop throws(Failure) in
            let simulator = try HostSimulator.start(ready, logger: logger)
            logger.info("simulated hosts", ["first": "\(ready.firstAddress):\(ready.port)", "count": ready.nodes])
            if let first = simulator.guestAddresses.first {
                logger.info("simulated guests", ["first": first, "count": simulator.guestAddresses.count])
            }
            await stop.wait()
            await simulator.stop(withinSeconds: 2)
        }
    }

    private static func gpu(_ values: Values) throws(Failure) -> Never {
        var options = GPUSimulator.Options()
        options.listen = try values.address("listen")
        options.cards = try values.count("cards", in: 1...16)
        options.profile = try values.profile("profile")
        options.hasOldDriver = values.isOn("old-driver")
        options.rootDirectory = values.optional("root")
        options.cluster = values.text("cluster")
        options.nodes = try values.count("nodes", in: 1...1000)
        options.guests = try values.count("guests", in: 0...100_000)
        options.seed = UInt64(try values.count("seed", in: 0...Int.max))
        options.worldDirectory = values.optional("world")
        options.stateFile = values.optional("state") ?? "\(values.optional("world") ?? ".")/gpu.state"
        if values.optional("time") != nil { options.clock = .fixed(Double(try values.count("time", in: 0...4_100_000_000))) }
        let (ready, logger) = (options, values.logger)
        try ServiceRunner.run { stop throws(Failure) in
            let simulator = try GPUSimulator.start(ready, logger: logger)
            logger.info(
                "simulated cards",
                [
                    "url": simulator.address.url(), "cards": ready.cards, "profile": ready.profile.rawValue,
                    "state": Files.absolute(ready.stateFile),
                ])
            if let library = SimulatedLibrary.path {
                logger.info(
                    "their library",
                    ["path": library, "environment": "\(SimulatedLibrary.variable)=\(Files.absolute(ready.stateFile))"])
            } else {
                logger.warn("the simulated libnvidia-ml.so.1 is not beside this program: make build puts it there", [:])
            }
            await stop.wait()
            await simulator.stop(withinSeconds: 2)
        }
    }

    private static func webhook(_ values: Values) throws(Failure) -> Never {
        var options = WebhookSimulator.Options()
        options.listen = try values.address("listen")
        options.nodes = try values.count("nodes", in: 1...1000)
        options.worldDirectory = values.optional("world")
        let (ready, logger) = (options, values.logger)
        try ServiceRunner.run { stop throws(Failure) in
            let simulator = try WebhookSimulator.start(ready, logger: logger)
            logger.info("waiting for notifications", ["url": "\(simulator.address.url())/alerts"])
            await stop.wait()
            await simulator.stop(withinSeconds: 2)
        }
    }

    /// Flag values as the types that options want; failures name the flag.
    struct Values {
        private let invocation: CommandLineParser.Invocation

        init(_ invocation: CommandLineParser.Invocation) { self.invocation = invocation }

        var logger: Logger {
            Logger(
                level: invocation.value("log.level").flatMap(Logger.Level.init(rawValue:)) ?? .info,
                format: invocation.value("log.format").flatMap(Logger.Format.init(rawValue:)) ?? .logfmt)
        }

        func optional(_ flag: String) -> String? { invocation.value(flag) }
        func text(_ flag: String) -> String { invocation.value(flag) ?? "" }
        func isOn(_ flag: String) -> Bool { invocation.isOn(flag) }

        func address(_ flag: String) throws(Failure) -> ListenAddress {
            do { return try ListenAddress(parsing: text(flag)) } catch { throw Failure(.usage, "--\(flag): \(error.message)") }
        }

        func count(_ flag: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
            guard let number = Int(text(flag)), range.contains(number) else {
                throw Failure(
                    .usage, "--\(flag): expected a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text(flag))\"")
            }
            return number
        }

        /// Names between commas; `none` is no name.
        func roles(_ flag: String) throws(Failure) -> [String] {
            let roles = text(flag).split(separator: ",").map { String($0.trimmingPrefix(" ")) }
            if roles == ["none"] { return [] }
            guard !roles.isEmpty, !roles.contains("none") else {
                throw Failure(.usage, "--\(flag): expected roles between commas, or \"none\" alone, not \"\(text(flag))\"")
            }
            return roles
        }

        func profile(_ flag: String) throws(Failure) -> GPUProfile {
            if let profile = GPUProfile(rawValue: text(flag)) { return profile }
            let known = GPUProfile.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "--\(flag): expected one of \(known), not \"\(text(flag))\"")
        }

        func release(_ flag: String) throws(Failure) -> Release {
            if let release = Release(rawValue: text(flag)) { return release }
            let known = Release.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "--\(flag): expected one of \(known), not \"\(text(flag))\"")
        }

        func seconds(_ flag: String, in range: ClosedRange<Double>) throws(Failure) -> Double {
            guard let seconds = SettingsShape.seconds(of: text(flag)), range.contains(seconds) else {
                throw Failure(.usage, "--\(flag): expected \(SettingsShape.seconds(range).expectation), not \"\(text(flag))\"")
            }
            return seconds
        }
    }
}
