/// Makes frames of a panel's answers: one a series, or one a query that asks for a table.
struct FrameMaker {
    private(set) var frames: [Frame] = []
    private(set) var problems: [PanelFrame.Problem] = []
    private(set) var isTruncated = false
    private(set) var isGivenUp = false
    private let limits: BoardLimits
    /// Values and bytes of names and texts that may be taken still.
    private var left: Int
    private var bytes: Int

    init(_ targets: [TargetView], _ answers: [TargetAnswer], _ limits: BoardLimits) {
        (self.limits, left, bytes) = (limits, limits.values, limits.frameBytes)
        let byRef = Dictionary(answers.map { ($0.ref, $0) }) { first, _ in first }
        // Two tables are told apart by the names of their values.
        let hasSeveralTables = targets.filter { $0.format == .table }.count > 1
        for target in targets {
            guard let answer = byRef[target.ref] else { continue }
            if answer.isTruncated { isTruncated = true }
            if let failure = answer.failure {
                problems.append(.init(ref: target.ref, message: failure))
            } else if target.format == .table {
                addTable(target, answer, valueName: hasSeveralTables ? "Value #\(target.ref)" : "Value")
            } else {
                addSeries(target, answer)
            }
        }
    }

    private mutating func addSeries(_ target: TargetView, _ answer: TargetAnswer) {
        let names = SeriesNames(answer.series, legend: target.legend, expression: target.expression)
        for series in answer.series {
            guard !giveUp() else { return }
            let name = names.name(of: series)
            bytes -= name.utf8.count + series.labels.reduce(64) { $0 + $1.name.utf8.count + $1.value.utf8.count }
            guard left > 0, bytes > 0, frames.count < limits.fields else {
                isTruncated = true
                return
            }
            let count = min(series.times.count, limits.rows, max(1, left))
            left -= count * 2 + series.labels.count
            if count < series.times.count { isTruncated = true }
            var time = FrameField(name: "Time", kind: .time, values: series.times.prefix(count).map { .time(($0 * 1000).rounded()) })
            var value = FrameField(name: "Value", kind: .number, values: series.values.prefix(count).map { .number($0) })
            (time.ref, value.ref) = (target.ref, target.ref)
            (value.labels, value.displayName) = (series.labels, name)
            frames.append(Frame(fields: [time, value], ref: target.ref, name: value.title))
        }
    }

    private mutating func giveUp() -> Bool {
        isGivenUp = isGivenUp || limits.isGivenUp()
        return isGivenUp
    }

    private mutating func addTable(_ target: TargetView, _ answer: TargetAnswer, valueName: String) {
        var labels: [String] = []
        var columns: [String: Int] = [:]
        var rows = 0
        for series in answer.series where !series.times.isEmpty {
            rows += series.times.count
            for label in series.labels where columns[label.name] == nil {
                guard labels.count + 2 < limits.fields else {
                    isTruncated = true
                    break
                }
                columns[label.name] = 0
                labels.append(label.name)
            }
        }
        labels.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for (index, label) in labels.enumerated() { columns[label] = index }
        let most = min(rows, limits.rows, max(0, left) / (labels.count + 2))
        if most < rows { isTruncated = true }
        left -= most * (labels.count + 2)
        var (times, values): ([FrameValue], [FrameValue]) = ([], [])
        var texts = [[FrameValue]](repeating: [], count: labels.count)
        for series in answer.series where times.count < most && !series.times.isEmpty {
            guard !giveUp() else { break }
            // Every row has the labels of its series.
            let size = series.labels.reduce(1) { $0 + $1.value.utf8.count }
            let count = min(series.times.count, most - times.count, bytes / size)
            bytes -= count * size
            let start = times.count
            times += series.times.prefix(count).map { .time(($0 * 1000).rounded()) }
            values += series.values.prefix(count).map { .number($0) }
            for label in series.labels {
                // Of a label given twice the first counts, as everywhere.
                guard let column = columns[label.name], texts[column].count <= start else { continue }
                texts[column] += [FrameValue](repeating: .none, count: start - texts[column].count)
                texts[column] += [FrameValue](repeating: .text(label.value), count: count)
            }
            guard count == min(series.times.count, most - start) else {
                isTruncated = true
                break
            }
        }
        for column in texts.indices { texts[column] += [FrameValue](repeating: .none, count: times.count - texts[column].count) }
        var fields = [FrameField(name: "Time", kind: .time, values: times)]
        fields += labels.indices.map { FrameField(name: labels[$0], kind: .string, values: texts[$0]) }
        fields.append(FrameField(name: valueName, kind: .number, values: values))
        for index in fields.indices { fields[index].ref = target.ref }
        frames.append(Frame(fields: fields, ref: target.ref))
    }
}

/// What the series of one query are called.
struct SeriesNames {
    private let legend: String?
    private let expression: String
    /// The labels that tell the series apart, the first of them.
    private var telling: [String] = []

    /// Series that are looked at for what tells them apart, and labels that a name is made of: labels are whatever exporters say.
    private static let mostLooked = 2_000
    private static let mostTelling = 20

    init(_ series: [SeriesAnswer], legend: String, expression: String) {
        self.legend = legend.isEmpty || legend == "__auto" ? nil : legend.cut(bytes: Self.mostFilled)
        self.expression = expression
        guard self.legend == nil, let first = series.first else { return }
        let looked = series.prefix(Self.mostLooked)
        /// In how many of the series a label is.
        var counts: [String: Int] = [:]
        var differing: Set<String> = []
        let known = Dictionary(first.labels.map { ($0.name, $0.value) }) { first, _ in first }
        for one in looked {
            for label in one.labels {
                counts[label.name, default: 0] += 1
                if known[label.name] != label.value { differing.insert(label.name) }
            }
        }
        for (name, count) in counts where count < looked.count { differing.insert(name) }
        let all = Set(counts.keys)
        var names = differing
        if names.isEmpty { names = all.subtracting(["__name__"]) }
        if names.isEmpty { names = all }
        telling = Array(names.sorted().prefix(Self.mostTelling))
    }

    func name(of series: SeriesAnswer) -> String { named(series).cut() }

    private func named(_ series: SeriesAnswer) -> String {
        if let legend { return Self.filled(legend, series) }
        let present = telling.compactMap { name in series[label: name].map { (name, $0) } }
        if telling.count == 1 { return present.first?.1 ?? expression }
        let name = present.first { $0.0 == "__name__" }?.1 ?? ""
        let pairs = present.filter { $0.0 != "__name__" }.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ", ")
        let text = pairs.isEmpty ? name : "\(name){\(pairs)}"
        return text.isEmpty ? expression : text
    }

    /// Bytes after which no more is filled in.
    private static let mostFilled = 10_000

    /// The legend with the values of labels in the place of `{{label}}`; of a label that is not there, nothing.
    static func filled(_ legend: String, _ series: SeriesAnswer) -> String {
        var text = ""
        var rest = Substring(legend)
        while text.utf8.count < mostFilled, let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}")
        {
            text += rest[..<open.lowerBound]
            let name = rest[open.upperBound..<close.lowerBound].filter { !$0.isWhitespace }
            text += series[label: String(name)] ?? ""
            rest = rest[close.upperBound...]
        }
        return text + (text.utf8.count < mostFilled ? rest : "")
    }
}
