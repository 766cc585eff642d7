/// The panels as they stand once repeats are made and nothing overlaps: Grafana's grid, on which panels rise until they meet another.
struct BoardLayout {
    struct Instance {
        let panel: BoardPanel
        let key: String
        let place: GridPlace
        let row: String?
        /// The values of this repeat alone.
        let scope: [VariableValue]
        let problem: String?
    }

    private(set) var instances: [Instance] = []
    private(set) var problems: [String] = []
    private let values: [String: ResolvedVariable]
    /// What is repeated for, by the variable's name: most often several panels for the same.
    private var known: [String: [VariableValue]] = [:]
    /// How far down each column is taken, from the board's top.
    private var heights = [Int](repeating: 0, count: 24)
    private var isFull = false

    init(board: Board, variables: [ResolvedVariable]) {
        values = Dictionary(variables.map { ($0.variable.name, $0) }) { first, _ in first }
        var index = 0
        while index < board.panels.count, !isFull {
            let first = board.panels[index]
            if first.isRow {
                index += 1
                var children: [BoardPanel] = []
                while index < board.panels.count, !board.panels[index].isRow, board.panels[index].row == first.id {
                    children.append(board.panels[index])
                    index += 1
                }
                place(row: first, children)
            } else {
                place(first, row: nil, scope: [], suffix: "")
                index += 1
            }
        }
    }

    private mutating func place(row: BoardPanel, _ children: [BoardPanel]) {
        let (repeats, problem) = repeats(of: row, within: [])
        for (number, scope) in repeats.enumerated() {
            let suffix = row.repeats != nil && problem == nil ? "-\(number + 1)" : ""
            // A row begins below all that is above it.
            heights = [Int](repeating: heights.max() ?? 0, count: 24)
            put(row, width: 24, x: 0, row: nil, scope: scope, key: "\(row.id)\(suffix)", problem)
            for child in children where !isFull { place(child, row: "\(row.id)\(suffix)", scope: scope, suffix: suffix) }
            heights = [Int](repeating: heights.max() ?? 0, count: 24)
            guard !isFull else { return }
        }
    }

    private mutating func place(_ panel: BoardPanel, row: String?, scope: [VariableValue], suffix: String) {
        let (repeats, problem) = repeats(of: panel, within: scope)
        guard panel.repeats != nil, problem == nil else {
            put(panel, width: panel.place.width, x: panel.place.x, row: row, scope: scope, key: "\(panel.id)\(suffix)", problem)
            return
        }
        let width = panel.repeatsDownward ? panel.place.width : max(1, 24 / max(1, min(repeats.count, panel.repeatsPerRow)))
        var x = panel.repeatsDownward ? panel.place.x : 0
        for (number, scope) in repeats.enumerated() where !isFull {
            if !panel.repeatsDownward, x + width > 24 { x = 0 }
            // The first of a line begins below what stands there, so that its line is straight.
            if !panel.repeatsDownward, x == 0 { level() }
            put(panel, width: width, x: x, row: row, scope: scope, key: "\(panel.id)\(suffix)-\(number + 1)", nil)
            if !panel.repeatsDownward { x += width }
        }
        if !panel.repeatsDownward { level() }
    }

    private mutating func level() { heights = [Int](repeating: heights.max() ?? 0, count: 24) }

    private mutating func put(
        _ panel: BoardPanel, width: Int, x: Int, row: String?, scope: [VariableValue], key: String, _ problem: String?
    ) {
        guard instances.count < Board.panelLimit else {
            if !isFull { problems.append("its repeats make more than \(Board.panelLimit) panels; the rest is not shown") }
            isFull = true
            return
        }
        let columns = x..<min(24, x + width)
        let y = heights[columns].max() ?? 0
        for column in columns { heights[column] = y + panel.place.height }
        let place = GridPlace(x: x, y: y, width: columns.count, height: panel.place.height)
        instances.append(Instance(panel: panel, key: key, place: place, row: row, scope: scope, problem: problem))
    }

    /// A scope for each value that a panel is repeated for; one without a value when it is not, with the reason when it should be.
    private mutating func repeats(of panel: BoardPanel, within scope: [VariableValue]) -> ([[VariableValue]], String?) {
        guard let name = panel.repeats else { return ([scope], nil) }
        guard let resolved = values[name] else { return ([scope], "it is to be repeated for \(name.prefix(60)), which is no variable") }
        // Within the repeat of a row for the same variable there is one value left.
        if scope.contains(where: { $0.name == name }) { return ([scope], nil) }
        let repeated = known[name] ?? Self.repeated(resolved)
        known[name] = repeated
        guard !repeated.isEmpty else { return ([scope], "it is to be repeated for \(name), which has no values") }
        return (repeated.map { scope + [$0] }, nil)
    }

    private static func repeated(_ resolved: ResolvedVariable) -> [VariableValue] {
        let options: [VariableOption]
        if resolved.isAll {
            options = resolved.options.filter { $0.value != BoardVariable.all }
        } else {
            let texts = Dictionary(resolved.options.map { ($0.value, $0.text) }) { first, _ in first }
            options = resolved.current.map { VariableOption(text: texts[$0] ?? $0, value: $0) }
        }
        let isList = resolved.variable.isMulti || resolved.variable.includesAll
        return options.prefix(Board.panelLimit + 1).map { option in
            VariableValue(name: resolved.variable.name, values: [option.value], texts: [option.text], isList: isList)
        }
    }
}
