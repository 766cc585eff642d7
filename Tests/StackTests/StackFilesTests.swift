import Primitives
import Testing
import Web

@testable import Stack

@Suite struct StackFilesTests {
    private func text(_ path: String, _ files: StackFiles) throws -> String {
        try #require(files.files.first { $0.path == path }).text
    }

    private func shipped(_ path: String) throws -> String { try #require(EmbeddedFiles.all.first { $0.path == path }).text }

    /// The lines that differ, as old and new; the number of lines must not.
    private func differences(_ old: String, _ new: String) throws -> [[String]] {
        let old = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let new = new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        try #require(old.count == new.count)
        return zip(old, new).filter { $0 != $1 }.map { [$0, $1] }
    }

    @Test func atTheShippedAddressesTheShippedFilesAreWrittenAsTheyStand() throws {
        // Without mail what is about mail is left out, and nothing else: AlertmanagerTextTests.
        var plan = shippedPlan()
        plan.mail = StackPlan.Mail(smarthost: "127.0.0.1:25", from: "martlet@localhost", to: "root@localhost")
        let files = StackFiles(plan)
        let quoted = ["127.0.0.1:25", "martlet@localhost", "root@localhost"]
        for (path, text) in EmbeddedFiles.all {
            var written = try self.text(path, files)
            for value in quoted { written.replace("\"\(value)\"", with: value) }
            #expect(written == text, "\(path)")
        }
        #expect(EmbeddedFiles.all.count { $0.path.hasPrefix("alertmanager/templates/") } == 2)
    }

    @Test func onlyAddressesAreReplaced() throws {
        var plan = shippedPlan()
        // Exchanged on purpose: a second pass over the text would turn one into the other.
        plan.prometheus.address = ListenAddress(host: "127.0.0.1", port: 9093)
        plan.alertmanager.address = ListenAddress(host: "", port: 9090)
        plan.exporter.address = ListenAddress(host: "::1", port: 19221)
        plan.webhook.address = ListenAddress(host: "127.0.0.1", port: 19099)
        let files = StackFiles(plan)
        let main = "prometheus/prometheus.yml"
        #expect(
            try differences(shipped(main), text(main, files)) == [
                ["            - 127.0.0.1:9093", "            - 127.0.0.1:9090"],
                ["          - 127.0.0.1:9090", "          - 127.0.0.1:9093"],
                ["          - 127.0.0.1:9093", "          - 127.0.0.1:9090"],
                ["          - 127.0.0.1:9221", "          - '[::1]:19221'"],
            ])
        let alertmanager = "alertmanager/alertmanager.yml"
        #expect(
            try differences(text(alertmanager, StackFiles(shippedPlan())), text(alertmanager, files)) == [
                ["      - url: http://127.0.0.1:9099/alerts", "      - url: http://127.0.0.1:19099/alerts"]
            ])
        for (path, text) in EmbeddedFiles.all where path.hasPrefix("prometheus/rules/") { #expect(try self.text(path, files) == text) }
    }

    @Test func dashboardsAreScrapedWhereTheyStandOpen() throws {
        var plan = shippedPlan()
        let path = "prometheus/targets/martlet/dashboards.yml"
        #expect(!StackFiles(plan).files.contains { $0.path == path })
        plan.dashboards = StackPlan.Place(ListenAddress(host: "", port: 3001), flag: "")
        #expect(!StackFiles(plan).files.contains { $0.path == path })
        plan.hasOpenDashboards = true
        #expect(try text(path, StackFiles(plan)).hasSuffix("\n- targets:\n    - \"127.0.0.1:3001\"\n"))
    }

    @Test func linksOfAlertsLeadToThePersonsDashboards() throws {
        var plan = shippedPlan()
        plan.dashboardsURL = "https://boards.example.org/grafana"
        let files = StackFiles(plan)
        let rules = EmbeddedFiles.all.filter { $0.path.hasPrefix("prometheus/rules/alerts-") }
        #expect(!rules.isEmpty)
        for (path, text) in rules {
            let changes = try differences(text, self.text(path, files))
            #expect(!changes.isEmpty)
            for change in changes {
                #expect(change[1] == change[0].replacing("http://127.0.0.1:3000/d/", with: "https://boards.example.org/grafana/d/"))
            }
        }
    }

    @Test func aWebhookOfAPersonTakesThePlaceOfTheSimulatedOne() throws {
        var plan = shippedPlan()
        plan.webhookURL = Secret("https://hooks.example.org/T0/B1?key=x")
        #expect(
            try text("alertmanager/alertmanager.yml", StackFiles(plan)).contains("- url: https://hooks.example.org/T0/B1?key=x\n"))
        #expect(!plan.runsWebhook)
    }

    @Test(arguments: [
        (30.0, [["  scrape_interval: 15s", "  scrape_interval: 30s"]]),
        (10.0, [["  scrape_interval: 15s", "  scrape_interval: 10s"]]),
        // Prometheus refuses a timeout above the interval.
        (
            2.5,
            [["  scrape_interval: 15s", "  scrape_interval: 2500ms"], ["  scrape_timeout: 10s", "  scrape_timeout: 2500ms"]]
        ),
    ])
    func theScrapeIntervalIsOneLine(seconds: Double, expected: [[String]]) throws {
        var plan = shippedPlan()
        plan.scrapeInterval = seconds
        let main = "prometheus/prometheus.yml"
        #expect(try differences(shipped(main), text(main, StackFiles(plan))) == expected)
    }

    @Test func rulesOfAPersonAreReadWhereTheyLie() throws {
        var plan = shippedPlan()
        plan.rulesDirectory = "/etc/martlet/rules"
        let files = StackFiles(plan)
        let main = "prometheus/prometheus.yml"
        #expect(try differences(shipped(main), text(main, files)) == [["  - rules/*.yml", "  - \"/etc/martlet/rules/*.yml\""]])
        #expect(!files.files.contains { $0.path.hasPrefix("prometheus/rules/") })
    }

    @Test func anAlertmanagerConfigurationOfAPersonReplacesOurs() {
        var plan = shippedPlan()
        plan.alertmanagerConfiguration = "/etc/am.yml"
        #expect(!StackFiles(plan).files.contains { $0.path.hasPrefix("alertmanager/") })
        #expect(!plan.runsWebhook)
    }

    @Test func thisHostIsATargetUnderItsShortNameWithoutACluster() throws {
        let files = StackFiles(shippedPlan())
        #expect(
            try text("prometheus/targets/node/local.yml", files) == """
                # Written by martlet at each start. Other hosts go into a file of their own beside this one.
                - targets:
                    - "127.0.0.1:9100"
                  labels:
                    node: "desk"

                """)
        #expect(!files.files.contains { $0.path.contains("simulat") })
    }

    @Test func simulatedHostsAreDiscoveredAsRealOnesAre() throws {
        var plan = shippedPlan()
        plan.simulation = simulation(nodes: 2)
        let files = StackFiles(plan)
        #expect(!files.files.contains { $0.path.hasPrefix("prometheus/targets/") && !$0.path.hasSuffix("/local.yml") })
        #expect(try text("simulation/token", files) == "root@pam!martlet=00000000\n")
    }

    /// The node whose guests have parts of cards is the second; a cluster of one has no other.
    @Test(arguments: [(2, "pve2"), (4, "pve2"), (1, "pve1")])
    func theExporterBesideSimulatedCardsIsATargetWithTheLabelsOfItsNode(nodes: Int, node: String) throws {
        var plan = shippedPlan()
        var simulation = simulation(nodes: nodes)
        simulation.cards = cards()
        plan.simulation = simulation
        #expect(
            try text("prometheus/targets/gpu-hosts/simulated.yml", StackFiles(plan)) == """
                # Written by martlet at each start where it simulates cards.
                - targets:
                    - "127.0.0.1:9835"
                  labels:
                    cluster: "sim"
                    node: "\(node)"

                """)
    }

    @Test func theExporterOfASimulatedKVMHostIsATargetThatStandsAlone() throws {
        var plan = shippedPlan()
        var simulation = simulation()
        simulation.hypervisor = hypervisor()
        plan.simulation = simulation
        let files = StackFiles(plan)
        #expect(
            try text("prometheus/targets/martlet-hosts/simulated.yml", files) == """
                # Written by martlet at each start where it simulates a KVM host.
                - targets:
                    - "127.0.0.1:18401"
                  labels:
                    cluster: "kvm01"
                    node: "kvm01"

                """)
        #expect(
            try text("libvirt/martlet.yml", files) == """
                # Written by martlet at each start where it simulates a KVM host.
                libvirt:
                  uris: ["qemu+unix:///system?socket=/state/libvirt/libvirt-sock"]
                  interval: 5s
                  timeout: 3s
                  definition_interval: 30s

                """)
    }

    /// `waitUntilReady` counts on four targets besides the hosts.
    @Test func theShippedConfigurationHasFourTargetsBesidesTheHosts() throws {
        let text = try shipped("prometheus/prometheus.yml")
        let scraped = try #require(text.firstRange(of: "scrape_configs:"))
        #expect(text[scraped.upperBound...].split(separator: "\n").count { $0.hasPrefix("          - 127.0.0.1:") } == 4)
    }

    @Test(arguments: [
        ("- 127.0.0.1:9090", "- 127.0.0.1:1"), ("- 127.0.0.1:90901", "- 127.0.0.1:90901"), ("- 227.0.0.1:9090", "- 227.0.0.1:9090"),
        ("127.0.0.1:9090", "127.0.0.1:1"), ("a 127.0.0.1:9090, 127.0.0.1:9090", "a 127.0.0.1:1, 127.0.0.1:1"), ("", ""), ("1", "1"),
    ])
    func anAddressIsReplacedAsAWhole(text: String, expected: String) {
        var plan = shippedPlan()
        plan.prometheus.address = ListenAddress(host: "127.0.0.1", port: 1)
        #expect(AddressBook(plan).replaced(in: text) == expected)
    }
}
