import Exporting
import Metrics
import Primitives
import ProxmoxCollector
import ProxmoxDropIn
import Serving
import Settings
import Web

/// `martlet exporter`
enum ExporterCommand {
    static let flags =
        [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where to listen", standard: "127.0.0.1:9221", isRepeatable: true,
                setting: ["web", "listen_address"]),
            Flag(
                "exporter.role", "ROLE", "What to collect where nothing else is said: auto, central, host or gpu",
                standard: ExporterRole.auto.rawValue, setting: ["exporter", "role"]),
            Flag("collector.proxmox", nil, "Collect Proxmox VE clusters", standard: "true", setting: ["proxmox", "enabled"]),
        ]
        + Collectors.registered.map { Flag("collector.\($0.name)", nil, $0.flagHelp, standard: "true", setting: [$0.name, "enabled"]) }
        + [
            Flag("path.root", "FOLDER", "Where the host's /proc and /sys are mounted", setting: ["exporter", "root"]),
            Flag("scrape.timeout", "DURATION", "Longest a scrape may take", standard: "10s", setting: ["exporter", "scrape_timeout"]),
            Flag(
                "exporter.detail", "LEVEL", "How fine the series of /metrics are: guest, disk or all", standard: Detail.standard.rawValue,
                setting: ["exporter", "detail"]),
            Flag(
                "exporter.series-limit", "COUNT", "Most series of a scrape of /metrics",
                standard: String(ScrapeCoordinator.standardSeriesLimit), setting: ["exporter", "series_limit"]),
        ] + webFlags + DropInSettings.flags

    /// Flags of every service's HTTP server.
    static let webFlags = [
        Flag(
            "web.allowed-hosts", "NAME",
            "By what names the service may be called, beside localhost and its addresses; without any, only loopback is particular",
            isRepeatable: true,
            setting: ["web", "allowed_hosts"]),
        Flag("web.max-requests", "COUNT", "Requests answered at the same time", standard: "40", setting: ["web", "max_requests"]),
    ]

    /// Flags of a service that listens for others than a Prometheus beside it.
    static let doorFlags = [
        Flag(
            "web.systemd-socket", nil, "Take the sockets that systemd opened, in place of --web.listen-address",
            setting: ["web", "systemd_socket"]),
        Flag(
            "web.config.file", "FILE", "TLS, users, rate limit and headers, as exporter-toolkit's programs read them",
            setting: ["web", "config_file"]),
    ]

    static let command = Command(
        "exporter",
        "Serves metrics of the configured clusters and LLM servers, and of this machine's ZFS, cards and containers, on /metrics, and on /pve as prometheus-pve-exporter does",
        flags: flags + doorFlags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation)
        let proxmox = try configuration.proxmox()
        let dropIn = try configuration.dropIn()
        _ = try configuration.listenPlaces(of: .exporter)
        // What is wrong with it shows before anything is opened.
        let entrance = try Exporter.entrance(configuration)
        try ServiceRunner.run { stop throws(Failure) in
            let http = try HTTPClient()
            let contents = try Exporter.contents(configuration, proxmox, dropIn, http)
            try await Exporter.checkCredentials(contents, isStart: true)
            var options = try configuration.serviceOptions(of: .exporter)
            options.entrance = entrance
            let service = ExporterService(contents, options: options, version: Program.version) { () async throws(Failure) in
                let again = try Configuration(invocation)
                try again.checkReload(from: configuration)
                let proxmox = try again.proxmox()
                let contents = try Exporter.contents(again, proxmox, try again.dropIn(), http)
                try await Exporter.checkCredentials(contents, isStart: false)
                Exporter.warn(proxmox.warnings, again.logger)
                return contents
            }
            try service.start()
            Exporter.warn(proxmox.warnings, configuration.logger)
            await ServiceRunner.serve([service], until: stop, logger: configuration.logger)
        }
    }
}
