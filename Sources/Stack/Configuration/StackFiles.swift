import Primitives
import Web

/// The files that the children read: the shipped text with addresses replaced, and the targets.
struct StackFiles {
    /// By path below the state directory.
    let files: [(path: String, text: String)]

    private static let shippedTimeoutSeconds = 10.0

    /// - Parameter shipped: the files as they stand in the repository.
    init(_ plan: StackPlan, shipped: [(path: String, text: String)] = EmbeddedFiles.all) {
        let book = AddressBook(plan)
        var files: [(String, String)] = []
        for (path, text) in shipped {
            if path.hasPrefix("prometheus/rules/"), plan.rulesDirectory != nil { continue }
            if path.hasPrefix("alertmanager/"), plan.alertmanagerConfiguration != nil { continue }
            let text = book.replaced(in: text)
            switch path {
            case "prometheus/prometheus.yml": files.append((path, Self.adjusted(text, plan)))
            case "alertmanager/alertmanager.yml": files.append((path, AlertmanagerText.adjusted(text, plan)))
            default: files.append((path, text))
            }
        }
        files.append(("prometheus/targets/node/local.yml", Self.localTarget(plan)))
        if let dashboards = plan.dashboards, plan.hasOpenDashboards {
            files.append(("prometheus/targets/martlet/dashboards.yml", Self.dashboardsTarget(dashboards.address)))
        }
        if let simulation = plan.simulation, let cards = simulation.cards {
            files.append(("prometheus/targets/gpu-hosts/simulated.yml", Self.cardsTarget(cards, simulation)))
        }
        if let hypervisor = plan.simulation?.hypervisor {
            files.append(("prometheus/targets/martlet-hosts/simulated.yml", Self.hypervisorTarget(hypervisor)))
            files.append((StatePaths.hypervisor, hypervisor.settings(yaml)))
        }
        if let manager = plan.manager {
            let own = [("node", Self.shortName(plan))]
            let note = "# Written by martlet at each start where it runs the manager of machines.\n"
            files.append(("prometheus/targets/virtrigaud-manager/local.yml", note + Self.target(manager.metrics.address, own)))
            let targets = manager.providers.map { Self.target($0.metrics.address, own) }
            if !targets.isEmpty { files.append(("prometheus/targets/virtrigaud-provider/local.yml", note + targets.joined())) }
        }
        if let servers = plan.simulation?.languageServers { files.append((StatePaths.languageServers, servers.settings(yaml))) }
        if let password = plan.mail?.barePassword { files.append((AlertmanagerText.ownPasswordFile, password.reveal())) }
        if let simulation = plan.simulation {
            files.append((StatePaths.token, simulation.token.reveal() + "\n"))
        }
        self.files = files
    }

    /// Replaces the lines that a person asked to be different, and no other.
    private static func adjusted(_ text: String, _ plan: StackPlan) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        func replace(_ prefix: String, by line: String) {
            if let index = lines.firstIndex(where: { $0.hasPrefix(prefix) }) { lines[index] = line }
        }
        if let interval = plan.scrapeInterval {
            let duration = prometheusDuration(seconds: interval)
            replace("  scrape_interval: ", by: "  scrape_interval: \(duration)")
            // Prometheus refuses a timeout above the interval.
            if interval < shippedTimeoutSeconds { replace("  scrape_timeout: ", by: "  scrape_timeout: \(duration)") }
        }
        if let rules = plan.rulesDirectory { replace("  - rules/*.yml", by: "  - \(yaml("\(Files.absolute(rules))/*.yml"))") }
        return lines.joined(separator: "\n")
    }

    private static func localTarget(_ plan: StackPlan) -> String {
        "# Written by martlet at each start. Other hosts go into a file of their own beside this one.\n"
            + target(plan.nodeExporter.address, [("node", shortName(plan))])
    }

    /// Of this machine, without the domain.
    private static func shortName(_ plan: StackPlan) -> String { String(plan.hostName.prefix { $0 != "." }) }

    private static func dashboardsTarget(_ address: ListenAddress) -> String {
        "# Written by martlet at each start where its dashboards are on.\n" + target(address, [])
    }

    /// The node whose guests have vGPUs in the simulated cluster is the one that has the cards.
    private static func cardsTarget(_ cards: StackPlan.Cards, _ simulation: StackPlan.Simulation) -> String {
        let node = simulation.nodeNames.prefix(2).last ?? ""
        return "# Written by martlet at each start where it simulates cards.\n"
            + target(cards.exporter.address, [("cluster", simulation.cluster), ("node", node)])
    }

    private static func hypervisorTarget(_ hypervisor: StackPlan.Hypervisor) -> String {
        "# Written by martlet at each start where it simulates a KVM host.\n"
            + target(hypervisor.exporter.address, [("cluster", hypervisor.host), ("node", hypervisor.host)])
    }

    private static func target(_ address: ListenAddress, _ labels: [(String, String)]) -> String { target(address.reachable, labels) }

    /// One target, as Prometheus reads it from a file.
    static func target(_ address: String, _ labels: [(String, String)]) -> String {
        let lines = labels.map { "    \($0): \(yaml($1))\n" }.joined()
        return "- targets:\n    - \(yaml(address))\n" + (lines.isEmpty ? "" : "  labels:\n" + lines)
    }
}
