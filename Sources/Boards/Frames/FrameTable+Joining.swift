extension FrameTable {
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
                } else if fields.count >= limits.fields {
                    isTruncated = true
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
        var left = 2 * limits.values
        for frame in filled {
            guard !giveUp() else { return }
            var frame = frame
            frame.fields.removeAll { places[$0.name] == nil }
            let targets = frame.fields.map { places[$0.name] ?? 0 }
            let shared = targets.indices.filter { counts[targets[$0]] == filled.count }.sorted { targets[$0] < targets[$1] }
            for row in 0..<frame.length {
                guard left > 0, rows.count < limits.rows else {
                    isTruncated = true
                    break
                }
                var key: [UInt8] = []
                for field in shared { frame.fields[field].values[row].appendKey(to: &key) }
                var isMerged = false
                for candidate in shared.isEmpty ? [] : byKey[key] ?? [] where left > 0 {
                    left -= targets.count
                    let fits = targets.indices.allSatisfy { field in
                        rows[candidate][targets[field]]?.isSame(as: frame.fields[field].values[row]) ?? true
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
        var others = 0
        for frame in joined { others += frame.fields.count - 1 }
        let rows =
            isInner ? innerRows(joined, place, limit: min(limits.rows, max(1, limits.values / (others + 1)))) : outerRows(joined, place)
        var keyField = first.fields[firstPlace]
        keyField.values = rows.keys
        var fields = [keyField]
        // Rather some series whole than all of them in part.
        var left = limits.values - rows.keys.count
        for (frame, column) in zip(joined, rows.columns) {
            let key = place(frame)
            for (index, field) in frame.fields.enumerated() where index != key {
                left -= rows.keys.count
                guard left >= 0, fields.count < limits.fields else {
                    isTruncated = true
                    continue
                }
                var field = field
                let values = field.values
                field.values = column.map { $0 < 0 ? .none : values[$0] }
                fields.append(field)
            }
        }
        frames = [Frame(fields: fields)]
    }

    /// The rows of a join: their keys, and for each frame the rows of its that stand in them, -1 for none.
    private struct JoinedRows {
        var keys: [FrameValue] = []
        var columns: [[Int]] = []
    }

    private mutating func outerRows(_ joined: [Frame], _ place: (Frame) -> Int?) -> JoinedRows {
        var index: [[UInt8]: Int] = [:]
        var keys: [FrameValue] = []
        var columns: [[Int]] = []
        var left = 4 * limits.values
        for frame in joined {
            left -= keys.count + frame.length
            guard left > 0, !giveUp(), let field = place(frame) else {
                isTruncated = true
                break
            }
            var column: [Int] = Array(repeating: -1, count: keys.count)
            for (row, value) in frame.fields[field].values.enumerated() {
                let key = value.key
                if let known = index[key] {
                    column[known] = row
                } else if keys.count < limits.rows {
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
        // Most often the keys come in order, and all series have them.
        var rows = JoinedRows(keys: order.map { keys[$0] })
        for column in columns {
            left -= order.count
            guard left > 0 else {
                isTruncated = true
                break
            }
            rows.columns.append(order.map { $0 < column.count ? column[$0] : -1 })
        }
        return rows
    }

    private mutating func innerRows(_ joined: [Frame], _ place: (Frame) -> Int?, limit: Int) -> JoinedRows {
        var rows = JoinedRows()
        for (number, frame) in joined.enumerated() {
            guard let field = place(frame) else { continue }
            let values = frame.fields[field].values
            guard number > 0 else {
                rows = JoinedRows(keys: Array(values.prefix(limit)), columns: [Array(values.indices.prefix(limit))])
                if values.count > limit { isTruncated = true }
                continue
            }
            var byKey: [[UInt8]: [Int]] = [:]
            for (row, value) in values.enumerated() { byKey[value.key, default: []].append(row) }
            // Which row before goes with which row of this frame.
            var pairs: [(Int, Int)] = []
            search: for (row, key) in rows.keys.enumerated() {
                for match in byKey[key.key] ?? [] {
                    guard pairs.count < limit else {
                        isTruncated = true
                        break search
                    }
                    pairs.append((row, match))
                }
            }
            let before = rows
            rows = JoinedRows(keys: pairs.map { before.keys[$0.0] }, columns: before.columns.map { column in pairs.map { column[$0.0] } })
            rows.columns.append(pairs.map(\.1))
        }
        return rows
    }

    /// Each label a column, and the rows of all series in one frame.
    mutating func labelsToFields(_ options: JSONTree) {
        let wanted = options["keepLabels"].map { Set($0.texts) }
        let valueLabel = options["valueLabel"]?.text
        var (left, bytes) = (limits.values, limits.frameBytes)
        var changed: [Frame] = []
        for frame in frames {
            guard !giveUp() else { return }
            var fields: [FrameField] = []
            var labels: [FrameField] = []
            var seen: Set<String> = []
            for field in frame.fields {
                var bare = field
                if field.kind != .time {
                    for label in field.labels where label.name != valueLabel && wanted?.contains(label.name) != false {
                        guard seen.insert(label.name).inserted else { continue }
                        left -= frame.length
                        bytes -= frame.length * (label.value.utf8.count + 1)
                        guard left > 0, bytes > 0, labels.count < limits.fields else {
                            isTruncated = true
                            break
                        }
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
        frames = changed
        merge()
    }
}
