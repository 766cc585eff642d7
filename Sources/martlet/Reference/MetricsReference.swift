import Metrics

/// The reference of metrics, made from the catalogue.
struct MetricsReference {
    private let descriptors: [MetricDescriptor]
    private let dropIn: [MetricDescriptor]

    /// - Parameter dropIn: the families of `/pve`, some of which have native namesakes with another meaning.
    init(_ descriptors: [MetricDescriptor], dropIn: [MetricDescriptor]) {
        self.descriptors = descriptors
        self.dropIn = dropIn
    }

    /// For a terminal: name, type and help.
    var table: String {
        let width = (descriptors + dropIn).map(\.name.count).max() ?? 0
        func rows(_ descriptors: [MetricDescriptor]) -> String {
            descriptors.map { descriptor in
                descriptor.name + String(repeating: " ", count: width + 2 - descriptor.name.count)
                    + descriptor.kind.rawValue + String(repeating: " ", count: 11 - descriptor.kind.rawValue.count) + descriptor.help + "\n"
            }.joined()
        }
        return rows(descriptors) + "\nOn /pve, as prometheus-pve-exporter has them:\n\n" + rows(dropIn)
    }

    var markdown: String {
        var text = """
            # Metrics

            Every family that martlet may serve, in the order of the exposition. This page is made from the catalogue in the program by
            `make docs`; `make check` fails when it is out of date. What `promtool check metrics` says of names that had to stay as they are
            known stands in [lint-exceptions.txt](lint-exceptions.txt).

            """
        var prefix = ""
        for descriptor in descriptors {
            let group = Self.group(descriptor.name)
            if group != prefix {
                prefix = group
                text += "\n## \(group)\n\n" + Self.head
            }
            text += Self.row(descriptor)
        }
        return text + """

            # On /pve

            What `/pve` answers: the names, labels and meanings of prometheus-pve-exporter, never mixed with those above in one answer. What differs
            on purpose is in [migration.md](migration.md).


            """ + Self.head + dropIn.map(Self.row).joined()
    }

    private static let head = "| name | type | labels | meaning | source | since |\n| --- | --- | --- | --- | --- | --- |\n"

    private static func row(_ descriptor: MetricDescriptor) -> String {
        let cells = [
            "`\(descriptor.name)`", descriptor.kind.rawValue, descriptor.labels.names.map { "`\($0)`" }.joined(separator: ", "),
            descriptor.help, "`\(descriptor.source)`", descriptor.since,
        ]
        let escaped = cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
        return "| " + escaped.joined(separator: " | ") + " |\n"
    }

    /// The first two words of the name say what it is about.
    private static func group(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.first == "process" ? "process" : words.prefix(2).joined(separator: "_")
    }
}
