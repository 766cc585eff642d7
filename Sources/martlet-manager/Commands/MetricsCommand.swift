import Controllers
import Exporting
import ManagerHosting
import Metrics
import Primitives
import ProviderHosting
import Reconciling
import Serving
import Settings

/// `martlet-manager metrics`
enum MetricsCommand {
    static let command = Command(
        "metrics", "Lists every metric that martlet-manager may serve",
        flags: [Flag("format", "FORMAT", "table or markdown", standard: "table")])

    static func text(_ invocation: CommandLineParser.Invocation) throws(Failure) -> String {
        let collectors: [any Collector] = [
            ProviderCollector(), ExporterCollector(version: Program.version) { nil }, ConfigurationCollector(), ProcessCollector(),
        ]
        let reference = MetricsReference(
            (collectors.map(\.catalogue) + [ScrapeMetrics().catalogue]).flatMap(\.descriptors), introduction: introduction,
            dropIn: (
                descriptors: [
                    ManagerCollector().catalogue, ReconcilingCollector().catalogue, ObjectStoreCollector().catalogue,
                    ManifestsCollector().catalogue,
                ]
                .flatMap(\.descriptors),
                heading: "Metrics of the manager", introduction: managerIntroduction
            ))
        switch invocation.value("format") {
        case "table": return reference.table
        case "markdown": return reference.markdown
        case let other: throw Failure(.usage, "--format: expected table or markdown, not \"\(other ?? "")\"")
        }
    }

    private static let introduction = """
        # Metrics of martlet-manager

        Every family that `martlet-manager provider` may serve on its HTTP port. This page is made from the catalogue in the program by
        `make docs`. Names and labels of `virtrigaud_` are those that Virtrigaud's dashboards and alerts read; here they are served by the provider itself.
        What is different there, and why:

        - `provider_rpc_requests_total` and `_latency_seconds` are counted by the server, so that calls which never came are not in them; `code` is spelt as
          gRPC lists its codes, `INVALID_ARGUMENT`. Of other services than `provider.v1` the method has the service's name before it: `Tasks/List`.
        - `vm_operations_total` and what follows it count operations that ended, each once, and also after a restart: the journal has them. A call that is refused before it becomes an operation is only in
          `provider_rpc_requests_total`. `outcome` is `success`, `failure` (cannot be had), `error` (something broke) or `cancelled`.
        - `ip_discovery_duration_seconds` begins when a machine has been switched on, not when it was wished for.
        - `libvirt_domains` is counted every 15 s in the background, so that a scrape never waits for libvirt; what is older than 60 s is not shown.
        - `libvirt_domains_total` is a gauge in spite of its name, which is kept; `libvirt_domains` is the same under a name that promtool likes.

        """
}

extension MetricsCommand {
    fileprivate static let managerIntroduction = """
        What `martlet-manager serve` tells beside its own `martlet_` and `process_` families. Some names are those of a provider's families above and are counted here from the manager's side;
        the label `provider` tells them apart: the manager says `namespace/name`, a provider its own name.

        - `vm_operations_total` and what follows it are sums over VMOperation objects: an operation counts when its end is written down, once, and is still counted after a restart and when its object is old and gone.
          `outcome` is `success`, `failure` (the hypervisor said no) or `error` (nobody will know). Describe and ListVMs are calls, and no operations.
        - `provider_rpc_requests_total` has calls that an open breaker kept back, as UNAVAILABLE; `_latency_seconds` has not, as they would pull it to zero.
        - Codes OK, UNAVAILABLE, DEADLINE_EXCEEDED and INTERNAL of a method are there from 0 on: of Validate, GetCapabilities and ListVMs at once, of others from their first call on. Methods that are never called have no series.
        - `vm_operations_total` is there from 0 on for every operation; of `vm_operations_duration_seconds` only Create is, of which a rule tells, and others from their first end on.
        - `hypervisor_vms` is absent when the last list is older than three that were due.
        - `manager_reconcile_total`: `success` when what is so is what is wanted, `requeue` while something is waited for, `error`; there is no `failure`.
        - `workqueue_*` and `controller_runtime_*` mean what they mean in Kubernetes' own controllers; `controller_runtime_reconcile_panics_total` is not served.


        """
}

/// `martlet-manager settings`
enum SettingsCommand {
    static let command = Command("settings", "Prints the reference of all settings")

    static var text: String { SettingsReference(Configuration.shape, introduction: introduction).markdown }

    private static let introduction = """
        # Settings of martlet-manager

        All settings of `martlet-manager.yml`. Each can also be given as an environment variable: `log.level` is `MARTLET_LOG__LEVEL`. A variable goes over the file,
        a flag over both. Paths count from the working directory; a duration without a unit counts seconds. KIND is the provider's kind. This page is made from the program by `make docs`.

        `martlet` reads variables of the same prefix. Keys that both have (`MARTLET_LOG__LEVEL`) may stand in an environment that they share; one that only the other has
        (`MARTLET_LIBVIRT__URIS`) is an unknown key and ends the program before anything starts, as a slip of the pen does: nobody wants a provider for another hypervisor than was meant.
        So give each program an environment of its own, or such keys in its file.

        """
}
