/// Reads the panels of a board, in reading order.
struct PanelList {
    let sources: DataSourceReader
    private(set) var panels: [BoardPanel] = []
    private(set) var problems: [String] = []
    private var used: Set<Int> = []
    private var nextID = 1
    private var patterns = PagePatterns(steps: Pattern.stepLimit)

    init(sources: DataSourceReader) { self.sources = sources }

    mutating func read(_ board: JSONTree) {
        let elements = board["panels"]?.elements ?? []
        reserve(elements)
        for element in board["rows"]?.elements ?? [] { reserve(element["panels"]?.elements ?? []) }
        if elements.isEmpty, let rows = board["rows"] { return readOldRows(rows.elements) }
        var row: Int?
        for element in inOrder(elements) {
            guard var panel = take(element) else { return }
            guard panel.isRow else {
                panel.row = row
                panels.append(panel)
                continue
            }
            let header = panel.id
            panels.append(panel)
            // What stands below a closed row in the list is not in it.
            row = panel.isCollapsed ? nil : panel.id
            for child in inOrder(element["panels"]?.elements ?? []) {
                guard var panel = take(child) else { return }
                // A row in a row is nobody's; it would hide what stands in it.
                guard !panel.isRow else { continue }
                panel.row = header
                panels.append(panel)
            }
        }
    }

    private mutating func reserve(_ elements: [JSONTree]) {
        for element in elements {
            for one in [element] + (element["panels"]?.elements ?? []) {
                if let id = one["id"]?.integer, (0..<1 << 50).contains(id) { nextID = max(nextID, id + 1) }
            }
        }
    }

    private func inOrder(_ elements: [JSONTree]) -> [JSONTree] {
        func place(_ tree: JSONTree) -> (Int, Int) { (tree.at("gridPos.y")?.integer ?? 0, tree.at("gridPos.x")?.integer ?? 0) }
        let placed = elements.enumerated().map { (place($0.element), $0.offset, $0.element) }
        return placed.sorted { ($0.0.0, $0.0.1, $0.1) < ($1.0.0, $1.0.1, $1.1) }.map(\.2)
    }

    /// The panel, with an id that no other has; nil when there are too many.
    private mutating func take(_ tree: JSONTree) -> BoardPanel? {
        guard panels.count < Board.panelLimit else {
            problems.append("it has more than \(Board.panelLimit) panels; the rest is not shown")
            return nil
        }
        var panel = PanelReader(sources: sources).panel(tree, &patterns)
        if panel.id < 0 || panel.id >= 1 << 50 || !used.insert(panel.id).inserted {
            panel.id = nextID
            nextID += 1
            used.insert(panel.id)
        }
        return panel
    }

    /// The rows of boards from before the grid: panels side by side, widths in twelfths.
    private mutating func readOldRows(_ rows: [JSONTree]) {
        var y = 0
        // One that has a head ends the row before it, so then all have one.
        let haveHeads = rows.contains {
            $0["showTitle"]?.flag == true || $0["collapse"]?.flag == true || $0["repeat"]?.text?.isEmpty == false
        }
        for row in rows {
            let title = row["title"]?.text ?? ""
            let (rowRepeat, collapse) = (row["repeat"]?.text.flatMap { $0.isEmpty ? nil : $0 }, row["collapse"]?.flag ?? false)
            var rowID: Int?
            if haveHeads {
                let header = JSONTree.object([.init("type", .text("row")), .init("title", .text(title))])
                guard var panel = take(header) else { return }
                (panel.isCollapsed, panel.repeats, panel.place) = (collapse, rowRepeat, GridPlace(x: 0, y: y, width: 24, height: 1))
                rowID = panel.id
                panels.append(panel)
                y += 1
            }
            let height = Self.cells(pixels: row["height"])
            var (x, tallest) = (0, 0)
            for element in row["panels"]?.elements ?? [] {
                guard var panel = take(element) else { return }
                let width = max(1, min(24, (element["span"]?.integer ?? 4).clamped * 2))
                if x + width > 24 { (x, y, tallest) = (0, y + tallest, 0) }
                panel.place = GridPlace(x: x, y: y, width: width, height: element["height"].map(Self.cells(pixels:)) ?? height)
                panel.row = rowID
                x += width
                tallest = max(tallest, panel.place.height)
                panels.append(panel)
            }
            y += tallest
        }
    }

    /// `250px` as cells of 30 pixels and the gaps between.
    private static func cells(pixels tree: JSONTree?) -> Int {
        guard var text = tree?.text else { return 7 }
        if text.hasSuffix("px") { text.removeLast(2) }
        guard let pixels = decimalNumber(text), pixels > 0, pixels < 10_000 else { return 7 }
        return max(2, Int((pixels / 38).rounded(.up)))
    }
}

extension Int {
    /// Within a thousand, so that sums cannot overflow.
    fileprivate var clamped: Int { Swift.max(-1_000, Swift.min(self, 1_000)) }
}
