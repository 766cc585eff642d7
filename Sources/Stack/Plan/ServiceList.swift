import Primitives
import Web

/// The children of a plan in the order of their start.
enum ServiceList {
    /// - Parameter environment: what the children see, as `environment(from:)` makes it.
    static func make(
        _ plan: StackPlan, programs: ProgramNames.Found, state: StatePaths, environment: [String: String]
    ) -> [Service] {
        let build = Builder(plan: plan, state: state, environment: environment)
        return build.simulators + build.providers + build.cardExporters + build.hypervisorExporters + build.manager + [
            build.nodeExporter(programs.nodeExporter), build.alertmanager(programs.alertmanager), build.prometheus(programs.prometheus),
        ]
    }

    /// What a child may see of our environment: not the credentials that we were given there.
    static func environment(from variables: [String: String]) -> [String: String] {
        let names: Set = [
            "PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GOMAXPROCS", "GOMEMLIMIT", "GOGC",
            "GODEBUG", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        ]
        return variables.filter { names.contains($0.key) || $0.key.hasPrefix("LC_") }
    }

    private struct Builder {
        let plan: StackPlan
        let state: StatePaths
        let environment: [String: String]

        func prometheus(_ program: String) -> Service {
            let address = plan.prometheus.address
            var arguments = [
                "--config.file=\(state.prometheusConfiguration)", "--storage.tsdb.path=\(state.path("prometheus/data"))",
                "--storage.tsdb.retention.time=\(plan.retention)", "--web.listen-address=\(address)",
            ]
            // Whoever reaches this interface can stop Prometheus.
            if address.isLoopback { arguments.append("--web.enable-lifecycle") }
            return service("prometheus", .prometheus, program, arguments, url: address.url(), probe: Probe(url: "\(address.url())/-/ready"))
        }

        func alertmanager(_ program: String) -> Service {
            let address = plan.alertmanager.address
            let configuration = plan.alertmanagerConfiguration.map(Files.absolute) ?? state.alertmanagerConfiguration
            // No listen address for the cluster: it stands alone and opens no second port.
            var arguments = [
                "--config.file=\(configuration)", "--storage.path=\(state.path("alertmanager/data"))", "--web.listen-address=\(address)",
                "--cluster.listen-address=",
            ]
            // By itself it calls itself by the name of this machine, under which nobody reaches what listens on loopback. A path in the
            // address is that of a proxy.
            if let url = plan.alertmanagerURL ?? (address.isLoopback ? address.url() : nil) {
                arguments += ["--web.external-url=\(url)", "--web.route-prefix=/"]
            }
            return service(
                "alertmanager", .alertmanager, program, arguments, url: address.url(), probe: Probe(url: "\(address.url())/-/ready"))
        }

        func nodeExporter(_ program: String) -> Service {
            let address = plan.nodeExporter.address
            return service(
                "node-exporter", .exporters, program, ["--web.listen-address=\(address)"], url: "\(address.url())/metrics",
                probe: Probe(url: "\(address.url())/metrics"))
        }

        var simulators: [Service] {
            let simulated = plan.simulation.map { simulation in
                [proxmox(simulation), hosts(simulation)] + (simulation.cards.map { [cards($0, of: simulation)] } ?? [])
                    + (simulation.languageServers.map { [loki($0), languageServers($0, of: simulation)] } ?? [])
                    + (simulation.hypervisor.map { [libvirt($0, of: simulation)] } ?? [])
            }
            return (simulated ?? []) + (plan.runsWebhook ? [webhook] : [])
        }

        private func proxmox(_ simulation: StackPlan.Simulation) -> Service {
            let url = simulation.proxmox.address.url(scheme: "https")
            return simulator(
                "proxmox",
                ["--listen", "\(simulation.proxmox.address)"] + world(simulation) + ["--token-file", state.tokenFile] + guests(simulation)
                    + (simulation.hasCeph ? ["--ceph"] : []) + (simulation.hasQuorumDevice ? ["--qdevice"] : []),
                url: url, probe: Probe(url: "\(url)/", wanted: .anyAnswer))
        }

        private func hosts(_ simulation: StackPlan.Simulation) -> Service {
            let first = simulation.firstHost.address
            let arguments =
                ["--first-address", first.host, "--port", "\(first.port)", "--windows-port", "\(simulation.windowsPort)"]
                + world(simulation)
                + guests(simulation)
            return simulator(
                "hosts", arguments + ["--listen", "\(simulation.scenario.address)"], url: "\(first.url())/metrics",
                probe: Probe(url: "\(first.url())/metrics"))
        }

        private func cards(_ cards: StackPlan.Cards, of simulation: StackPlan.Simulation) -> Service {
            let url = cards.control.address.url()
            return simulator(
                "gpu",
                ["--listen", "\(cards.control.address)"] + machine(cards) + world(simulation) + [
                    "--state", state.cardsFile, "--root", state.cardsRoot,
                ], url: url,
                probe: Probe(url: "\(url)/health"))
        }

        /// Of the host that has the cards, and the servers that work on them.
        private func machine(_ cards: StackPlan.Cards) -> [String] { ["--cards", "\(cards.count)", "--profile", "mixed"] }

        private func languageServers(_ servers: StackPlan.LanguageServers, of simulation: StackPlan.Simulation) -> Service {
            let url = servers.control.address.url()
            var arguments = ["--control", "\(servers.control.address)", "--servers", servers.kinds, "--loki", servers.loki.address.url()]
            if let first = servers.servers.first { arguments += ["--listen", "\(first.place.address)"] }
            if let cards = simulation.cards { arguments += machine(cards) }
            return simulator("llm", arguments + world(simulation), url: url, probe: Probe(url: "\(url)/health"))
        }

        private func loki(_ servers: StackPlan.LanguageServers) -> Service {
            let url = servers.loki.address.url()
            return simulator("loki", ["--listen", "\(servers.loki.address)"], url: url, probe: Probe(url: "\(url)/ready"))
        }

        /// The exporter of the simulated host with cards: set up by what is said here alone, as one on a real host is by its own settings.
        var cardExporters: [Service] {
            guard let cards = plan.simulation?.cards else { return [] }
            let url = cards.exporter.address.url()
            var arguments = [
                "exporter", "--exporter.role", "gpu", "--web.listen-address", "\(cards.exporter.address)", "--path.root", state.cardsRoot,
            ]
            if plan.simulation?.languageServers != nil { arguments += ["--config.file", state.path(StatePaths.languageServers)] }
            return [
                service(
                    "gpu-exporter", .exporters, plan.executable, arguments, url: "\(url)/metrics", probe: Probe(url: "\(url)/ready"),
                    more: cards.environment(state))
            ]
        }

        private func libvirt(_ hypervisor: StackPlan.Hypervisor, of simulation: StackPlan.Simulation) -> Service {
            let url = hypervisor.control.address.url()
            return simulator(
                "libvirt",
                [
                    "--socket", hypervisor.socket.path, "--listen", "\(hypervisor.control.address)", "--host", hypervisor.host,
                    "--domains", "\(hypervisor.domains)", "--nodes", "\(simulation.nodeNames.count)", "--seed", "\(simulation.seed)",
                    "--world", Files.absolute(simulation.worldDirectory),
                ], url: url, probe: Probe(url: "\(url)/health"))
        }

        /// The exporter that asks the simulated KVM host. In the role central, as nothing of this machine is that host's.
        var hypervisorExporters: [Service] {
            guard let hypervisor = plan.simulation?.hypervisor else { return [] }
            let url = hypervisor.exporter.address.url()
            let arguments = [
                "exporter", "--exporter.role", "central", "--web.listen-address", "\(hypervisor.exporter.address)", "--config.file",
                state.path(StatePaths.hypervisor),
            ]
            return [
                service(
                    "libvirt-exporter", .exporters, plan.executable, arguments, url: "\(url)/metrics", probe: Probe(url: "\(url)/ready"))
            ]
        }

        var providers: [Service] {
            guard let manager = plan.manager else { return [] }
            return manager.providers.map { provider in
                let url = provider.metrics.address.url()
                let arguments = [
                    "provider", provider.kind, "--provider.name", provider.kind, "--provider.state-dir", state.provider(provider.kind),
                    "--grpc.socket", provider.socket.path, "--web.listen-address", "\(provider.metrics.address)",
                ]
                // Whether its hypervisor answers is no matter of its start: /health, not /ready.
                return service(
                    "provider-\(provider.kind)", .providers, manager.program, arguments + provider.flags, url: "\(url)/metrics",
                    probe: Probe(url: "\(url)/health"))
            }
        }

        var manager: [Service] {
            guard let manager = plan.manager, let manifests = plan.manifestsDirectory else { return [] }
            let url = manager.metrics.address.url()
            let arguments = [
                "serve", "--manager.state-dir", state.manager, "--manager.manifests", manifests, "--api.listen-address",
                "\(manager.api.address)", "--web.listen-address", "\(manager.metrics.address)",
            ]
            return [
                service(
                    "manager", .exporters, manager.program, arguments, url: manager.api.address.url(scheme: "https"),
                    probe: Probe(url: "\(url)/ready"))
            ]
        }

        private var webhook: Service {
            let url = plan.webhook.address.url()
            return simulator(
                "webhook", ["--listen", "\(plan.webhook.address)"], url: url, probe: Probe(url: "\(url)/", wanted: .anyAnswer))
        }

        private func guests(_ simulation: StackPlan.Simulation) -> [String] { ["--guests-first-address", simulation.firstGuest] }

        private func world(_ simulation: StackPlan.Simulation) -> [String] {
            [
                "--cluster", simulation.cluster, "--nodes", "\(simulation.nodeNames.count)", "--guests", "\(simulation.guests)",
                "--seed", "\(simulation.seed)", "--world", Files.absolute(simulation.worldDirectory),
            ]
        }

        private func simulator(_ kind: String, _ arguments: [String], url: String, probe: Probe) -> Service {
            service("simulated-\(kind)", .simulators, plan.executable, ["simulate", kind] + arguments, url: url, probe: probe)
        }

        private func service(
            _ name: String, _ stage: Service.Stage, _ program: String, _ arguments: [String], url: String, probe: Probe,
            more variables: [String: String] = [:]
        ) -> Service {
            let request = ChildProcess.Request(
                program: program, arguments: arguments, environment: environment.merging(variables) { $1 }, directory: state.root)
            return Service(name: name, stage: stage, request: request, url: url, probe: probe)
        }
    }
}
