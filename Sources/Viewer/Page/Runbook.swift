import JSON
import Web

/// What to do about each shipped alert: the sections of docs/runbook.md, by the alert's name.
struct Runbook: Sendable {
    /// Where the document and its neighbours are read, for links out of a section.
    private static let home = "https://github.com/martlet-monitoring/martlet/blob/main/docs/"

    /// Without their headings.
    private let sections: [String: String]

    /// - Parameter text: markdown in which a heading of the third level names an alert.
    init(_ text: String) {
        var sections: [String: String] = [:]
        var alert: String?
        var lines: [Substring] = []
        var isCode = false
        func close() {
            if let alert { sections[alert] = Self.trimmed(lines) }
            (alert, lines) = (nil, [])
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { isCode.toggle() }
            // A comment in code begins with the same sign.
            if !isCode, line.hasPrefix("#"), let marks = line.firstIndex(of: " "), line[..<marks].utf8.count <= 3 {
                close()
                if line.hasPrefix("### ") { alert = String(line.dropFirst(4)) }
            } else if alert != nil {
                lines.append(isCode ? line : Self.withHome(line))
            }
        }
        close()
        self.sections = sections
    }

    var isEmpty: Bool { sections.isEmpty }

    func section(_ alert: String) -> String? { sections[alert] }

    /// `GET /api/runbook?alert=NAME`
    func answer(_ request: HTTPServerRequest) throws(Refusal) -> HTTPServerResponse {
        guard let alert = request.parameter("alert"), request.query.count == 1 else {
            throw Refusal(400, "One parameter is needed, alert: the alert's name.")
        }
        guard let section = sections[alert] else {
            throw Refusal(404, "The runbook has no section about this alert: it is none of the shipped ones.")
        }
        var writer = JSONWriter(reservingBytes: section.utf8.count + 256)
        writer.object { writer in
            writer.member("alert", alert)
            writer.member("markdown", section)
        }
        return ViewerSite.json(200, writer.bytes, request)
    }

    /// Links that lead to a place beside the document, made to lead there from anywhere.
    private static func withHome(_ line: Substring) -> Substring {
        guard line.contains("](") else { return line }
        var text = ""
        var rest = line
        while let link = rest.firstRange(of: "](") {
            text += rest[..<link.upperBound]
            rest = rest[link.upperBound...]
            let target = rest.prefix { $0 != ")" }
            if target.hasPrefix("#") { text += home + "runbook.md" } else if !target.contains("://") { text += home }
        }
        return Substring(text + rest)
    }

    private static func trimmed(_ lines: [Substring]) -> String {
        let kept = lines.drop { $0.isEmpty }
        let count = kept.count - kept.reversed().prefix { $0.isEmpty }.count
        return kept.prefix(count).joined(separator: "\n")
    }
}
