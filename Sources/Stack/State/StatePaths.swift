/// Where things lie below the state directory.
struct StatePaths: Sendable, Equatable {
    /// The state directory itself, an absolute path.
    let root: String

    /// The simulated API's token, below the root.
    static let token = "simulation/token"

    /// The absolute path of something below the root.
    func path(_ below: String) -> String { "\(root)/\(below)" }

    /// What Prometheus reads.
    var prometheusConfiguration: String { path("prometheus/prometheus.yml") }
    /// What Alertmanager reads, unless a person gave a file.
    var alertmanagerConfiguration: String { path("alertmanager/alertmanager.yml") }
    /// The simulated API's token.
    var tokenFile: String { path(Self.token) }
    /// What the simulated cards do, for their library.
    var cardsFile: String { path("gpu/cards") }
    /// The folder that is `/` of the simulated host with cards.
    var cardsRoot: String { path("gpu/root") }
    /// What the exporter beside the simulated cards is told of servers of language models, below the root.
    static let languageServers = "gpu/martlet.yml"
    /// Where the simulated libvirtd listens, below the root, if a socket can have so long a path.
    static let hypervisorSocket = "libvirt/libvirt-sock"
    /// What the exporter that asks it is told, below the root.
    static let hypervisor = "libvirt/martlet.yml"
    /// Where a provider of machines takes calls, below the root, if a socket can have so long a path.
    static func providerSocket(_ kind: String) -> String { "providers/\(kind).sock" }
    /// What a provider of machines keeps.
    func provider(_ kind: String) -> String { path("providers/\(kind)") }
    /// What the manager of machines keeps: objects, keys and the kubeconfig.
    var manager: String { path("manager") }
    /// How kubectl finds it.
    var kubeconfig: String { path("manager/kubeconfig") }
    /// The manifests that it keeps applied, unless a person named another folder.
    var manifests: String { path("manifests") }
    /// A service's output.
    func log(_ service: String) -> String { path("log/\(service).log") }
    /// A running service's `ProcessIdentity`.
    func processFile(_ service: String) -> String { path("run/\(service).pid") }
}
