import Exporting
import Logs
import Primitives
import Serving
import Settings
import Web

/// `martlet logs`
enum LogsCommand {
    /// What logs have beside the flags of every service.
    private static let flags = [
        Flag("logs.loki-url", "URL", "The Loki that gets the lines", setting: ["logs", "loki", "url"]),
        Flag("logs.journal", nil, "Read the journal", standard: "true", setting: ["logs", "journal", "enabled"]),
        Flag("logs.containers", nil, "Read logs of containers", standard: "true", setting: ["logs", "containers"]),
        Flag(
            "logs.state-dir", "DIR", "Where to remember what Loki has stored", standard: LogsSettings.standardStateDirectory,
            setting: ["logs", "state_dir"]),
    ]

    static let command = Command(
        "logs", "Ships the journal and the container logs of this machine to Loki",
        flags: [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where to listen", standard: LogsSettings.standardAddress, isRepeatable: true,
                setting: ["logs", "listen_address"]),
        ] + flags + ExporterCommand.webFlags + ExporterCommand.doorFlags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation)
        let settings = try configuration.logs()
        _ = try loki(settings, configuration)
        _ = try configuration.listenPlaces(of: .logs)
        let entrance = try Exporter.entrance(configuration)
        let store = try PlaceStore(settings.stateDirectory)
        let server = LogsServer(store: store)
        try ServiceRunner.run { stop throws(Failure) in
            let http = try HTTPClient()
            let contents = try server.contents(configuration, settings, try loki(settings, configuration), http)
            var options = try configuration.serviceOptions(of: .logs)
            options.entrance = entrance
            let service = ExporterService(contents, options: options, version: Program.version) { () async throws(Failure) in
                let again = try Configuration(invocation)
                try again.checkReload(from: configuration)
                let settings = try again.logs()
                return try server.contents(again, settings, try loki(settings, again), http)
            }
            try service.start()
            await ServiceRunner.serve([service], until: stop, logger: configuration.logger) { await server.stop() }
        }
    }

    private static func loki(_ settings: LogsSettings, _ configuration: Configuration) throws(Failure) -> LokiSettings {
        if let loki = settings.loki { return loki }
        let place =
            configuration.file.map { "write logs.loki.url into \($0)" }
            ?? "there is no martlet.yml in the working directory; --config.file names one with logs.loki.url, or --logs.loki-url does without"
        throw Failure(.configuration, "nobody is named who gets the lines: \(place)")
    }
}
