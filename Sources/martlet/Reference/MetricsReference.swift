import Metrics

/// The reference of metrics, made from the catalogue.
struct MetricsReference {
    private let descriptors: [MetricDescriptor]

    init(_ descriptors: [MetricDescriptor]) { self.descriptors = descriptors }

    /// For a terminal: name, type and help.
    var table: String {
        let width = descriptors.map(\.name.count).max() ?? 0
        return descriptors.map { descriptor in
            descriptor.name + String(repeating: " ", count: width + 2 - descriptor.name.count)
                + descriptor.kind.rawValue + String(repeating: " ", count: 9 - descriptor.kind.rawValue.count) + descriptor.help + "\n"
        }.joined()
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
                text += "\n## \(group)\n\n| name | type | labels | meaning | source | since |\n| --- | --- | --- | --- | --- | --- |\n"
            }
            let cells = [
                "`\(descriptor.name)`", descriptor.kind.rawValue, descriptor.labels.names.map { "`\($0)`" }.joined(separator: ", "),
                descriptor.help, "`\(descriptor.source)`", descriptor.since,
            ]
            text +=
                "| "
                + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }.joined(separator: " | ")
                + " |\n"
        }
        return text
    }

    /// The first two words of the name say what it is about.
    private static func group(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.first == "process" ? "process" : words.prefix(2).joined(separator: "_")
    }
}
