import Exporting
import ManagerHosting
import Primitives
import Serving
import Settings
import Web

/// `martlet-manager serve`
enum ServeCommand {
    static let command = Command(
        "serve", "Makes virtual machines what their objects say, and answers kubectl",
        flags: [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where /metrics and /ready are", standard: ManagerSettings.standardAddress,
                isRepeatable: true,
                setting: ["web", "listen_address"]),
            Flag(
                "web.config.file", "FILE", "TLS, users, rate limit and headers, as exporter-toolkit's programs read them",
                setting: ["web", "config_file"]),
        ] + ManagerSettings.flags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation)
        let settings = try ManagerSettings(configuration.tree["manager"])
        let places = try configuration.listenPlaces(standard: ManagerSettings.standardAddress)
        let entrance = try configuration.entrance()
        try ServiceRunner.run(of: Program.name) { stop throws(Failure) in
            let logger = configuration.logger
            let http = try HTTPClient()
            let listeners = try Listener.open(places, origin: "--web.listen-address")
            let host = try await ManagerHost(settings, http: http, version: Program.version, logger: logger)
            var options = ExporterService.Options(listeners: listeners)
            options.entrance = entrance
            options.hosts = configuration.hosts
            options.requestsInFlight = configuration.requestsInFlight
            let context = CollectionContext(deadline: .after(seconds: 10), http: http, logger: logger)
            let service = ExporterService(host.contents(context), options: options, version: Program.version)
            try service.start()
            host.start()
            await ServiceRunner.serve([service], until: stop, logger: logger, status: "Managing machines.") { await host.stop() }
        }
    }
}
