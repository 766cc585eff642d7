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

    /// For a terminal: name, type, level and help.
    var table: String {
        let width = (descriptors + dropIn).map(\.name.count).max() ?? 0
        func column(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
        func rows(_ descriptors: [MetricDescriptor], level: (MetricDescriptor) -> String) -> String {
            descriptors.map { descriptor in
                column(descriptor.name, width + 2) + column(descriptor.kind.rawValue, 11) + level(descriptor) + descriptor.help + "\n"
            }.joined()
        }
        return rows(descriptors) { column($0.detail.rawValue, 7) } + "\nOn /pve, as prometheus-pve-exporter has them:\n\n"
            + rows(dropIn) { _ in "" }
    }

    var markdown: String {
        var text = """
            # Metrics

            Every family that martlet may serve, in the order of the exposition. This page is made from the catalogue in the program by
            `make docs`; `make check` fails when it is out of date. What `promtool check metrics` says of names that had to stay as they are
            known stands in [lint-exceptions.txt](lint-exceptions.txt). The level is the least `exporter.detail` that shows a family;
            [cardinality.md](cardinality.md) helps to choose one. `martlet_` and `process_` families are shown at each.

            """
        var prefix = ""
        for descriptor in descriptors {
            let group = Self.group(descriptor.name)
            if group != prefix {
                prefix = group
                text += "\n## \(group)\n\n" + Self.head(levels: true)
            }
            text += Self.row(descriptor, level: descriptor.detail)
        }
        return text + """

            # On /pve

            What `/pve` answers: the names, labels and meanings of prometheus-pve-exporter, never mixed with those above in one answer. What differs
            on purpose is in [migration.md](migration.md). `exporter.detail` and `exporter.series_limit` leave it as it is.


            """ + Self.head(levels: false) + dropIn.map { Self.row($0, level: nil) }.joined()
    }

    private static func head(levels: Bool) -> String {
        let cells = ["name", "type"] + (levels ? ["level"] : []) + ["labels", "meaning", "source", "since"]
        return "| " + cells.joined(separator: " | ") + " |\n|" + String(repeating: " --- |", count: cells.count) + "\n"
    }

    /// - Parameter level: nil where levels do not count.
    private static func row(_ descriptor: MetricDescriptor, level: Detail?) -> String {
        let cells =
            ["`\(descriptor.name)`", descriptor.kind.rawValue] + (level.map { [$0.rawValue] } ?? []) + [
                descriptor.labels.names.map { "`\($0)`" }.joined(separator: ", "), descriptor.help, "`\(descriptor.source)`",
                descriptor.since,
            ]
        let escaped = cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
        return "| " + escaped.joined(separator: " | ") + " |\n"
    }

    /// The first two words of the name say what it is about, of what begins with `llm_monitor` the third too.
    private static func group(_ name: String) -> String {
        let words = name.split(separator: "_")
        if words.first == "process" { return "process" }
        return words.prefix(name.hasPrefix("llm_monitor_") ? 3 : 2).joined(separator: "_")
    }
}
