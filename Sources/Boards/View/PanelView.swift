/// A query of a panel, ready to be asked.
package struct TargetView: Sendable {
    package let ref: String
    package let expression: String
    /// In seconds.
    package let step: Double
    package let isInstant: Bool
    package let isHidden: Bool
    package let source: BoardTarget.Source
    package let format: BoardTarget.Format
    package let legend: String
    /// In seconds, multiples of the step; of an instant query the end is the moment asked for.
    package let start: Double
    package let end: Double
}

/// A panel with its queries, words and place.
package struct PanelView: Sendable {
    package let key: String
    package let id: Int
    package let type: String
    package let title: String
    package let description: String
    /// Where it stands as though every row were open.
    package let place: GridPlace
    /// The key of its row.
    package let row: String?
    package let isCollapsed: Bool
    package private(set) var problems: [String]
    package let isSupported: Bool
    package let targets: [TargetView]
    /// In seconds.
    package let start: Double
    package let end: Double
    package let defaults: JSONTree
    package let overrides: [FieldOverride]
    package let options: JSONTree
    package let links: [JSONTree]
    package let transformations: [PanelTransformation]
    package let fileName: String
    let limits: BoardLimits

    /// Whether it is drawn from a finished frame instead of from series: tables, what is transformed, and what shows chosen columns of a table.
    package var isTable: Bool {
        guard isSupported, type != "row", type != "text", type != "logs" else { return false }
        if type == "table" || type == "barchart" || !transformations.isEmpty { return true }
        let chosen = options.at("reduceOptions.fields")?.text ?? ""
        return !chosen.isEmpty && targets.contains { $0.format == .table && !$0.isHidden }
    }

    /// What is to be asked of Prometheus for it.
    package var asked: [TargetView] {
        isSupported ? targets.filter { !$0.isHidden && !$0.expression.isEmpty && $0.source == .prometheus } : []
    }

    /// Whether there is nothing to ask anybody.
    package var hasNoQuery: Bool { !isSupported || !targets.contains { !$0.isHidden && !$0.expression.isEmpty } }

    init(
        _ instance: BoardLayout.Instance, boardTitle: String, query: BoardQuery, values: inout Interpolator, _ patterns: inout PagePatterns
    ) {
        let panel = instance.panel
        let shared = (values.values, values.macros)
        defer {
            if !instance.scope.isEmpty { values.values = shared.0 }
            values.macros = shared.1
        }
        for value in instance.scope { values.values[value.name] = value }
        (key, id, type, row, place) = (instance.key, panel.id, panel.type, instance.row, instance.place)
        (isCollapsed, limits) = (panel.isCollapsed, query.limits)
        isSupported = BoardLint.panelTypes.contains(panel.type)
        var problems = panel.problems + (instance.problem.map { [$0] } ?? [])

        let times = PanelTimes(panel, query: query, width: instance.place.width, values: &values, &problems)
        values.macros.from = times.from
        values.macros.to = times.to
        var targets: [TargetView] = []
        for target in panel.targets { targets.append(times.target(target, values: &values)) }
        let ranged = targets.first { !$0.isHidden && !$0.isInstant && !$0.expression.isEmpty }
        (start, end) = ranged.map { ($0.start, $0.end) } ?? (times.moment - Double(times.to - times.from) / 1000, times.moment)
        // What is asked for a moment is asked for the same one by all, so that their answers fit together.
        let moment = end
        self.targets = targets.map { $0.isInstant ? $0.at(moment) : $0 }

        values.macros.interval = times.interval
        values.macros.rateInterval = Interval.rate(step: times.interval, scrape: query.scrapeIntervalSeconds * 1000)
        title = values.text(panel.title, .words).cut()
        description = values.text(panel.description, .words)
        defaults = panel.defaults.interpolated(&values)
        options = panel.options.interpolated(&values)
        links = JSONTree.list(panel.links).interpolated(&values).elements
        overrides = panel.overrides.compactMap { override in
            // What chooses fields in another way is the panel's problem already.
            guard BoardLint.matchers.contains(override.matcher) else { return nil }
            var override = override
            if case .text(let source) = override.matcherOptions {
                let text = values.text(source, .plain)
                override.matcherOptions = .text(text)
                if override.matcher == "byRegexp", let problem = patterns.problem(of: text) {
                    problems.append(problem + "; its override is left out")
                    return nil
                }
            }
            override.properties = override.properties.map { ($0.id, $0.value.interpolated(&values, under: $0.id)) }
            return override
        }
        transformations =
            panel.isRow ? [] : panel.transformations.filter { BoardLint.transformations.contains($0.id) }.map { $0.interpolated(&values) }
        fileName = Self.fileName(boardTitle, title)
        self.problems = BoardLint.unique(problems)
        values.spend(self.problems.dropFirst(panel.problems.count).reduce(0) { $0 + $1.writtenBytes })
    }

    /// A name that no file system and no header minds.
    private static func fileName(_ board: String, _ panel: String) -> String {
        let words = "\(board) - \(panel)".unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": Character(scalar)
            default: " "
            }
        }
        let text = String(words).split(separator: " ").joined(separator: " ")
        let plain = text.drop { $0 == "." || $0 == "-" || $0 == " " }.prefix(120)
        return (plain.isEmpty ? "panel" : String(plain)) + ".csv"
    }
}

extension TargetView {
    func at(_ moment: Double) -> TargetView {
        TargetView(
            ref: ref, expression: expression, step: step, isInstant: isInstant, isHidden: isHidden, source: source, format: format,
            legend: legend, start: moment, end: moment)
    }
}

/// The range of a panel and the intervals that it has room for.
struct PanelTimes {
    let from: Int
    let to: Int
    /// In milliseconds.
    let interval: Double
    private let points: Int
    private let scrape: Double
    private let offset: Double
    private let query: BoardQuery

    init(_ panel: BoardPanel, query: BoardQuery, width: Int, values: inout Interpolator, _ problems: inout [String]) {
        var (from, to) = (query.from, query.to)
        if !panel.timeFrom.isEmpty {
            let text = values.text(panel.timeFrom, .plain)
            if let span = Span.milliseconds(text), span >= 1_000 {
                from = max(0, to - Int(span))
            } else if let start = TimePoint.milliseconds(text, now: to, offsetSeconds: query.offsetSeconds, isEnd: false), start < to {
                from = start
            } else {
                problems.append("its own time \(text.prefix(40)) cannot be read")
            }
        }
        if !panel.timeShift.isEmpty {
            if let span = Span.milliseconds(values.text(panel.timeShift, .plain)), Double(from) >= span {
                (from, to) = (from - Int(span), to - Int(span))
            } else {
                problems.append("its shift in time \(panel.timeShift.prefix(40)) cannot be read")
            }
        }
        (self.from, self.to, self.query) = (from, to, query)
        scrape = query.scrapeIntervalSeconds * 1000
        offset = Double(query.offsetSeconds) * 1000
        points = panel.maximumPoints ?? Self.pixels(columns: width, of: query.width)
        let least = Span.milliseconds(values.text(panel.minimumInterval, .plain)) ?? scrape
        interval = Interval.milliseconds(range: Double(to - from), points: points, minimum: least)
    }

    /// The width of a panel's picture: columns and the gaps of 8 pixels between them, less what frames it. Narrow pages have one column.
    static func pixels(columns: Int, of page: Int) -> Int {
        guard page >= 700 else { return max(100, page - 32) }
        let column = (Double(page) - 23 * 8) / 24
        return max(40, Int(column * Double(columns) + 8 * Double(columns - 1)) - 16)
    }

    /// The moment of instant queries in seconds: whole tens, so that whoever looks within ten seconds asks the same.
    var moment: Double {
        let unit = to - from >= 300_000 ? 10 : 1
        return Double(to / 1000 / unit * unit)
    }

    func target(_ target: BoardTarget, values: inout Interpolator) -> TargetView {
        let range = Double(to - from)
        let own = Span.milliseconds(values.text(target.minimumStep, .plain)).flatMap { $0 >= 1 ? $0 : nil }
        let step = Interval.step(range: range, points: points, minimum: own ?? interval, factor: target.stepFactor)
        values.macros.interval = step
        values.macros.rateInterval = Interval.rate(step: step, scrape: own ?? scrape)
        func aligned(_ time: Int) -> Double { (((Double(time) + offset) / step).rounded(.down) * step - offset) / 1000 }
        return TargetView(
            ref: target.ref, expression: values.text(target.expression, .query), step: step / 1000, isInstant: target.isInstant,
            isHidden: target.isHidden, source: target.source, format: target.format, legend: values.text(target.legend, .words),
            start: aligned(from), end: aligned(to))
    }
}
