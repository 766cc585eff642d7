import Discovery
import Exporting
import Primitives
import Serving
import Settings
import Web

/// `martlet discovery`
enum DiscoveryCommand {
    /// What discovery has beside the flags of every service.
    static let flags = [
        Flag(
            "discovery.cache-ttl", "DURATION", "Time between two looks at a cluster", standard: "60s", setting: ["discovery", "cache_ttl"]),
        Flag(
            "discovery.keep-last", "DURATION", "How long the targets of a cluster that does not answer are kept", standard: "1h",
            setting: ["discovery", "keep_last"]),
        Flag(
            "discovery.network", "NETWORK", "Where guests are scraped, such as 192.0.2.0/24, best first", isRepeatable: true,
            setting: ["discovery", "networks"]),
        Flag(
            "discovery.dns-domain", "DOMAIN", "Guests without a known address are scraped as NAME.DOMAIN",
            setting: ["discovery", "dns_domain"]),
    ]

    static let command = Command(
        "discovery", "Tells Prometheus which guests and nodes to scrape: HTTP service discovery on /targets",
        flags: [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where to listen", standard: DiscoverySettings.standardAddress, isRepeatable: true,
                setting: ["discovery", "listen_address"]),
        ] + flags + ExporterCommand.webFlags + ExporterCommand.doorFlags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation)
        let settings = try configuration.discovery()
        _ = try configuration.listenPlaces(of: .discovery)
        let entrance = try Exporter.entrance(configuration)
        try ServiceRunner.run { stop throws(Failure) in
            let http = try HTTPClient()
            let contents = try DiscoveryServer.contents(configuration, settings, http)
            try await Exporter.checkCredentials(contents, isStart: true)
            var options = try configuration.serviceOptions(of: .discovery)
            options.entrance = entrance
            let service = ExporterService(contents, options: options, version: Program.version) { () async throws(Failure) in
                let again = try Configuration(invocation)
                try again.checkReload(from: configuration)
                let settings = try again.discovery()
                let contents = try DiscoveryServer.contents(again, settings, http)
                try await Exporter.checkCredentials(contents, isStart: false)
                Exporter.warn(settings.warnings, again.logger)
                return contents
            }
            try service.start()
            Exporter.warn(settings.warnings, configuration.logger)
            await ServiceRunner.serve([service], until: stop, logger: configuration.logger)
        }
    }
}
