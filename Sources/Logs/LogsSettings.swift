package import Primitives
package import Settings

/// The section `logs` of the settings.
package struct LogsSettings: Sendable {
    package var loki: LokiSettings?
    /// Of every line.
    var labels: [(name: String, value: String)] = []
    var journal = JournalSettings()
    /// Whether container logs are read.
    package var hasContainers = true
    /// How far back lines are sent at the first start.
    var maxAgeSeconds = 43_200.0
    package var stateDirectory = Self.standardStateDirectory
    var batchBytes = 1 << 20
    var batchSeconds = 1.0
    var queueBytes = 16 << 20
    var lineBytes = 256 << 10
    var streamLimit = 1000

    package static let standardAddress = "127.0.0.1:8085"
    package static let standardStateDirectory = "/var/lib/martlet-logs"
    /// Names that streams have of their own.
    private static let ownLabels: Set<String> = ["job", "unit", "container", "stream", "level"]
    /// Loki takes fifteen; ours are up to four.
    private static let labelLimit = 10

    package init() {}

    /// - Parameter tree: the section `logs`.
    /// - Parameter hostName: the value of the label `node` where the settings have none.
    package init(_ tree: SettingsTree, hostName: String = ProcessEnvironment.hostName) throws(Failure) {
        loki = try LokiSettings(tree["loki"])
        labels = try Self.labels(tree["labels"], hostName: hostName)
        journal = try JournalSettings(tree["journal"])
        hasContainers = tree["containers"].flag ?? hasContainers
        maxAgeSeconds = tree["max_age"].seconds ?? maxAgeSeconds
        stateDirectory = tree.word("state_dir") ?? stateDirectory
        batchBytes = tree["batch_kib"].integer.map { $0 << 10 } ?? batchBytes
        batchSeconds = tree["batch_wait"].seconds ?? batchSeconds
        queueBytes = tree["queue_mib"].integer.map { $0 << 20 } ?? queueBytes
        lineBytes = tree["line_limit_kib"].integer.map { $0 << 10 } ?? lineBytes
        streamLimit = tree["stream_limit"].integer ?? streamLimit
        guard journal.isEnabled || hasContainers else {
            throw tree.failure("logs: neither the journal nor containers are read, so there is nothing to send")
        }
    }

    private static func labels(_ section: SettingsTree, hostName: String) throws(Failure) -> [(name: String, value: String)] {
        // The short name, as Proxmox VE has it of a node and Prometheus' jobs have it of a machine.
        var labels = [(name: "node", value: String(hostName.prefix { $0 != "." }))]
        for (name, place) in section.members {
            let value = place.text ?? ""
            guard isLabelName(name) else {
                throw place.failure("labels: \(quoted(name)) is no name of a label: letters, digits and _, no digit first")
            }
            guard !ownLabels.contains(name) else { throw place.failure("labels: \(name) is what each line has of its own") }
            guard value.utf8.count <= 1024 else { throw place.failure("labels: the value of \(name) is longer than 1024 bytes") }
            labels.removeAll { $0.name == name }
            // An empty one is none, also of the node.
            if !value.isEmpty { labels.append((name, value)) }
        }
        guard labels.count <= labelLimit else { throw section.failure("labels: \(labels.count) labels; at most \(labelLimit) may be") }
        return labels
    }

    private static func isLabelName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first), text.utf8.count <= 128 else { return false }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == UInt8(ascii: "_") }
    }

    /// What may stand in the section.
    package static let shape = SettingsShape.section([
        SettingsKey(
            "listen_address", .texts, "Where martlet logs listens: HOST:PORT, or unix:/PATH of a socket.", standard: standardAddress),
        SettingsKey("loki", .section(LokiSettings.keys), "The Loki that gets the lines."),
        SettingsKey(
            "labels", .namedTexts,
            "Labels of every line, as the metrics of this machine have them: cluster, node, vm_id, or others. An empty value takes one away.",
            standard: "node, the machine's name"),
        SettingsKey("journal", .section(JournalSettings.keys), "The journal of systemd, which the program journalctl reads."),
        SettingsKey(
            "containers", .flag,
            "Whether logs of containers are read from the engine that containers.engine_socket names; a container with the label martlet.logs=false is left out.",
            standard: "true"),
        SettingsKey(
            "max_age", .seconds(0...604_800), "How far back lines are sent at the first start.", standard: "12h"),
        SettingsKey(
            "state_dir", .text, "Folder in which martlet logs remembers what Loki has stored; one process may use it.",
            standard: standardStateDirectory),
        SettingsKey("batch_kib", .integer(1...16_384), "Most that is pushed at once, in KiB.", standard: "1024"),
        SettingsKey("batch_wait", .seconds(0.05...60), "Longest that a line waits for others.", standard: "1s"),
        SettingsKey(
            "queue_mib", .integer(1...1024),
            "Lines that are read and not yet stored, in MiB; when there are more, nothing is read until Loki has taken some.",
            standard: "16"),
        SettingsKey("line_limit_kib", .integer(1...4096), "Longest line, in KiB; one that is longer is cut, and says so.", standard: "256"),
        SettingsKey(
            "stream_limit", .integer(10...100_000),
            "Most streams, which are sets of labels; further units and containers share those with the value other.", standard: "1000"),
    ])
}
