/// The report for a person.
package struct ReportText {
    private let isColoured: Bool
    private let width: Int

    /// - Parameter isColoured: for a terminal.
    /// - Parameter width: columns that sentences are broken at; what is to be typed or written is not.
    package init(isColoured: Bool, width: Int = 100) {
        self.isColoured = isColoured
        self.width = width
    }

    private static let stateWidth = 9
    private static let checkWidth = 13
    private static let indent = 2 + stateWidth + checkWidth

    package func text(_ report: DoctorReport) -> String {
        var lines: [String] = []
        for section in report.sections {
            lines.append(bold(section.name))
            for finding in section.findings { lines += Self.text(finding, self) }
            lines.append("")
        }
        let summary = report.summary
        lines.append(summary.prefix(1).uppercased() + summary.dropFirst() + ".")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(_ finding: Finding, _ style: ReportText) -> [String] {
        let margin = String(repeating: " ", count: indent)
        let word = finding.state.word
        let head =
            "  " + style.coloured(word, finding.state) + padding(word, stateWidth) + finding.check + padding(finding.check, checkWidth)
        var lines = style.wrapped(finding.summary, indent: indent)
        if let first = lines.first { lines[0] = head + first.dropFirst(indent) }
        for detail in finding.details.prefix(finding.shown) { lines += style.wrapped(detail, indent: indent + 2, hanging: 2) }
        if finding.shown > 0, finding.details.count > finding.shown {
            lines += style.wrapped("and \(finding.details.count - finding.shown) more", indent: indent + 2)
        }
        for remedy in finding.remedies {
            let place = remedy.place.phrase + (remedy.text.map { ": \($0)" } ?? "")
            lines += style.wrapped(place + (remedy.lines.isEmpty ? "" : ":"), indent: indent)
            // Deeper than any sentence goes, and a command has a mark that no sentence has.
            lines += remedy.lines.map { margin + (remedy.place.isShell ? "    $ " : "      ") + $0 }
        }
        return lines
    }

    private static func padding(_ word: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - word.count)) }

    /// Broken between words.
    private func wrapped(_ text: String, indent: Int, hanging: Int = 0) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ").flatMap({ Self.pieces($0, of: room(indent + hanging)) }) {
            let room = room(indent + (lines.isEmpty ? 0 : hanging))
            if !line.isEmpty, line.count + 1 + word.count > room {
                lines.append(line)
                line = String(word)
            } else {
                line += line.isEmpty ? String(word) : " \(word)"
            }
        }
        lines.append(line)
        let margin = String(repeating: " ", count: indent)
        let hang = String(repeating: " ", count: hanging)
        return lines.enumerated().map { margin + ($0.offset > 0 ? hang : "") + $0.element }
    }

    private func room(_ indent: Int) -> Int { max(16, width - indent) }

    /// A word that no line has room for, broken as the terminal would, but in its column.
    private static func pieces(_ word: Substring, of size: Int) -> [Substring] {
        guard word.count > size else { return [word] }
        var pieces: [Substring] = []
        var rest = word
        while !rest.isEmpty {
            pieces.append(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        return pieces
    }

    private func bold(_ text: String) -> String { isColoured ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    private func coloured(_ text: String, _ state: Finding.State) -> String {
        guard isColoured else { return text }
        let code =
            switch state {
            case .ok: 32
            case .information: 36
            case .warning: 33
            case .problem: 31
            case .skipped: 90
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

extension Finding.State {
    fileprivate var word: String {
        switch self {
        case .ok: "ok"
        case .information: "info"
        case .warning: "WARNING"
        case .problem: "PROBLEM"
        case .skipped: "skipped"
        }
    }
}

extension Finding.Remedy.Place {
    /// Whether its lines are typed, and not written into a file.
    fileprivate var isShell: Bool {
        switch self {
        case .node, .here, .guest: true
        case .settings, .environment, .prometheus, .server: false
        }
    }

    /// How a remedy begins.
    fileprivate var phrase: String {
        switch self {
        case .node: "On a node"
        case .here: "On this machine"
        case .guest: "In the guest"
        case .settings: "In martlet.yml"
        case .environment: "In the environment of martlet"
        case .prometheus: "In Prometheus' configuration"
        case .server: "At the server"
        }
    }
}
