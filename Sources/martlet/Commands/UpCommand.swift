import Discovery
import Exporting
import Glibc
import LLMCollector
import Primitives
import ProxmoxAPI
import ProxmoxCollector
import ProxmoxConfiguration
import Serving
import Settings
import Stack
import UpstreamConfiguration
import Viewer
import Web

/// `martlet up`
enum UpCommand {
    static let command = Command(
        "up", "Runs the whole stack on this machine: Prometheus, Alertmanager, node_exporter, the exporter, discovery and dashboards",
        flags: ExporterCommand.flags + [
            Flag(
                "discovery.listen-address", "ADDRESS", "Where discovery listens", standard: DiscoverySettings.standardAddress,
                setting: ["discovery", "listen_address"])
        ] + DiscoveryCommand.flags + [
            Flag("dashboards", nil, "Serve dashboards", standard: "true", setting: ["dashboards", "enabled"]),
            Flag(
                "dashboards.listen-address", "ADDRESS", "Where dashboards listen", standard: ViewerSettings.standardAddress,
                setting: ["dashboards", "listen_address"]),
        ] + DashboardsCommand.commonFlags + StackSettings.flags)

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let configuration = try Configuration(invocation, ofStack: true)
        let configured = try configuration.proxmox()
        let dropIn = try configuration.dropIn()
        let isSimulated = try isSimulated(configuration, configured, invocation)
        let address = try address(of: .exporter, "--web.listen-address", configuration)
        let discoveryAddress = try Self.address(of: .discovery, "--discovery.listen-address", configuration)
        if configuration.webConfigurationFile != nil {
            throw configuration.tree["web"]["config_file"].failure(
                "martlet up scrapes itself on loopback without TLS or password; web.config_file is for martlet exporter")
        }
        let entrance = try DashboardsServer.entrance(configuration, isAlone: false)
        let dashboardsAddress =
            try configuration.dashboards().isEnabled
            ? try Self.address(of: .dashboards, "--dashboards.listen-address", configuration) : nil
        let settings = StackSettings(configuration.tree["stack"], invocation)
        let plan = try settings.plan(
            exporter: address, discovery: discoveryAddress,
            dashboards: dashboardsAddress.map {
                ($0, entrance.isSecure ? "https" : "http", configuration.dashboardsConfigurationFile == nil)
            }, isSimulated: isSimulated)
        let proxmox =
            try plan.simulation.map { (simulation) throws(Failure) in try simulatedSettings(simulation, configured.slow) } ?? configured
        show(isSimulated ? introduction(plan, wasAskedFor: invocation.isOn("simulate")) : try introduction(configuration, configured))
        try ServiceRunner.run { stop throws(Failure) in
            let logger = configuration.logger
            if isSimulated, let obstacle = settings.obstacleToCards {
                logger.warn("no graphics cards are simulated", ["reason": obstacle, "silence": "--simulate.gpus 0"])
            }
            if isSimulated, let obstacle = settings.obstacleToHypervisor {
                logger.warn("no KVM host is simulated", ["reason": obstacle, "silence": "--simulate.domains 0"])
            }
            if let simulation = plan.simulation, configuration.profile == .llm, simulation.languageServers == nil {
                logger.warn(
                    "no servers of language models are simulated, and no Loki",
                    ["reason": "they work on simulated cards, and there are none"])
            }
            let stack = Stack(plan: plan, logger: logger)
            let http = try HTTPClient()
            let contents = try Exporter.contents(configuration, proxmox, dropIn, http)
            let targets = try DiscoveryServer.contents(
                configuration, try discoverySettings(configuration, proxmox, plan.simulation), http, needsClusters: false)
            do throws(Failure) {
                try await stack.prepare()
            } catch {
                // Grafana has the same port.
                guard error.message.contains("--dashboards.listen-address") else { throw error }
                throw Failure(error.code, "\(error.message), or leave the dashboards out with --no-dashboards")
            }
            if !isSimulated { try await Exporter.checkCredentials(contents, isStart: true) }
            let discoveryOptions = try configuration.serviceOptions(of: .discovery, origin: "--discovery.listen-address")
            let discovery = ExporterService(targets, options: discoveryOptions, version: Program.version) { () async throws(Failure) in
                let again = try Configuration(invocation)
                try again.checkReload(from: configuration)
                let watched = isSimulated ? proxmox : try again.proxmox()
                let contents = try DiscoveryServer.contents(
                    again, try discoverySettings(again, watched, plan.simulation), http, needsClusters: false)
                if !isSimulated { try await Exporter.checkCredentials(contents, isStart: false) }
                return contents
            }
            // Before Prometheus, which asks at its start and then not for half a minute.
            try discovery.start()
            do throws(Failure) {
                try await stack.start()
            } catch {
                await discovery.stop()
                throw error
            }
            if let simulation = plan.simulation { await waitForSimulator(simulation) }
            let service: ExporterService
            let dashboards: ExporterService?
            do throws(Failure) {
                dashboards = try Self.dashboards(configuration, plan, entrance, http, invocation)
                try dashboards?.start()
                let options = try configuration.serviceOptions(of: .exporter)
                service = ExporterService(contents, options: options, version: Program.version) { () async throws(Failure) in
                    let again = try Configuration(invocation)
                    try again.checkReload(from: configuration)
                    let configured = try again.proxmox()
                    guard try Self.isSimulated(again, configured, invocation) == isSimulated else {
                        throw Failure(
                            .configuration, "a simulation in place of what the settings name, or the other way round, needs a restart")
                    }
                    let contents = try Exporter.contents(again, isSimulated ? proxmox : configured, try again.dropIn(), http)
                    if !isSimulated { try await Exporter.checkCredentials(contents, isStart: false) }
                    Exporter.warn(configured.warnings, again.logger)
                    return contents
                }
                try service.start()
                Exporter.warn(configured.warnings, logger)
            } catch {
                await stack.stop(withinSeconds: 10)
                await discovery.stop()
                throw error
            }
            show("Starting; a table follows when everything is ready.\n")
            let watch = Task.detached {
                let states = await stack.waitUntilReady(withinSeconds: 60)
                if !stop.isRaised { show(report(states, plan)) }
            }
            await ServiceRunner.serve([service, discovery] + [dashboards].compactMap { $0 }, until: stop, logger: logger) {
                watch.cancel()
                await stack.stop(withinSeconds: 20)
            }
        }
    }

    /// Whether simulated infrastructure is watched: when it is asked for, and when the settings name nothing.
    private static func isSimulated(
        _ configuration: Configuration, _ proxmox: ProxmoxSettings, _ invocation: CommandLineParser.Invocation
    ) throws(Failure) -> Bool {
        if invocation.isOn("simulate") { return true }
        return proxmox.clusters.isEmpty ? try !configuration.namesOtherSources() : false
    }

    /// The dashboards of this stack, unless they are switched off.
    private static func dashboards(
        _ configuration: Configuration, _ plan: StackPlan, _ entrance: Entrance, _ http: HTTPClient,
        _ invocation: CommandLineParser.Invocation
    ) throws(Failure) -> ExporterService? {
        guard plan.dashboards != nil else { return nil }
        let settings = try dashboardsSettings(configuration, plan)
        let contents = try DashboardsServer.contents(configuration, settings, entrance, http)
        let options = try DashboardsServer.options(configuration, settings, entrance, origin: "--dashboards.listen-address")
        return ExporterService(contents, options: options, version: Program.version) { () async throws(Failure) in
            let again = try Configuration(invocation)
            try again.checkReload(from: configuration)
            return try DashboardsServer.contents(again, try dashboardsSettings(again, plan), entrance, http)
        }
    }

    /// What they are told: the programs that run here, where the settings name no others.
    private static func dashboardsSettings(_ configuration: Configuration, _ plan: StackPlan) throws(Failure) -> ViewerSettings {
        var settings = try configuration.dashboards()
        let section = configuration.tree["dashboards"]
        if section["prometheus"].word("url") == nil { settings.prometheus.url = plan.prometheus.address.url() }
        if section["alertmanager"].word("url") == nil { settings.alertmanager?.url = plan.alertmanager.address.url() }
        if section["loki"].word("url") == nil, let loki = plan.simulation?.languageServers?.loki {
            settings.loki = UpstreamSettings(url: loki.address.url())
        }
        if !section["scrape_interval"].isSet, let seconds = plan.scrapeInterval { settings.scrapeSeconds = seconds }
        return settings
    }

    /// Where a service listens, which Prometheus must be able to reach.
    private static func address(
        of service: Configuration.Service, _ flag: String, _ configuration: Configuration
    ) throws(Failure) -> ListenAddress {
        guard case .network(let address)? = try configuration.listenPlaces(of: service).first, !configuration.takesSystemdSockets else {
            throw Failure(.configuration, "martlet up needs a network address for Prometheus to reach (\(flag) HOST:PORT)")
        }
        return address
    }

    /// What discovery is told: the same clusters, and of simulated ones that their guests are all on this machine.
    private static func discoverySettings(
        _ configuration: Configuration, _ proxmox: ProxmoxSettings, _ simulation: StackPlan.Simulation?
    ) throws(Failure) -> DiscoverySettings {
        var settings = try configuration.discovery()
        settings.clusters = proxmox.clusters
        guard let simulation else { return settings }
        if let loopback = IPRange("127.0.0.0/8") { settings.prefer(networks: [loopback]) }
        settings.ports.node = Int(simulation.firstHost.address.port)
        settings.ports.windows = Int(simulation.windowsPort)
        // What is simulated may be asked often, so that what happens there is seen at once.
        settings.cacheSeconds = min(settings.cacheSeconds, 10)
        return settings
    }

    /// What the exporter is told about the simulated cluster.
    private static func simulatedSettings(_ simulation: StackPlan.Simulation, _ slow: SlowSettings) throws(Failure) -> ProxmoxSettings {
        let certificate = "\(simulation.worldDirectory)/\(simulation.cluster).pem"
        let endpoint = try ProxmoxEndpoint(
            address: simulation.proxmox.address.url(scheme: "https"), trust: .authority(file: certificate))
        return ProxmoxSettings(
            clusters: [.init(name: simulation.cluster, endpoint: endpoint, credential: .token(simulation.token))], slow: slow)
    }

    /// Gives the simulator a moment to listen, so that the first scrape does not find a closed port and say so in the log.
    private static func waitForSimulator(_ simulation: StackPlan.Simulation) async {
        guard let client = try? HTTPClient() else { return }
        defer { client.close() }
        let deadline = Deadline.after(seconds: 5)
        while !deadline.hasPassed {
            var request = HTTPRequest(url: simulation.proxmox.address.url(scheme: "https") + "/", deadline: deadline)
            request.trust = .insecure
            if (try? await client.send(request)) != nil { return }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Says what is watched where a person may wonder: without a cluster.
    private static func introduction(_ configuration: Configuration, _ proxmox: ProxmoxSettings) throws(Failure) -> String {
        guard proxmox.clusters.isEmpty else { return "" }
        let names = try configuration.languageServers().servers.map(\.name)
        let servers = names.isEmpty ? "" : ", with the LLM servers \(names.joined(separator: ", "))"
        let hypervisors = try configuration.hypervisors().map { ", with the hypervisors \($0.joined(separator: ", "))" } ?? ""
        return "Watching what \(configuration.file ?? "the environment") names\(servers)\(hypervisors); no Proxmox cluster is among it.\n"
    }

    private static func introduction(_ plan: StackPlan, wasAskedFor: Bool) -> String {
        guard let simulation = plan.simulation else { return "" }
        let cards = simulation.cards.map { ", with \($0.count) graphics card\($0.count == 1 ? "" : "s") in one of the nodes" } ?? ""
        let servers = simulation.languageServers.map { " and \($0.servers.count) servers of language models" } ?? ""
        let host = simulation.hypervisor.map { ", and a KVM host with \($0.domains) virtual machine\($0.domains == 1 ? "" : "s")" } ?? ""
        let what = "a simulated cluster of \(simulation.nodeNames.count) nodes and \(simulation.guests) guests\(cards)\(servers)\(host)"
        if wasAskedFor { return "Watching \(what).\n" }
        return """
            No Proxmox cluster is configured, so this is \(what). To watch yours, write martlet.yml:

                proxmox:
                  clusters:
                    - endpoint: https://pve1.example.org:8006
                      token_file: /etc/martlet/token     # USER@REALM!NAME=SECRET, a token with the role PVEAuditor
                      ca_file: /etc/martlet/pve-root-ca.pem


            """
    }

    private static func report(_ states: [ServiceState], _ plan: StackPlan) -> String {
        let isReady = !states.isEmpty && states.allSatisfy(\.isReady)
        var text = "\n" + ReadyTable.text(states) + "\n"
        text +=
            isReady
            ? "Everything is ready. Ctrl-C stops it." : "Not everything is ready; what is missing goes on being tried. Ctrl-C stops it."
        if let simulation = plan.simulation, isReady {
            let url = "\(simulation.scenario.address.url())/api/v1/scenario"
            text += "\nTo see an alert: curl -X PUT -d node-down \(url) (normal ends it)."
        }
        if plan.webhookURL == nil, plan.alertmanagerConfiguration == nil {
            text += "\nNo receiver of notifications is configured (stack.alertmanager.webhook_url or config_file): they go to "
            text += "\(plan.stateDirectory)/log/simulated-webhook.log"
            text += plan.mail.map { ", critical ones also to \($0.to)." } ?? "."
        }
        if let dashboards = plan.dashboards {
            text += "\nDashboards are on \(dashboards.address.url(scheme: plan.dashboardsScheme))/."
        }
        if let manifests = plan.manifestsDirectory, let kubeconfig = plan.kubeconfig, let program = plan.manager?.program {
            text += "\nMachines are what the manifests in \(manifests) say: \(program) get vm --kubeconfig \(kubeconfig)"
        }
        // Debian builds Prometheus without its newer pages.
        text += "\nAlerts and rules are on \(plan.prometheus.address.url())/classic/alerts."
        return text + "\n"
    }

    private static func show(_ text: String) { Files.writeAll(Array(text.utf8), to: STDOUT_FILENO) }
}
