package import JSON
import Primitives

/// The variables of a board on their way to options and values, each after those that it needs.
///
/// Says what is to be asked now, takes the answers, and says again, until there is nothing left. It asks nobody itself.
package struct VariableChain: Sendable {
    private let board: Board
    private let query: BoardQuery
    private var done: [String: ResolvedVariable] = [:]
    /// What the names among `metrics(…)` must match, by variable.
    private var filters: [String: String] = [:]
    private var needs: [String: Set<String>] = [:]
    private var interpolator: Interpolator
    /// What the patterns of all variables together may cost still.
    private var patternSteps: Int
    /// Bytes that the options of all variables together may have still.
    private var optionBytes: Int
    /// Whether nobody wants the answer any more; then nothing is asked, and options lack.
    package private(set) var isGivenUp = false
    /// What is to be asked now.
    package private(set) var asks: [VariableAsk] = []

    package init(board: Board, query: BoardQuery) {
        self.board = board
        self.query = query
        patternSteps = query.limits.patternSteps
        optionBytes = query.limits.optionBytes
        let names = Set(board.variables.map(\.name))
        for variable in board.variables where variable.kind == .query || variable.kind == .custom {
            needs[variable.name] = Template.names(in: variable.query + " " + variable.regex).intersection(names).subtracting([variable.name]
            )
        }
        let step = Interval.milliseconds(range: query.rangeMilliseconds, points: query.width, minimum: query.scrapeIntervalSeconds * 1000)
        var macros = Macros(
            from: query.from, to: query.to, interval: step,
            rateInterval: Interval.rate(step: step, scrape: query.scrapeIntervalSeconds * 1000))
        macros.offsetSeconds = query.offsetSeconds
        (macros.boardTitle, macros.boardUID) = (board.title, board.uid)
        for variable in board.variables where variable.kind == .interval {
            guard let count = variable.automaticCount else { continue }
            macros.automatic[variable.name] = Interval.milliseconds(
                range: query.rangeMilliseconds, points: count, minimum: Span.milliseconds(variable.automaticMinimum) ?? 0)
        }
        interpolator = Interpolator(values: [:], macros: macros)
        advance()
    }

    /// In the board's order; those that are not yet done without options.
    package var variables: [ResolvedVariable] {
        board.variables.map { done[$0.name] ?? ResolvedVariable(variable: $0, problem: "not asked yet") }
    }

    /// With all values that are known, and the macros of the whole board.
    var values: Interpolator { interpolator }

    /// Takes the answer to one of `asks`; what was not asked is not looked at.
    package mutating func answer(_ name: String, _ answer: VariableAnswer) {
        guard let index = asks.firstIndex(where: { $0.name == name }), let variable = board.variables.first(where: { $0.name == name })
        else {
            return
        }
        asks.remove(at: index)
        var reading = reading(interpolator.text(variable.regex, .plain), sort: variable.sort)
        switch answer {
        case .failed(let words): reading.problem = words
        case .texts(let texts): reading.take(filters[name].map { reading.filtered(texts, by: $0) } ?? texts)
        case .samples(let series): reading.take(series.lazy.map(\.optionText))
        }
        finish(variable, reading)
        advance()
    }

    private func reading(_ regex: String = "", sort: Int = 0) -> OptionReading {
        OptionReading(regex: regex, sort: sort, steps: patternSteps, bytes: optionBytes, isGivenUp: query.limits.isGivenUp)
    }

    private mutating func finish(_ variable: BoardVariable, _ reading: OptionReading) {
        (patternSteps, optionBytes) = (reading.budget, reading.bytes)
        finish(variable, reading.options, reading.problem)
    }

    private mutating func advance() {
        var moved = true
        while moved {
            guard !query.limits.isGivenUp() else {
                (isGivenUp, asks) = (true, [])
                return
            }
            moved = false
            for variable in board.variables where isReady(variable) {
                begin(variable)
                moved = true
            }
            // Those that wait for each other: the first goes on without what it waits for, and says so.
            if !moved, asks.isEmpty, let stuck = board.variables.first(where: { done[$0.name] == nil }) {
                let waiting = (needs[stuck.name] ?? []).filter { done[$0] == nil }.sorted().joined(separator: ", ")
                needs[stuck.name] = []
                finish(stuck, [], "\(stuck.name) needs \(waiting), which in turn needs \(stuck.name)")
                moved = true
            }
        }
    }

    private func isReady(_ variable: BoardVariable) -> Bool {
        done[variable.name] == nil && !asks.contains { $0.name == variable.name }
            && (needs[variable.name] ?? []).allSatisfy { done[$0] != nil }
    }

    private mutating func begin(_ variable: BoardVariable) {
        if let problem = variable.problem { return finish(variable, [], problem) }
        switch variable.kind {
        case .constant: finish(variable, [VariableOption(text: variable.query, value: variable.query)], nil)
        case .textBox: finish(variable, [], nil)
        case .custom:
            var reading = reading()
            reading.take(listed: OptionReading.listed(interpolator.text(variable.query, .plain)))
            finish(variable, reading)
        case .interval:
            var options = OptionReading.listed(variable.query)
            if variable.automaticCount != nil {
                options.insert(VariableOption(text: "auto", value: "$__auto_interval_\(variable.name)"), at: 0)
            }
            var reading = reading()
            reading.take(listed: options)
            finish(variable, reading)
        case .dataSource:
            let sources = query.dataSources.filter { $0.type == variable.query }
            var reading = reading(variable.regex)
            reading.take(sources.map(\.name))
            (patternSteps, optionBytes) = (reading.budget, reading.bytes)
            let options = reading.options.map { option in
                VariableOption(text: option.text, value: sources.first { $0.name == option.text }?.uid ?? option.value)
            }
            let problem =
                options.isEmpty && variable.query == "prometheus" ? reading.problem ?? "no data source has such a name" : reading.problem
            finish(variable, options, problem)
        case .query:
            guard let (question, filter) = VariableQuestion.reading(interpolator.text(variable.query, .query)) else {
                return finish(
                    variable, [], variable.query.isEmpty ? "asks nothing" : "asks what is not supported: \(variable.query.prefix(200))")
            }
            filters[variable.name] = filter
            asks.append(VariableAsk(name: variable.name, question: question))
        }
    }

    private mutating func finish(_ variable: BoardVariable, _ options: [VariableOption], _ problem: String?) {
        var resolved = ResolvedVariable(variable: variable, options: options, problem: problem)
        if variable.includesAll { resolved.options.insert(VariableOption(text: "All", value: BoardVariable.all), at: 0) }
        resolved.current = Choice.of(resolved, chosen: query.chosen[variable.name])
        done[variable.name] = resolved
        var value = VariableValue(resolved)
        if variable.kind == .interval, let automatic = interpolator.macros.automatic[variable.name] {
            value.values = value.values.map { $0.hasPrefix("$__auto") ? Span.text(milliseconds: automatic) : $0 }
        }
        interpolator.values[variable.name] = value
    }
}

/// Which values of a variable hold.
private enum Choice {
    static func of(_ resolved: ResolvedVariable, chosen: [String]?) -> [String] {
        let variable = resolved.variable
        if variable.kind == .constant { return [variable.query] }
        if variable.kind == .textBox { return [chosen?.first ?? variable.saved.first ?? variable.query] }
        if let chosen, !chosen.isEmpty, let known = known(chosen, resolved, mayBeNew: true) { return known }
        if let known = known(variable.saved, resolved, mayBeNew: false) { return known }
        return resolved.options.first.map { [$0.value] } ?? []
    }

    /// The values meant; nil when there is none. Of a link a value stays that is no option by now, or not yet.
    private static func known(_ wanted: [String], _ resolved: ResolvedVariable, mayBeNew: Bool) -> [String]? {
        if resolved.variable.includesAll, wanted.contains(where: { $0 == BoardVariable.all || $0 == "All" }) { return [BoardVariable.all] }
        let values = Set(resolved.options.map(\.value))
        var taken: Set<String> = []
        let byText = Dictionary(resolved.options.map { ($0.text, $0.value) }) { first, _ in first }
        var found: [String] = []
        for one in wanted.prefix(1_000) {
            let value = values.contains(one) ? one : byText[one] ?? (mayBeNew && one != BoardVariable.all ? one.cut() : nil)
            if let value, taken.insert(value).inserted { found.append(value) }
            if !resolved.variable.isMulti, !found.isEmpty { break }
        }
        return found.isEmpty ? nil : found
    }
}

extension VariableAnswer {
    /// Reads what Prometheus answered to a question: the whole document, `status` and all.
    package static func reading(_ question: VariableQuestion, _ root: JSONValue) -> VariableAnswer {
        guard root["status"]?.text == "success", let data = root["data"] else {
            return .failed(root["error"]?.text ?? "the answer is not one of Prometheus")
        }
        switch question {
        case .queryResult:
            return .samples(TargetAnswer(ref: "", answer: root).series)
        case .series:
            var series: [SeriesAnswer] = []
            data.forEachElement { element in
                guard series.count < OptionReading.limit else { return }
                var labels: [SeriesAnswer.Label] = []
                element.forEachMember { key, value in labels.append(.init(key.text, value.text ?? "")) }
                series.append(SeriesAnswer(labels: labels, times: [], values: []))
            }
            return .samples(series)
        case .labelValues, .labelNames, .metricNames:
            var texts: [String] = []
            data.forEachElement { if texts.count < OptionReading.readLimit, let text = $0.text { texts.append(text) } }
            return .texts(texts)
        }
    }
}

extension SeriesAnswer {
    /// `name{label="value"} value milliseconds`, as Grafana shows the results of a query that are the options of a variable.
    var optionText: String {
        let pairs = labels.filter { $0.name != "__name__" }.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
        let series = "\(self[label: "__name__"] ?? "")\(pairs.isEmpty ? "" : "{\(pairs)}")"
        guard let value = values.last, let time = times.last else { return series }
        return "\(series.isEmpty ? "{}" : series) \(plainNumber(value)) \(plainNumber((time * 1000).rounded()))"
    }
}
