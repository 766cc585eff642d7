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
