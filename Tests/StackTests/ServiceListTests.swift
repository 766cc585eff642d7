import Primitives
import Testing
import Web

@testable import Stack

@Suite struct ServiceListTests {
    private let programs = ProgramNames.Found(prometheus: "/p", alertmanager: "/a", nodeExporter: "/n")

    private func services(_ plan: StackPlan) -> [Service] {
        ServiceList.make(plan, programs: programs, state: StatePaths(root: "/state"), environment: [:])
    }

    @Test func theyStartFromTheSimulatorsUpToPrometheus() {
        var plan = shippedPlan()
        plan.simulation = simulation()
        let services = services(plan)
        #expect(
            services.map(\.name) == [
                "simulated-proxmox", "simulated-hosts", "simulated-webhook", "node-exporter", "alertmanager", "prometheus",
            ])
        #expect(services.map(\.stage) == services.map(\.stage).sorted())
    }

    /// As on a real host: an exporter of the role gpu, which is told of the library and the folder that is its `/`, and of nothing else.
    @Test func simulatedCardsHaveAnExporterOfTheirOwn() throws {
        var plan = shippedPlan()
        var simulation = simulation()
        simulation.cards = cards()
        plan.simulation = simulation
        let services = services(plan)
        #expect(
            services.map(\.name) == [
                "simulated-proxmox", "simulated-hosts", "simulated-gpu", "simulated-webhook", "gpu-exporter", "node-exporter",
                "alertmanager",
                "prometheus",
            ])
        #expect(services.map(\.stage) == services.map(\.stage).sorted())
        let simulator = try #require(services.first { $0.name == "simulated-gpu" })
        #expect(
            simulator.request.arguments.joined(separator: " ")
                == "simulate gpu --listen 127.0.0.1:18200 --cards 8 --profile mixed --cluster sim --nodes 3 --guests 12 --seed 7 "
                + "--world /state/world --state /state/gpu/cards --root /state/gpu/root")
        let exporter = try #require(services.first { $0.name == "gpu-exporter" })
        #expect(
            exporter.request.arguments.joined(separator: " ")
                == "exporter --exporter.role gpu --web.listen-address 127.0.0.1:9835 --path.root /state/gpu/root")
        #expect(
            exporter.request.environment == [
                "MARTLET_SIMULATED_GPU": "/state/gpu/cards", "MARTLET_GPU__LIBRARY": "/lib/simulated/libnvidia-ml.so.1",
            ])
        #expect(services.filter { $0.name != "gpu-exporter" }.allSatisfy { $0.request.environment.isEmpty })
        #expect(plan.listeners.map(\.place.flag).filter { $0.contains("gpu") } == ["--simulate.gpu", "--simulate.gpu-exporter"])
    }

    @Test func cardsAreLeftOutWhereTheyCannotBeSimulated() {
        #expect(StackPlan.obstacleToCards(library: "/l", stateDirectory: "/state") == nil)
        #expect(StackPlan.obstacleToCards(library: nil, stateDirectory: "/state")?.contains("make build") == true)
        let deepest = "/" + String(repeating: "d", count: 107 - "/gpu/root/run/docker.sock".count - 1)
        #expect(StackPlan.obstacleToCards(library: "/l", stateDirectory: deepest) == nil)
        #expect(StackPlan.obstacleToCards(library: "/l", stateDirectory: deepest + "d")?.contains("107") == true)
    }

    /// As of a hypervisor elsewhere: an exporter that is told of it, and of nothing that this machine has.
    @Test func aSimulatedKVMHostHasAnExporterOfItsOwn() throws {
        var plan = shippedPlan()
        var simulation = simulation()
        simulation.hypervisor = hypervisor()
        plan.simulation = simulation
        let services = services(plan)
        #expect(
            services.map(\.name) == [
                "simulated-proxmox", "simulated-hosts", "simulated-libvirt", "simulated-webhook", "libvirt-exporter", "node-exporter",
                "alertmanager", "prometheus",
            ])
        #expect(services.map(\.stage) == services.map(\.stage).sorted())
        let simulator = try #require(services.first { $0.name == "simulated-libvirt" })
        #expect(
            simulator.request.arguments.joined(separator: " ")
                == "simulate libvirt --socket /state/libvirt/libvirt-sock --listen 127.0.0.1:18400 --host kvm01 --domains 12 --nodes 3 --seed 7 "
                + "--world /state/world")
        let exporter = try #require(services.first { $0.name == "libvirt-exporter" })
        #expect(
            exporter.request.arguments.joined(separator: " ")
                == "exporter --exporter.role central --web.listen-address 127.0.0.1:18401 --config.file /state/libvirt/martlet.yml")
        #expect(services.allSatisfy { $0.request.environment.isEmpty })
        #expect(
            plan.listeners.map(\.place.flag).filter { $0.contains("libvirt") } == ["--simulate.libvirt", "--simulate.libvirt-exporter"])
    }

    /// Providers first, as the manager calls them; of machines it knows what the manifests say.
    @Test func aManagerHasItsProvidersBefore() throws {
        var plan = shippedPlan()
        plan.manager = manager()
        let services = services(plan)
        #expect(
            services.map(\.name) == [
                "simulated-webhook", "provider-simulated", "provider-libvirt", "manager", "node-exporter", "alertmanager", "prometheus",
            ])
        #expect(services.map(\.stage) == services.map(\.stage).sorted())
        let lines = services.filter { $0.request.program == "/usr/bin/martlet-manager" }.map { $0.request.arguments.joined(separator: " ") }
        #expect(
            lines == [
                "provider simulated --provider.name simulated --provider.state-dir /state/providers/simulated "
                    + "--grpc.socket /state/providers/simulated.sock --web.listen-address 127.0.0.1:8072",
                "provider libvirt --provider.name libvirt --provider.state-dir /state/providers/libvirt "
                    + "--grpc.socket /state/providers/libvirt.sock --web.listen-address 127.0.0.1:8071 --libvirt.uri qemu:///system",
                "serve --manager.state-dir /state/manager --manager.manifests /state/manifests --api.listen-address 127.0.0.1:8070 "
                    + "--web.listen-address 127.0.0.1:8080",
            ])
        #expect(
            plan.listeners.map(\.place.flag).filter { $0.hasPrefix("--manager") || $0.contains("provider") } == [
                "--manager.listen-address", "--manager.api-address", "--simulate.provider-address", "--manager.libvirt-address",
            ])
        #expect(plan.kubeconfig == "/state/manager/kubeconfig" && plan.manifestsDirectory == "/state/manifests")
        plan.manager = manager(manifests: "/my/manifests")
        #expect(plan.manifestsDirectory == "/my/manifests")
        let arguments = try #require(self.services(plan).first { $0.name == "manager" }).request.arguments
        #expect(arguments.contains("/my/manifests"))
    }

    @Test func withoutASimulationOnlyTheWebhookIsSimulated() {
        #expect(services(shippedPlan()).map(\.name) == ["simulated-webhook", "node-exporter", "alertmanager", "prometheus"])
        var plan = shippedPlan()
        plan.webhookURL = Secret("http://hook")
        #expect(services(plan).map(\.name) == ["node-exporter", "alertmanager", "prometheus"])
    }

    @Test func argumentsOfEach() {
        var plan = shippedPlan()
        plan.simulation = simulation()
        let lines = services(plan).map { ([$0.request.program] + $0.request.arguments).joined(separator: " ") }
        let world = "--cluster sim --nodes 3 --guests 12 --seed 7 --world /state/world"
        #expect(
            lines == [
                "/usr/bin/martlet simulate proxmox --listen 127.0.0.1:18006 \(world) --token-file /state/simulation/token --guests-first-address 127.0.2.1",
                "/usr/bin/martlet simulate hosts --first-address 127.0.0.11 --port 9100 --windows-port 9182 \(world) "
                    + "--guests-first-address 127.0.2.1 --listen 127.0.0.1:18100",
                "/usr/bin/martlet simulate webhook --listen 127.0.0.1:9099",
                "/n --web.listen-address=127.0.0.1:9100",
                "/a --config.file=/state/alertmanager/alertmanager.yml --storage.path=/state/alertmanager/data "
                    + "--web.listen-address=127.0.0.1:9093 --cluster.listen-address= --web.external-url=http://127.0.0.1:9093 --web.route-prefix=/",
                "/p --config.file=/state/prometheus/prometheus.yml --storage.tsdb.path=/state/prometheus/data "
                    + "--storage.tsdb.retention.time=15d --web.listen-address=127.0.0.1:9090 --web.enable-lifecycle",
            ])
    }

    /// Elsewhere than on loopback Alertmanager calls itself by the name of the machine, which others know.
    @Test(
        arguments: [
            ("127.0.0.1", nil, "http://127.0.0.1:9093"), ("0.0.0.0", nil, nil), ("10.0.0.1", nil, nil),
            ("0.0.0.0", "https://alerts.example.org/am", "https://alerts.example.org/am"),
        ] as [(String, String?, String?)])
    func linksLeadToWhereAlertmanagerCanBeReached(host: String, url: String?, expected: String?) {
        var plan = shippedPlan()
        plan.alertmanager.address = ListenAddress(host: host, port: 9093)
        plan.alertmanagerURL = url
        let arguments = services(plan).first { $0.name == "alertmanager" }?.request.arguments ?? []
        #expect(arguments.first { $0.hasPrefix("--web.external-url=") } == expected.map { "--web.external-url=\($0)" })
        #expect(arguments.contains("--web.route-prefix=/") == (expected != nil))
    }

    @Test(arguments: [("127.0.0.1", true), ("127.8.0.1", true), ("::1", true), ("", false), ("0.0.0.0", false), ("10.0.0.1", false)])
    func prometheusCanBeStoppedOverHTTPOnLoopbackOnly(host: String, isAllowed: Bool) {
        var plan = shippedPlan()
        plan.prometheus.address = ListenAddress(host: host, port: 9090)
        #expect(services(plan).last?.request.arguments.contains("--web.enable-lifecycle") == isAllowed)
    }

    @Test func childrenSeeNoCredentialOfOurs() {
        let variables = ["PATH": "/bin", "PROXMOX_PASSWORD": "x", "MARTLET_PROXMOX__TOKEN": "x", "LC_ALL": "C", "TZ": "UTC"]
        #expect(ServiceList.environment(from: variables) == ["PATH": "/bin", "LC_ALL": "C", "TZ": "UTC"])
    }
}
