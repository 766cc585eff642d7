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
    /// The URL by which a person opens Grafana: alerts lead there.
    package var grafana = "http://127.0.0.1:3000"
    /// Where notifications go.
    package var webhook = "http://127.0.0.1:9099/alerts"
    /// The file from which Alertmanager, 0.26 and newer, reads where notifications go, by its path there; it goes over `webhook`.
    package var webhookFile: String?
    /// The same of whom is called as long as alerting works; nil for nobody.
    package var deadmanFile: String?
    /// What else stands in the files: mail, hours, the time between scrapes. Its addresses are those of the shipped files, and stay so.
    package var plan: StackPlan

    /// Everything as in the shipped files.
    package init(directory: String) {
        self.directory = directory
        plan = Self.shippedPlan(directory)
    }

    /// Grafana's place for provisioning, as the shipped files name it.
    private static let provisioning = "/etc/grafana/provisioning"
    private static let shippedWebhook = "http://127.0.0.1:9099/alerts"
    /// Stands where the name of the file goes.
    private static let deadman = "http://deadman.invalid/"

    /// Writes the files, readable for all, and removes those of an earlier call that there are no more. What else lies there stays.
    package func write() throws(Failure) {
        try plan.mail?.check()
        let root = Files.absolute(directory)
        try Files.makeDirectory(root)
        // Where a person adds hosts that no cluster knows, and exporters on hosts; they must be there to be mounted over.
        for folder in ["node", "martlet-hosts"] { try Files.makeDirectory("\(root)/prometheus/targets/\(folder)") }
        try StateWriter(paths: StatePaths(root: root), fileMode: 0o644, folderMode: 0o755).write(files)
    }

    /// By path below the directory.
    var files: [(path: String, text: String)] {
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
        // A copy would lie where others can read it; Alertmanager reads the file that the person named.
        plan.mail?.barePassword = nil
        if let deadmanFile {
            plan.deadmanURL = Secret(Self.deadman)
            pairs.append(("url: \(yaml(Self.deadman))", "url_file: \(deadmanFile)"))
        }
        let book = AddressBook(pairs: pairs)
        // The plan leaves the shipped addresses as they are, for the book; what else it decides holds here too.
        let own = StackFiles(plan).files.filter { !$0.path.hasPrefix("prometheus/targets/") }
        return (own + EmbeddedFiles.grafana).map { ($0.path, book.replaced(in: $0.text)) }
    }

    private static func shippedPlan(_ directory: String) -> StackPlan {
        func place(_ port: UInt16) -> StackPlan.Place { StackPlan.Place(ListenAddress(host: "127.0.0.1", port: port), flag: "") }
        return StackPlan(
            stateDirectory: directory, exporter: place(9221), discovery: place(8000), prometheus: place(9090),
            alertmanager: place(9093), nodeExporter: place(9100), webhook: place(9099))
    }
}
