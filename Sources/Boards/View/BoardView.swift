import JSON

/// A board with all that depends on times, room and values worked out: what the page draws.
package struct BoardView: Sendable {
    package let board: Board
    package let query: BoardQuery
    package let variables: [ResolvedVariable]
    package private(set) var problems: [String]
    package private(set) var panels: [PanelView] = []
    package private(set) var annotations: [AnnotationView] = []
    package private(set) var links: [LinkView] = []
    package private(set) var title = ""
    package private(set) var description = ""
    /// Whether nobody wants it any more, by its limits; then panels lack.
    package private(set) var isGivenUp = false
    private var places: [String: Int] = [:]

    /// - Parameter only: the key of the one panel that is needed; the others are not made.
    package init(board: Board, query: BoardQuery, variables chain: VariableChain, only: String? = nil) {
        self.board = board
        self.query = query
        variables = chain.variables
        problems = board.problems
        isGivenUp = chain.isGivenUp
        // Bytes are counted before they are made; panels come last, so that it is they that are left out.
        var values = chain.values
        values.limit(to: query.limits.viewBytes)
        values.spend(board.problems.reduce(1_024) { $0 + $1.writtenBytes } + variables.reduce(0) { $0 + $1.writtenBytes })
        title = values.text(board.title, .words).cut()
        description = values.text(board.description, .words)
        values.spend(description.writtenBytes)
        if only == nil { readMarksAndLinks(&values) }
        let layout = BoardLayout(board: board, variables: variables)
        problems += layout.problems
        var patterns = PagePatterns(steps: query.limits.patternSteps)
        for instance in layout.instances where only == nil || instance.key == only {
            isGivenUp = isGivenUp || query.limits.isGivenUp()
            guard !isGivenUp else { return }
            values.spend(instance.panel.writtenBytes)
            let panel = values.isExhausted ? nil : PanelView(instance, boardTitle: title, query: query, values: &values, &patterns)
            guard let panel, !values.isExhausted else {
                leaveOut(from: instance.panel)
                return
            }
            places[instance.key] = panels.count
            panels.append(panel)
        }
    }

    private mutating func readMarksAndLinks(_ values: inout Interpolator) {
        for annotation in board.annotations where !values.isExhausted {
            annotations.append(AnnotationView(annotation, query: query, values: &values))
        }
        var chosen: String?
        for link in board.links where !values.isExhausted {
            if link.includeVariables, chosen == nil { chosen = Self.parameters(of: variables) }
            guard let link = LinkView(link, chosen: chosen ?? "", values: &values), !values.isExhausted else { continue }
            links.append(link)
        }
    }

    private static func parameters(of variables: [ResolvedVariable]) -> String {
        variables.filter { $0.variable.kind != .constant }.map { VariableValue($0).queryParameters() }.filter { !$0.isEmpty }
            .joined(separator: "&")
    }

    private mutating func leaveOut(from panel: BoardPanel) {
        let megabytes = query.limits.viewBytes >> 20
        problems.append(
            "its panels from \(panel.title.isEmpty ? "one without a title" : panel.title.cut(bytes: 100)) on are left out, as they would take more than \(megabytes) MiB"
        )
    }

    package func panel(_ key: String) -> PanelView? { places[key].map { panels[$0] } }
}

/// A link at the head of a board, ready to be followed but for the time.
package struct LinkView: Sendable {
    package var title: String
    package var url: String
    package var keepTime: Bool
    package var newTab: Bool
    package var tags: [String]?

    /// - Parameter chosen: the parameters of what is chosen for the variables.
    init?(_ link: BoardLink, chosen: String, values: inout Interpolator) {
        title = values.text(link.title, .words)
        (keepTime, newTab, tags) = (link.keepTime, link.newTab, link.tags)
        var address = ""
        if tags == nil {
            guard let safe = Address.safe(values.text(link.url, .address)) else { return nil }
            address = safe
        }
        if link.includeVariables { address = Address.adding(chosen, to: address) }
        url = address
        values.spend(128 + title.writtenBytes + address.writtenBytes + (tags ?? []).reduce(0) { $0 + $1.writtenBytes })
    }
}

/// What is asked for the marks of an annotation.
package struct AnnotationView: Sendable {
    package let name: String
    package let color: String
    package let expression: String
    /// In seconds.
    package let step: Double
    package let title: String
    package let text: String
    package let isEnabled: Bool

    init(_ annotation: BoardAnnotation, query: BoardQuery, values: inout Interpolator) {
        let least = Span.milliseconds(values.text(annotation.step, .plain)) ?? 60_000
        let milliseconds = Interval.step(range: query.rangeMilliseconds, points: query.width, minimum: max(1_000, least), factor: 1)
        var own = values
        own.macros.interval = milliseconds
        own.macros.rateInterval = Interval.rate(step: milliseconds, scrape: query.scrapeIntervalSeconds * 1000)
        expression = own.text(annotation.expression, .query)
        own.macros = values.macros
        values = own
        name = values.text(annotation.name, .words)
        (color, step, isEnabled) = (annotation.color, milliseconds / 1000, annotation.isEnabled)
        (title, text) = (values.text(annotation.title, .words), values.text(annotation.text, .words))
        values.spend([name, color, expression, title, text].reduce(256) { $0 + $1.writtenBytes })
    }
}

/// Addresses of links.
enum Address {
    /// The address when it is relative, of http or of https; nil for any other, and for one whose beginning the page would fill in.
    static func safe(_ text: String) -> String? {
        var bytes = Array(text.utf8.filter { $0 > 0x20 && $0 != 0x7F })
        guard !bytes.isEmpty else { return nil }
        if bytes[0] == UInt8(ascii: "$") { return nil }
        // Browsers read a backslash as a slash.
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\\") { bytes[index] = UInt8(ascii: "/") }
        let head = bytes.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        if let colon = head.firstIndex(of: UInt8(ascii: ":")) {
            let scheme = String(decoding: head[..<colon], as: UTF8.self).lowercased()
            guard scheme == "http" || scheme == "https" else { return nil }
        } else if head.contains(UInt8(ascii: "$")) || head.contains(UInt8(ascii: "&")) {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func adding(_ parameters: String, to address: String) -> String {
        guard !parameters.isEmpty else { return address }
        guard !address.isEmpty else { return address }
        return address + (address.contains("?") ? address.hasSuffix("?") || address.hasSuffix("&") ? "" : "&" : "?") + parameters
    }
}
