package import Metrics

/// The reference of metrics, made from the catalogue.
package struct MetricsReference {
    private let descriptors: [MetricDescriptor]
    private let introduction: String
    private let dropIn: (descriptors: [MetricDescriptor], heading: String, introduction: String)?

    /// - Parameters:
    ///   - introduction: the page's first lines, in Markdown.
    ///   - dropIn: families that are served apart from those before, some of which have namesakes there with another meaning.
    package init(
        _ descriptors: [MetricDescriptor], introduction: String,
        dropIn: (descriptors: [MetricDescriptor], heading: String, introduction: String)? = nil
    ) {
        self.descriptors = descriptors
        self.introduction = introduction
        self.dropIn = dropIn
    }

    /// For a terminal: name, type, level and help.
    package var table: String {
        let width = (descriptors + (dropIn?.descriptors ?? [])).map(\.name.count).max() ?? 0
        func column(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
        func rows(_ descriptors: [MetricDescriptor], level: (MetricDescriptor) -> String) -> String {
            descriptors.map { descriptor in
                column(descriptor.name, width + 2) + column(descriptor.kind.rawValue, 11) + level(descriptor) + descriptor.help + "\n"
            }.joined()
        }
        return rows(descriptors) { column($0.detail.rawValue, 7) }
            + (dropIn.map { "\n\($0.heading), as prometheus-pve-exporter has them:\n\n" + rows($0.descriptors) { _ in "" } } ?? "")
    }

    package var markdown: String {
        var text = introduction
        var prefix = ""
        for descriptor in descriptors {
            let group = Self.group(descriptor.name)
            if group != prefix {
                prefix = group
                text += "\n## \(group)\n\n" + Self.head(levels: true)
            }
            text += Self.row(descriptor, level: descriptor.detail)
        }
        guard let dropIn else { return text }
        return text + "\n# \(dropIn.heading)\n\n" + dropIn.introduction + Self.head(levels: false)
            + dropIn.descriptors.map { Self.row($0, level: nil) }.joined()
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
