import Glibc
package import Primitives
package import Web

/// What `martlet up` runs: where each part listens, with which files, and for whom.
package struct StackPlan: Sendable {
    /// Where a part listens, and the flag that says so.
    package struct Place: Sendable {
        package var address: ListenAddress
        /// For the error when the port is busy: `--prometheus.listen-address`.
        package var flag: String

        package init(_ address: ListenAddress, flag: String) {
            self.address = address
            self.flag = flag
        }
    }

    /// A simulated cluster: two further processes of ours, one for its API and one for the exporters on its hosts.
    package struct Simulation: Sendable {
        package var cluster: String
        /// The hosts' names, in the order of their addresses.
        package var nodeNames: [String]
        /// The number of guests.
        package var guests: Int
        package var seed: UInt64
        /// Whether the cluster has Ceph, and a quorum device.
        package var hasCeph = false, hasQuorumDevice = false
        /// Where the Proxmox API answers, over HTTPS.
        package var proxmox: Place
        /// Where the first host's node_exporter answers; each further host has the next IPv4 address and the same port.
        package var firstHost: Place
        /// Address of the first guest; each further one has the next. Its exporter listens on the port of the hosts', or of Windows.
        package var firstGuest: String
        /// Where windows_exporter answers in guests.
        package var windowsPort: UInt16
        /// Where the simulated hosts take a scenario.
        package var scenario: Place
        /// The folder that the simulators share, made when it is missing.
        package var worldDirectory: String
        /// The API token that the simulated Proxmox accepts; it reaches it in a file that only this user can read.
        package var token: Secret
        /// The host with graphics cards; nil for none.
        package var cards: Cards?
        /// Servers of language models on that host; nil for none.
        package var languageServers: LanguageServers?
        /// A KVM host beside the cluster; nil for none.
        package var hypervisor: Hypervisor?

        package init(
            cluster: String, nodeNames: [String], guests: Int, seed: UInt64, proxmox: Place, firstHost: Place, firstGuest: String,
            windowsPort: UInt16, scenario: Place, worldDirectory: String, token: Secret
        ) {
            self.cluster = cluster
            self.nodeNames = nodeNames
            self.guests = guests
            self.seed = seed
            self.proxmox = proxmox
            self.firstHost = firstHost
            self.firstGuest = firstGuest
            self.windowsPort = windowsPort
            self.scenario = scenario
            self.worldDirectory = worldDirectory
            self.token = token
        }
    }

    /// Everything that the stack writes lies below it.
    package var stateDirectory: String
    /// Our exporter, which runs in this process.
    package var exporter: Place
    /// Service discovery, which runs in this process too.
    package var discovery: Place
    /// The dashboards, which run in this process too; nil when they are switched off.
    package var dashboards: Place?
    /// `https` when the dashboards have doors with TLS.
    package var dashboardsScheme = "http"
    /// Whether Prometheus can read what the dashboards count of themselves: not where they want TLS or a password, which it does not know.
    package var hasOpenDashboards = false
    /// Prometheus. On a loopback address it can also be reloaded and stopped over HTTP.
    package var prometheus: Place
    /// Alertmanager, which stands alone: no cluster port.
    package var alertmanager: Place
    /// The node_exporter of this machine.
    package var nodeExporter: Place
    /// The simulated receiver of notifications; unused when `webhookURL` or `alertmanagerConfiguration` is set.
    package var webhook: Place
    /// Where Alertmanager sends notifications; nil for the simulated receiver. It may hold a secret and is never shown.
    package var webhookURL: Secret?
    /// Who is called every five minutes as long as Prometheus and Alertmanager work; nil for nobody. It may hold a secret and is never shown.
    package var deadmanURL: Secret?
    /// How mail is sent; nil for none.
    package var mail: Mail?
    /// When guests may be down without anybody being told; nil for the shipped hours.
    package var backupWindow: BackupWindow?
    /// Where people open Alertmanager, for links in messages; nil for where it listens.
    package var alertmanagerURL: String?
    /// Where people open the dashboards, for links in alerts, without a slash at its end.
    package var dashboardsURL = "http://127.0.0.1:3000"
    /// How long Prometheus keeps samples, in its own words: `15d`.
    package var retention = "15d"
    /// Seconds between scrapes; nil for the shipped interval.
    package var scrapeInterval: Double?
    /// A folder of rule files (`*.yml`) in place of the shipped ones.
    package var rulesDirectory: String?
    /// A configuration of Alertmanager in place of the shipped one; used where it lies.
    package var alertmanagerConfiguration: String?
    /// Who makes virtual machines; nil for nobody.
    package var manager: Manager?
    /// nil to watch what is real.
    package var simulation: Simulation?
    /// This machine's name; the label `node` of its node_exporter, without the domain.
    package var hostName = ProcessEnvironment.hostName
    /// Our own program, which is also the simulators.
    package var executable = StackPlan.ownExecutable
    /// Where the programs are looked for.
    package var programs = ProgramNames()

    /// A plan without a simulation, with the shipped configuration.
    package init(
        stateDirectory: String, exporter: Place, discovery: Place, prometheus: Place, alertmanager: Place, nodeExporter: Place,
        webhook: Place
    ) {
        self.stateDirectory = stateDirectory
        self.exporter = exporter
        self.discovery = discovery
        self.prometheus = prometheus
        self.alertmanager = alertmanager
        self.nodeExporter = nodeExporter
        self.webhook = webhook
    }

    /// The program that runs now. When its file was replaced meanwhile, the kernel's link to it, which still starts it.
    package static var ownExecutable: String {
        let link = "/proc/self/exe"
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            guard let start = buffer.baseAddress else { return link }
            let count = readlink(link, start, Int(PATH_MAX))
            guard count > 0 else { return link }
            start[count] = 0
            let path = String(cString: start)
            return Files.isExecutable(path) ? path : link
        }
    }

    /// Whether notifications go to the simulated receiver.
    var runsWebhook: Bool { webhookURL == nil && alertmanagerConfiguration == nil }

    /// The simulated hosts' addresses, in the order of their names.
    var simulatedHosts: [(node: String, place: Place)] {
        guard let simulation, let first = IPv4(simulation.firstHost.address.host) else { return [] }
        return simulation.nodeNames.enumerated().map { offset, node in
            let address = ListenAddress(host: first.advanced(by: offset).description, port: simulation.firstHost.address.port)
            return (node, Place(address, flag: simulation.firstHost.flag))
        }
    }

    /// All sockets that will be made and are no network address.
    var sockets: [SocketPlace] { (simulation?.hypervisor.map { [$0.socket] } ?? []) + (manager?.providers.map(\.socket) ?? []) }

    /// All that will listen, with the Debian service that may hold its port already.
    var listeners: [(place: Place, debianService: String?)] {
        var all: [(Place, String?)] = [
            (exporter, nil), (discovery, nil), (prometheus, "prometheus"), (alertmanager, "prometheus-alertmanager"),
            (nodeExporter, "prometheus-node-exporter"),
        ]
        if let dashboards { all.append((dashboards, nil)) }
        if runsWebhook { all.append((webhook, nil)) }
        if let simulation { all += [(simulation.proxmox, nil), (simulation.scenario, nil)] }
        if let cards = simulation?.cards { all += [(cards.control, nil), (cards.exporter, nil)] }
        if let hypervisor = simulation?.hypervisor { all += [(hypervisor.control, nil), (hypervisor.exporter, nil)] }
        if let manager { all += manager.places.map { ($0, nil) } }
        if let servers = simulation?.languageServers { all += servers.places.map { ($0, nil) } }
        return all + simulatedHosts.map { ($0.place, nil) }
    }
}
