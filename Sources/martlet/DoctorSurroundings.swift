import ContainerCollector
import Doctor
import GPUCollector
import LLMCollector
import Logs
import Primitives
import ProxmoxConfiguration
import ProxmoxDropIn
import Settings
import Stack
import Web
import ZFSCollector

/// What `martlet doctor` looks at beside the clusters, as the settings have it.
struct DoctorSurroundings: Sendable {
    private let machine: MachineExamination
    /// What is known before anything is looked at.
    private let known: [DoctorReport.Section]
    private let zfs: ZFSSettings
    private let fileSystemRoot: String
    private let wantsZFS: Bool
    /// nil where there are none and nobody wants them.
    private let gpu: GPUSettings?
    private let containers: ContainerSettings?
    /// nil where nobody names any.
    private let servers: (settings: LLMSettings, section: LLMFindings.Section)?
    private let lines: Lines?

    /// What `martlet logs` reads, and who gets it.
    private struct Lines: Sendable {
        let settings: LogsSettings
        /// Whose logs are read besides; nil for nobody's.
        let containers: ContainerSettings?
    }

    /// - Parameter credentials: those of them that cannot be read, without which nothing is known of clusters.
    init(_ configuration: Configuration, _ clusters: ConfiguredClusters?, _ credentials: DoctorCredentials) throws(Failure) {
        let stack = configuration.tree["stack"]
        func address(_ part: StackProfile.Part) throws(Failure) -> ListenAddress {
            let setting = stack[part.rawValue]["listen_address"]
            do {
                return try ListenAddress(parsing: setting.text ?? configuration.profile.address(of: part))
            } catch {
                throw setting.failure(error.message)
            }
        }
        let prometheus = try address(.prometheus)
        let alertmanager = try address(.alertmanager)
        let nodeExporter = try address(.nodeExporter)
        // Of those that systemd opens it alone knows the addresses.
        let exporter = configuration.takesSystemdSockets ? [] : try Self.networks(configuration, .exporter)
        let discovery = try Self.networks(configuration, .discovery)
        // systemd may hold them for us until somebody comes.
        let own = ["martlet", "systemd"]
        var ports = exporter.map { PortPlan("exporter", $0, flag: "--web.listen-address", programs: own) }
        ports += discovery.map { PortPlan("discovery", $0, flag: "discovery.listen_address", programs: own) }
        // Grafana has the same port, and shows the same boards.
        if configuration.tree["dashboards"]["enabled"].flag ?? true {
            let flag = "dashboards.listen_address"
            ports += try Self.networks(configuration, .dashboards).map {
                PortPlan("dashboards", $0, flag: flag, programs: own + ["grafana", "grafana-server"])
            }
        }
        ports += [
            PortPlan(
                "prometheus", prometheus, flag: "--prometheus.listen-address", programs: ["prometheus"]),
            PortPlan(
                "alertmanager", alertmanager, flag: "--alertmanager.listen-address", programs: ["prometheus-alertmanager", "alertmanager"]),
            PortPlan(
                "node_exporter", nodeExporter, flag: "--node-exporter.listen-address",
                programs: ["prometheus-node-exporter", "node_exporter"]),
        ]
        lines = try Self.lines(configuration)
        if lines?.settings.loki != nil {
            ports += try Self.networks(configuration, .logs).map { PortPlan("logs", $0, flag: "logs.listen_address", programs: own) }
        }
        servers = try Self.servers(configuration)
        var machine = MachineExamination(
            ports: ports.filter { $0.address.port != 0 }, prometheus: prometheus, exporter: exporter.first, discovery: discovery.first)
        let dropIn = try configuration.dropIn()
        fileSystemRoot = try configuration.fileSystemRoot()
        zfs = try configuration.zfs()
        wantsZFS = configuration.role == .host || configuration.tree["zfs"]["enabled"].text == "true"
        let cards = try configuration.gpu()
        let areFound = configuration.role != .central && GPUCollector.isThere(cards, fileSystemRoot: fileSystemRoot)
        let hasCards = Self.wants("gpu", configuration, of: areFound ? Collectors.Role.allCases : [.gpu])
        gpu = hasCards ? cards : nil
        // Most machines have containers; they are looked at where somebody asks for them, or wants to know who works on a card.
        let wantsContainers = hasCards || Self.wants("containers", configuration, of: [.gpu])
        containers = wantsContainers ? try configuration.containers() : nil
        machine.settings = Self.settings(configuration, clusters)
        self.machine = machine
        let hasOthers =
            !dropIn.modules.isEmpty || wantsZFS || gpu != nil || containers != nil || servers != nil || lines != nil
            || ZFSCollector.isThere(fileSystemRoot: fileSystemRoot)
        let hasClusters = !credentials.areReadable || clusters?.all.isEmpty == false
        known =
            credentials.sections + [
                DoctorReport.Section(.cluster, "clusters", hasClusters ? [] : [Self.noCluster(configuration, hasOthers: hasOthers)]),
                LocalFindings.dropIn(dropIn, hasClusters: hasClusters),
            ]
    }

    func sections(_ http: HTTPClient, _ deadline: Deadline) async -> [DoctorReport.Section] {
        let zfs = LocalFindings.zfs(zfs, fileSystemRoot: fileSystemRoot, isWanted: wantsZFS)
        async let rest = machine.run(http, by: deadline)
        async let cards = cards(deadline)
        async let containers = containers(http, deadline)
        async let servers = servers(http, deadline)
        async let lines = lines(http, deadline)
        return known + [zfs] + (await cards) + (await containers) + (await servers) + (await lines) + (await rest)
    }

    private func cards(_ deadline: Deadline) async -> [DoctorReport.Section] {
        guard let gpu else { return [] }
        return [CardFindings.cards(await CardSurvey.run(gpu, by: deadline), library: gpu.library)]
    }

    private func containers(_ http: HTTPClient, _ deadline: Deadline) async -> [DoctorReport.Section] {
        guard let containers else { return [] }
        let survey = await ContainerSurvey.run(containers, fileSystemRoot: fileSystemRoot, http, by: deadline)
        return [CardFindings.containers(survey, fileSystemRoot: fileSystemRoot)]
    }

    private func servers(_ http: HTTPClient, _ deadline: Deadline) async -> [DoctorReport.Section] {
        guard let servers else { return [] }
        return LLMFindings.judge(await LLMSurvey.run(servers.settings, http, by: deadline), servers.section)
    }

    private func lines(_ http: HTTPClient, _ deadline: Deadline) async -> [DoctorReport.Section] {
        guard let lines else { return [] }
        guard let loki = lines.settings.loki else { return [LogsFindings.unnamed] }
        async let survey = LogsSurvey.run(lines.settings, loki, http, by: deadline)
        var engine: LogsFindings.Engine?
        if let containers = lines.containers {
            let found = await ContainerSurvey.run(containers, fileSystemRoot: fileSystemRoot, http, by: deadline)
            engine = LogsFindings.Engine(state: found.engine, product: found.product, sockets: found.sockets)
        }
        return [LogsFindings.judge(await survey, engine: engine)]
    }

    /// Nobody's where the section is switched off, or nothing stands in it that could be looked at.
    private static func servers(_ configuration: Configuration) throws(Failure) -> (settings: LLMSettings, section: LLMFindings.Section)? {
        let settings = try configuration.llm()
        var section = LLMFindings.Section()
        let enabled = configuration.tree["llm"]["enabled"].text
        section.isWanted = enabled == "true"
        section.looksAtContainers = settings.looksAtContainers
        section.allowedTargets = settings.allowedTargets
        section.intervalSeconds = settings.probe.intervalSeconds
        let hasAny = !settings.servers.isEmpty || !settings.ports.isEmpty || !settings.allowedTargets.isEmpty
        return enabled != "false" && (section.isWanted || hasAny) ? (settings, section) : nil
    }

    private static func lines(_ configuration: Configuration) throws(Failure) -> Lines? {
        guard configuration.tree["logs"].isSet else { return nil }
        let settings = try configuration.logs()
        return Lines(settings: settings, containers: settings.hasContainers ? try configuration.containers() : nil)
    }

    /// Whether somebody said that it is to be collected.
    private static func wants(_ section: String, _ configuration: Configuration, of roles: [Collectors.Role]) -> Bool {
        switch configuration.tree[section]["enabled"].text {
        case "true": true
        case "false": false
        default: roles.contains(configuration.role)
        }
    }

    private static func networks(_ configuration: Configuration, _ service: Configuration.Service) throws(Failure) -> [ListenAddress] {
        try configuration.listenPlaces(of: service).compactMap { place in
            if case .network(let address) = place { address } else { nil }
        }
    }

    private static func noCluster(_ configuration: Configuration, hasOthers: Bool) -> Finding {
        let place = configuration.file.map { "\($0) names none" } ?? "there is no martlet.yml in the working directory"
        return Finding(
            "settings", hasOthers ? .information : .problem, "no Proxmox cluster is configured: \(place), and PROXMOX_HOST is not set",
            remedies: [
                Finding.Remedy(.here, "have settings made, and the way to the cluster tested", lines: ["martlet init"]),
                Finding.Remedy(
                    .here, "or name the file that the exporter reads", lines: ["martlet doctor --config.file /etc/martlet/martlet.yml"]),
                Finding.Remedy(
                    .settings, "or write one",
                    lines: [
                        "proxmox:", "  clusters:", "    - endpoint: https://pve1.example.org:8006", "      token_file: /etc/martlet/token",
                        "      ca_file: /etc/martlet/pve-root-ca.pem",
                    ]),
            ])
    }

    /// What the settings themselves give cause to say.
    private static func settings(_ configuration: Configuration, _ clusters: ConfiguredClusters?) -> [Finding] {
        var findings: [Finding] = []
        if let file = configuration.file {
            let holdsSecret = configuration.tree["proxmox"]["clusters"].sections.contains {
                $0.word("token") != nil || $0.word("password") != nil
            }
            if holdsSecret, Files.isReadableByAll(file) {
                findings.append(
                    Finding(
                        "settings", .warning, "\(file) holds a token or password and can be read by every user of this machine",
                        remedies: [.privacy(of: file)]))
            } else {
                findings.append(Finding("settings", .ok, "settings are read from \(file)"))
            }
        }
        if let warning = clusters?.idleWarning { findings.append(Finding("settings", .warning, warning)) }
        return findings
    }
}
