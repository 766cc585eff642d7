extension FrameTable {
    private func calculations(_ tree: JSONTree?) -> [Calculation] { (tree?.texts ?? []).prefix(30).compactMap(Calculation.init(named:)) }

    /// Each field to one value a calculation: as a row of its own, or in the place of its values.
    mutating func reduce(_ options: JSONTree) {
        var wanted = calculations(options["reducers"])
        if wanted.isEmpty { wanted = [.max] }
        let takesTime = options["includeTimeField"]?.flag ?? false
        if options["mode"]?.text == "reduceFields" { return reduceFields(wanted, takesTime: takesTime) }
        let labelled = options["labelsToFields"]?.flag ?? false
        var titles: [FrameValue] = []
        var labels: [(name: String, values: [Int: String])] = []
        var places: [String: Int] = [:]
        var columns = [[FrameValue]](repeating: [], count: wanted.count)
        for field in frames.flatMap(\.fields) where takesTime || field.kind != .time {
            guard titles.count < limits.fields, canCalculate(wanted.count, of: field) else {
                isTruncated = true
                break
            }
            if labelled {
                for label in field.labels {
                    let place = places[label.name] ?? labels.count
                    guard place < limits.fields else {
                        isTruncated = true
                        break
                    }
                    if place == labels.count { labels.append((label.name, [:])) }
                    places[label.name] = place
                    labels[place].values[titles.count] = label.value
                }
            }
            titles.append(.text(labelled && !field.labels.isEmpty ? field.name : field.title))
            for (index, calculation) in wanted.enumerated() { columns[index].append(calculation.value(of: field.values)) }
        }
        var fields = [FrameField(name: "Field", kind: .string, values: titles)]
        fields += labels.map { label in
            FrameField(name: label.name, kind: .string, values: titles.indices.map { label.values[$0].map { .text($0) } ?? .none })
        }
        for (index, calculation) in wanted.enumerated() {
            fields.append(FrameField(name: calculation.title, kind: Self.kind(of: columns[index]), values: columns[index]))
        }
        frames = [Frame(fields: fields)]
    }

    /// Counts what calculations look at; false when that is too much or not wanted any more.
    private mutating func canCalculate(_ count: Int, of field: FrameField) -> Bool {
        work -= count * (field.values.count + 8)
        return work > 0 && !giveUp()
    }

    private static func kind(of values: [FrameValue]) -> FrameField.Kind {
        let isText = values.contains { if case .text = $0 { true } else { false } }
        let isTime =
            !isText && values.contains { if case .time = $0 { true } else { false } }
            && !values.contains { if case .number = $0 { true } else { false } }
        return isText ? .string : isTime ? .time : .number
    }

    private mutating func reduceFields(_ wanted: [Calculation], takesTime: Bool) {
        for index in frames.indices {
            var fields: [FrameField] = []
            for field in frames[index].fields where takesTime || field.kind != .time {
                guard fields.count < limits.fields, canCalculate(wanted.count, of: field) else {
                    isTruncated = true
                    break
                }
                for calculation in wanted {
                    var reduced = field
                    reduced.values = [calculation.value(of: field.values)]
                    reduced.kind = Self.kind(of: reduced.values)
                    if wanted.count > 1 { reduced.displayName = "\(field.title) \(calculation.title)" }
                    fields.append(reduced)
                }
            }
            frames[index].fields = fields
        }
        frames = frames.filter { !$0.fields.isEmpty }
    }

    /// A field calculated row by row.
    mutating func calculate(_ options: JSONTree) {
        if frames.count > 1, frames.allSatisfy({ $0.time != nil }) { join(by: nil, isInner: false) }
        for index in frames.indices {
            work -= frames[index].length * frames[index].fields.count
            guard work > 0, !giveUp() else {
                isTruncated = true
                return
            }
            guard var field = calculated(options, frames[index]) else { continue }
            if let alias = options["alias"]?.text, !alias.isEmpty { field.name = alias }
            if options["replaceFields"]?.flag == true { frames[index].fields = frames[index].time.map { [frames[index].fields[$0]] } ?? [] }
            frames[index].fields.append(field)
        }
    }

    private func calculated(_ options: JSONTree, _ frame: Frame) -> FrameField? {
        switch options["mode"]?.text ?? "reduceRow" {
        case "binary":
            guard let binary = options["binary"], let left = operand(binary["left"], frame), let right = operand(binary["right"], frame)
            else {
                return nil
            }
            let sign = binary["operator"]?.text ?? "+"
            let values = (0..<frame.length).map { row in Self.value(sign, left.values(row), right.values(row)) }
            return FrameField(name: "\(left.name) \(sign) \(right.name)", kind: .number, values: values)
        case "unary":
            guard let name = options.at("unary.fieldName")?.text, let place = frame.place(of: name) else { return nil }
            let sign = options.at("unary.operator")?.text ?? "abs"
            let values = frame.fields[place].values.map { value -> FrameValue in
                guard let number = value.number else { return .none }
                return .number(sign == "floor" ? number.rounded(.down) : sign == "ceil" ? number.rounded(.up) : number.magnitude)
            }
            return FrameField(name: "\(sign)(\(name))", kind: .number, values: values)
        case "index":
            return FrameField(name: "Row", kind: .number, values: (0..<frame.length).map { .number(Double($0)) })
        default:
            let calculation = options.at("reduce.reducer")?.text.flatMap(Calculation.init(named:)) ?? .sum
            let names = Set(options.at("reduce.include")?.texts ?? [])
            let fields = frame.fields.filter { $0.kind == .number && (names.isEmpty || names.contains($0.title)) }
            guard !fields.isEmpty else { return nil }
            let values = (0..<frame.length).map { row in calculation.value(of: fields.map { $0.values[row] }) }
            return FrameField(name: calculation.title, kind: .number, values: values)
        }
    }

    /// One side of a calculation: a field, or a number that is always the same.
    private func operand(_ tree: JSONTree?, _ frame: Frame) -> (name: String, values: (Int) -> Double?)? {
        guard let tree else { return nil }
        let name = tree.at("matcher.options")?.text ?? tree["fixed"]?.text ?? tree.text ?? ""
        if tree["fixed"] == nil, let place = frame.place(of: name) {
            let values = frame.fields[place].values
            return (name, { values[$0].number })
        }
        guard let number = decimalNumber(name) else { return nil }
        return (name, { _ in number })
    }

    private static func value(_ sign: String, _ left: Double?, _ right: Double?) -> FrameValue {
        guard let left, let right else { return .none }
        switch sign {
        case "+": return .number(left + right)
        case "-": return .number(left - right)
        case "*": return .number(left * right)
        case "/": return .number(left / right)
        case "%": return .number(left.truncatingRemainder(dividingBy: right))
        default: return .none
        }
    }

    /// One row for all that have the same values in some fields, with calculations of others.
    mutating func group(_ options: JSONTree) {
        let settings = Dictionary((options["fields"]?.members ?? []).map { ($0.name, $0.value) }) { first, _ in first }
        for index in frames.indices where !giveUp() {
            let frame = frames[index]
            let keys = frame.fields.indices.filter { settings[frame.fields[$0].title]?["operation"]?.text == "groupby" }
            guard !keys.isEmpty else { continue }
            var groups: [[UInt8]: Int] = [:]
            var rows: [[Int]] = []
            for row in 0..<frame.length {
                var key: [UInt8] = []
                for field in keys { frame.fields[field].values[row].appendKey(to: &key) }
                if let group = groups[key] {
                    rows[group].append(row)
                } else {
                    groups[key] = rows.count
                    rows.append([row])
                }
            }
            var fields = keys.map { place in
                var field = frame.fields[place]
                field.values = rows.map { frame.fields[place].values[$0[0]] }
                return field
            }
            making: for field in frame.fields where settings[field.title]?["operation"]?.text == "aggregate" {
                for calculation in calculations(settings[field.title]?["aggregations"]) {
                    guard fields.count < limits.fields, (fields.count + 1) * rows.count <= limits.values, canCalculate(1, of: field) else {
                        isTruncated = true
                        break making
                    }
                    let values = rows.map { group in calculation.value(of: group.map { field.values[$0] }) }
                    var made = FrameField(name: "\(field.title) (\(calculation.rawValue))", kind: Self.kind(of: values), values: values)
                    made.ref = field.ref
                    fields.append(made)
                }
            }
            frames[index].fields = fields
        }
    }
}
