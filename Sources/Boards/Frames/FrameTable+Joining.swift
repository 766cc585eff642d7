extension FrameTable {
    /// Steps that putting rows together may cost.
    private static let rowBudget = 4_000_000

    /// The rows of all frames in one; rows that say the same in the fields that all frames have, and contradict each other in none, become one.
    mutating func merge() {
        let filled = frames.filter { $0.length > 0 }
        guard filled.count > 1 else {
            frames = filled.isEmpty ? Array(frames.prefix(1)) : filled
            return
        }
        var fields: [FrameField] = []
        var places: [String: Int] = [:]
        var counts: [Int] = []
        for frame in filled {
            var seen: Set<String> = []
            for field in frame.fields where seen.insert(field.name).inserted {
                if let place = places[field.name] {
                    counts[place] += 1
                } else {
                    places[field.name] = fields.count
                    var bare = field
                    bare.values = []
                    fields.append(bare)
                    counts.append(1)
                }
            }
        }
        var rows: [[FrameValue?]] = []
        var byKey: [[UInt8]: [Int]] = [:]
        var left = Self.rowBudget
        for frame in filled {
            let targets = frame.fields.map { places[$0.name] ?? 0 }
            let shared = targets.indices.filter { counts[targets[$0]] == filled.count }.sorted { targets[$0] < targets[$1] }
            for row in 0..<frame.length {
                guard left > 0, rows.count < PanelFrame.rowLimit else {
                    isTruncated = true
                    break
                }
                var key: [UInt8] = []
                for field in shared { frame.fields[field].values[row].appendKey(to: &key) }
                var isMerged = false
                for candidate in shared.isEmpty ? [] : byKey[key] ?? [] where left > 0 {
                    left -= targets.count
                    let fits = targets.indices.allSatisfy { field in
                        rows[candidate][targets[field]].map { $0.key == frame.fields[field].values[row].key } ?? true
                    }
                    guard fits else { continue }
                    for field in targets.indices { rows[candidate][targets[field]] = frame.fields[field].values[row] }
                    isMerged = true
                }
                guard !isMerged else { continue }
                left -= fields.count
                var new = [FrameValue?](repeating: nil, count: fields.count)
                for field in targets.indices where new[targets[field]] == nil { new[targets[field]] = frame.fields[field].values[row] }
                byKey[key, default: []].append(rows.count)
                rows.append(new)
            }
        }
        for index in fields.indices { fields[index].values = rows.map { $0[index] ?? .none } }
        frames = [Frame(fields: fields)]
    }

    /// One frame of all that have a field: a row for each of its values (`isInner`: for each that all have), the other fields side by side.
    mutating func join(by name: String?, isInner: Bool) {
        func place(_ frame: Frame) -> Int? { name.map { frame.place(of: $0) } ?? frame.time }
        let joined = frames.filter { place($0) != nil }
        guard let first = joined.first, let firstPlace = place(first) else { return }
        // A row of the outcome: which row of each frame stands in it, -1 for none.
        var keyField = first.fields[firstPlace]
        var rows: [(key: FrameValue, places: [Int])] = []
        var others: [FrameField] = []
        for frame in joined { for (index, field) in frame.fields.enumerated() where index != place(frame) { others.append(field) } }
        let most = max(1, PanelFrame.valueLimit / (others.count + 1))
        if isInner { rows = innerRows(joined, place, limit: most) } else { rows = outerRows(joined, place) }
        if rows.count > PanelFrame.rowLimit {
            rows.removeLast(rows.count - PanelFrame.rowLimit)
            isTruncated = true
        }
        // Rather some series whole than all of them in part.
        var left = PanelFrame.valueLimit
        keyField.values = rows.map(\.key)
        var fields = [keyField]
        for (number, frame) in joined.enumerated() {
            for (index, field) in frame.fields.enumerated() where index != place(frame) {
                left -= rows.count
                guard left >= 0, fields.count < PanelFrame.fieldLimit else {
                    isTruncated = true
                    continue
                }
                var field = field
                let values = field.values
                field.values = rows.map { $0.places[number] < 0 ? .none : values[$0.places[number]] }
                fields.append(field)
            }
        }
        frames = [Frame(fields: fields)]
    }

    private mutating func outerRows(_ joined: [Frame], _ place: (Frame) -> Int?) -> [(key: FrameValue, places: [Int])] {
        var index: [[UInt8]: Int] = [:]
        var keys: [FrameValue] = []
        var left = 4 * PanelFrame.valueLimit
        var columns: [[Int]] = []
        for frame in joined {
            var column: [Int] = Array(repeating: -1, count: keys.count)
            left -= keys.count + frame.length
            guard left > 0, let field = place(frame) else {
                isTruncated = true
                columns.append([])
                continue
            }
            for (row, value) in frame.fields[field].values.enumerated() {
                let key = value.key
                if let known = index[key] {
                    column[known] = row
                } else if keys.count < PanelFrame.rowLimit {
                    index[key] = keys.count
                    keys.append(value)
                    column.append(row)
                } else {
                    isTruncated = true
                }
            }
            columns.append(column)
        }
        let order = keys.indices.sorted { FrameValue.isBefore(keys[$0], keys[$1]) }
        return order.map { key in (keys[key], columns.map { key < $0.count ? $0[key] : -1 }) }
    }

    private mutating func innerRows(
        _ joined: [Frame], _ place: (Frame) -> Int?, limit: Int
    ) -> [(key: FrameValue, places: [Int])] {
        var rows: [(key: FrameValue, places: [Int])] = []
        for (number, frame) in joined.enumerated() {
            guard let field = place(frame) else { continue }
            let values = frame.fields[field].values
            guard number > 0 else {
                rows = values.enumerated().prefix(limit).map { ($0.element, [$0.offset]) }
                continue
            }
            var byKey: [[UInt8]: [Int]] = [:]
            for (row, value) in values.enumerated() { byKey[value.key, default: []].append(row) }
            var longer: [(key: FrameValue, places: [Int])] = []
            search: for row in rows {
                for match in byKey[row.key.key] ?? [] {
                    guard longer.count < limit else {
                        isTruncated = true
                        break search
                    }
                    longer.append((row.key, row.places + [match]))
                }
            }
            rows = longer
        }
        return rows
    }

    /// Each label a column, and the rows of all series in one frame.
    mutating func labelsToFields(_ options: JSONTree) {
        let wanted = options["keepLabels"].map { Set($0.texts) }
        let valueLabel = options["valueLabel"]?.text
        var left = PanelFrame.valueLimit
        var changed: [Frame] = []
        for frame in frames {
            var fields: [FrameField] = []
            var labels: [FrameField] = []
            for field in frame.fields {
                var bare = field
                if field.kind != .time {
                    for label in field.labels where label.name != valueLabel && wanted?.contains(label.name) != false {
                        guard !labels.contains(where: { $0.name == label.name }) else { continue }
                        left -= frame.length
                        guard left > 0 else { break }
                        labels.append(
                            FrameField(name: label.name, kind: .string, values: Array(repeating: .text(label.value), count: frame.length)))
                    }
                    if let valueLabel, let name = field.labels.first(where: { $0.name == valueLabel })?.value { bare.name = name }
                    (bare.labels, bare.displayName) = ([], nil)
                }
                fields.append(bare)
            }
            let times = fields.filter { $0.kind == .time }
            changed.append(Frame(fields: times + labels + fields.filter { $0.kind != .time }, ref: frame.ref))
        }
        if left <= 0 { isTruncated = true }
        frames = changed
        merge()
    }
}
