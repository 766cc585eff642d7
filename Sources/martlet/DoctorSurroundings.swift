import ContainerCollector
import Doctor
import Exporting
import GPUCollector
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
        var machine = MachineExamination(
            ports: ports.filter { $0.address.port != 0 }, prometheus: prometheus, exporter: exporter.first, discovery: discovery.first)
        let dropIn = try configuration.dropIn()
        fileSystemRoot = try configuration.fileSystemRoot()
        zfs = try configuration.zfs()
        wantsZFS = configuration.role == .host || configuration.tree["zfs"]["enabled"].text == "true"
        let cards = try configuration.gpu()
        let areFound = configuration.role != .central && GPUCollector.isThere(cards, fileSystemRoot: fileSystemRoot)
        let hasCards = Self.wants("gpu", configuration, of: areFound ? ExporterRole.allCases : [.gpu])
        gpu = hasCards ? cards : nil
        // Most machines have containers; they are looked at where somebody asks for them, or wants to know who works on a card.
        let wantsContainers = hasCards || Self.wants("containers", configuration, of: [.gpu])
        containers = wantsContainers ? try configuration.containers() : nil
        machine.settings = Self.settings(configuration, clusters)
        self.machine = machine
        let hasOthers =
            !dropIn.modules.isEmpty || wantsZFS || gpu != nil || containers != nil || ZFSCollector.isThere(fileSystemRoot: fileSystemRoot)
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
        return known + [zfs] + (await cards) + (await containers) + (await rest)
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

    /// Whether somebody said that it is to be collected.
    private static func wants(_ section: String, _ configuration: Configuration, of roles: [ExporterRole]) -> Bool {
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
