package import Primitives
import Web

/// The stack's files for programs that do not run beside martlet on one machine, as in containers: rules, configuration and boards, with the
/// addresses by which those programs know each other.
package struct FilesExport: Sendable {
    /// Where the files go. The programs must see them under the same path.
    package var directory: String
    /// `HOST:PORT`, by name or number, as Prometheus reaches each.
    package var prometheus = "127.0.0.1:9090"
    package var alertmanager = "127.0.0.1:9093"
    package var exporter = "127.0.0.1:9221"
    package var discovery = "127.0.0.1:8000"
    /// The exporter of one more machine, which serves language models; nil for none.
    package var modelHost: ModelHost?
    /// The URL by which a person opens Grafana: alerts lead there.
    package var grafana = "http://127.0.0.1:3000"
    /// Where notifications go. Any other URL than the shipped one may hold a secret, and closes the folder that it is written to.
    package var webhook = FilesExport.shippedWebhook
    /// The file from which Alertmanager, 0.26 and newer, reads where notifications go, by its path there; it goes over `webhook`.
    package var webhookFile: String?
    /// The same of whom is called as long as alerting works; nil for nobody.
    package var deadmanFile: String?
    /// What else stands in the files: mail, hours, the time between scrapes, and the folder of rules and the configuration of Alertmanager that
    /// are copied in place of the shipped ones. Its addresses are those of the shipped files, and stay so.
    package var plan: StackPlan

    /// An exporter that knows of no cluster, and which machine it is about.
    package struct ModelHost: Sendable {
        package static let standardNode = "llm"
        /// `HOST:PORT`, as Prometheus reaches it.
        package var address: String
        /// The labels of its target, as logs of the machine have them.
        package var cluster: String
        package var node: String

        package init(address: String, cluster: String, node: String) { (self.address, self.cluster, self.node) = (address, cluster, node) }
    }

    /// Everything as in the shipped files.
    package init(directory: String) {
        self.directory = directory
        plan = Self.shippedPlan(directory)
    }

    /// Grafana's place for provisioning, as the shipped files name it.
    private static let provisioning = "/etc/grafana/provisioning"
    package static let shippedWebhook = "http://127.0.0.1:9099/alerts"
    /// Stands where the name of the file goes.
    private static let deadman = "http://deadman.invalid/"

    /// Below the directory.
    private static let alertmanagerFile = "alertmanager/alertmanager.yml"
    private static let rulesFolder = "prometheus/rules/"

    /// The folder that is closed to all but its owner and group, as what is written there may hold a secret; nil when all may read everything.
    package var closedFolder: String? {
        let hasURL = webhookFile == nil && webhook != Self.shippedWebhook || plan.deadmanURL != nil && deadmanFile == nil
        return hasURL || plan.alertmanagerConfiguration != nil ? "\(Files.absolute(directory))/alertmanager" : nil
    }

    /// Writes the files, readable for all who get into their folder, and removes those of an earlier call that there are no more. What else lies
    /// there stays.
    package func write() throws(Failure) {
        try plan.mail?.check()
        try plan.checkAlertmanagerConfiguration()
        let files = try files()
        let root = Files.absolute(directory)
        try Files.makeDirectory(root)
        // Where a person adds hosts that no cluster knows, exporters on hosts and beside cards, who ships logs, who makes machines, and dashboards; they
        // must be there to be mounted over.
        for folder in ["node", "martlet-hosts", "gpu-hosts", "martlet-logs", "virtrigaud-manager", "virtrigaud-provider", "martlet"] {
            try Files.makeDirectory("\(root)/prometheus/targets/\(folder)")
        }
        // Before the secret is there.
        if let closedFolder { try Files.makeClosedDirectory(closedFolder) }
        try StateWriter(paths: StatePaths(root: root), fileMode: 0o644, folderMode: 0o755).write(files)
    }

    /// By path below the directory.
    func files() throws(Failure) -> [(path: String, text: String)] {
        var pairs = [
            ("127.0.0.1:9090", prometheus), ("127.0.0.1:9093", alertmanager), ("127.0.0.1:9221", exporter),
            ("127.0.0.1:8000", discovery), ("http://127.0.0.1:3000", grafana),
            // Grafana's own files are for containers from the start.
            ("http://prometheus:9090", "http://\(prometheus)"),
            (Self.provisioning, "\(Files.absolute(directory))/grafana/provisioning"),
        ]
        if let webhookFile {
            pairs.append(("url: \(Self.shippedWebhook)", "url_file: \(webhookFile)"))
        } else {
            pairs.append((Self.shippedWebhook, webhook))
        }
        var plan = plan
        // Copied below: where they lie is not where those programs are.
        (plan.rulesDirectory, plan.alertmanagerConfiguration) = (nil, nil)
        // A copy would lie where others can read it; Alertmanager reads the file that the person named.
        plan.mail?.barePassword = nil
        if let deadmanFile {
            plan.deadmanURL = Secret(Self.deadman)
            pairs.append(("url: \(yaml(Self.deadman))", "url_file: \(deadmanFile)"))
        }
        let book = AddressBook(pairs: pairs)
        // The plan leaves the shipped addresses as they are, for the book; what else it decides holds here too.
        let own = StackFiles(plan).files.filter { !$0.path.hasPrefix("prometheus/targets/") }
        var files = (own + EmbeddedFiles.grafana).map { ($0.path, book.replaced(in: $0.text)) }
        if let host = modelHost {
            let labels = [("cluster", host.cluster), ("node", host.node)]
            files.append(("prometheus/targets/martlet/llm-exporter.yml", StackFiles.target(host.address, labels)))
        }
        return try withCopies(files)
    }

    /// With what a person has in place of shipped files, as it stands.
    private func withCopies(_ shipped: [(path: String, text: String)]) throws(Failure) -> [(path: String, text: String)] {
        var files = shipped
        if let folder = plan.rulesDirectory {
            let names = (Files.names(in: folder) ?? []).filter { $0.hasSuffix(".yml") }.sorted()
            guard !names.isEmpty else {
                throw Failure(.configuration, "stack.prometheus.rules_dir: there is no *.yml that can be read in \(folder)")
            }
            files.removeAll { $0.path.hasPrefix(Self.rulesFolder) }
            for name in names { files.append((Self.rulesFolder + name, try Self.text("\(folder)/\(name)"))) }
        }
        if let file = plan.alertmanagerConfiguration {
            files.removeAll { $0.path == Self.alertmanagerFile }
            files.append((Self.alertmanagerFile, try Self.text(file)))
        }
        return files
    }

    private static func text(_ file: String) throws(Failure) -> String {
        guard let text = String(validating: try Files.read(file), as: UTF8.self) else {
            throw Failure(.malformed, "\(file) is not UTF-8 text")
        }
        return text
    }

    private static func shippedPlan(_ directory: String) -> StackPlan {
        func place(_ port: UInt16) -> StackPlan.Place { StackPlan.Place(ListenAddress(host: "127.0.0.1", port: port), flag: "") }
        return StackPlan(
            stateDirectory: directory, exporter: place(9221), discovery: place(8000), prometheus: place(9090),
            alertmanager: place(9093), nodeExporter: place(9100), webhook: place(9099))
    }
}
