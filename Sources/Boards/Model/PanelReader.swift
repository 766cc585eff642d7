/// Reads one panel.
struct PanelReader {
    let sources: DataSourceReader

    /// - Parameter patterns: the judge of this board's patterns.
    func panel(_ source: JSONTree, _ patterns: inout PagePatterns) -> BoardPanel {
        var problems: [String] = []
        let tree = LegacyPanel.renewed(source, &problems)
        var panel = BoardPanel()
        panel.id = tree["id"]?.integer ?? -1
        panel.type = String((tree["type"]?.text ?? "").prefix(100))
        panel.title = (tree["title"]?.text ?? "").cut()
        panel.description = tree["description"]?.text ?? ""
        panel.place = Self.place(tree["gridPos"], isRow: panel.isRow)
        panel.isCollapsed = tree["collapsed"]?.flag ?? false
        panel.repeats = tree["repeat"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        panel.repeatsDownward = tree["repeatDirection"]?.text == "v"
        panel.repeatsPerRow = max(1, min(tree["maxPerRow"]?.integer ?? 4, 24))
        panel.minimumInterval = tree["interval"]?.text ?? ""
        panel.maximumPoints = tree["maxDataPoints"]?.integer.flatMap { $0 > 0 ? min($0, 11_000) : nil }
        panel.timeFrom = tree["timeFrom"]?.text ?? ""
        panel.timeShift = tree["timeShift"]?.text ?? ""
        panel.options = tree["options"] ?? .object([])
        panel.defaults = tree.at("fieldConfig.defaults") ?? .object([])
        panel.overrides = (tree.at("fieldConfig.overrides")?.elements ?? []).prefix(500).map(Self.override)
        panel.links = Array((tree["links"]?.elements ?? []).prefix(50))
        panel.transformations = (tree["transformations"]?.elements ?? []).prefix(50).compactMap { Self.transformation($0, &problems) }
        if tree["libraryPanel"] != nil, panel.type.isEmpty {
            (panel.type, panel.problems) = ("library-panel", ["it is a panel of Grafana's library, whose contents are not in the board"])
            panel.writtenBytes = panel.weight
            return panel
        }
        if !panel.isRow, panel.type != "text" { readTargets(tree, &panel, &problems) }
        problems += patterns.take(from: &panel)
        panel.problems = BoardLint.unique(problems + BoardLint.problems(of: panel, steps: &patterns.steps))
        panel.writtenBytes = panel.weight
        return panel
    }

    private static func place(_ tree: JSONTree?, isRow: Bool) -> GridPlace {
        func bounded(_ name: String, _ range: ClosedRange<Int>, _ fallback: Int) -> Int {
            max(range.lowerBound, min(tree?[name]?.integer ?? fallback, range.upperBound))
        }
        let x = bounded("x", 0...23, 0)
        let width = min(bounded("w", 1...24, isRow ? 24 : 12), 24 - x)
        return GridPlace(x: x, y: bounded("y", 0...100_000, 0), width: width, height: isRow ? 1 : bounded("h", 1...500, 8))
    }

    private static func override(_ tree: JSONTree) -> FieldOverride {
        var found = FieldOverride()
        found.matcher = tree.at("matcher.id")?.text ?? ""
        found.matcherOptions = tree.at("matcher.options") ?? .null
        found.properties = (tree["properties"]?.elements ?? []).prefix(100).compactMap { property in
            property["id"]?.text.map { ($0, property["value"] ?? .null) }
        }
        return found
    }

    private static func transformation(_ tree: JSONTree, _ problems: inout [String]) -> PanelTransformation? {
        guard let id = tree["id"]?.text, tree["disabled"]?.flag != true else { return nil }
        var refs: String?
        if let filter = tree["filter"] {
            refs = filter["options"]?.text
            if !["byRefId", "byFrameRefID"].contains(filter["id"]?.text) || refs == nil {
                problems.append("the transformation \(id) is meant for some of the data only, in a way that is not supported")
            }
        }
        return PanelTransformation(id: id, options: tree["options"] ?? .object([]), refs: refs)
    }

    private static let targetLimit = 100

    private func readTargets(_ tree: JSONTree, _ panel: inout BoardPanel, _ problems: inout [String]) {
        let elements = tree["targets"]?.elements ?? []
        if elements.count > Self.targetLimit { problems.append("it has more than \(Self.targetLimit) queries; the rest is not asked") }
        let panelSource = sources.kind(tree["datasource"])
        var refs: Set<String> = []
        for (index, element) in elements.prefix(Self.targetLimit).enumerated() {
            var target = BoardTarget()
            target.ref = element["refId"]?.text?.cut(bytes: 100) ?? Self.letter(index)
            target.expression = element["expr"]?.text ?? ""
            target.isHidden = element["hide"]?.flag ?? false
            guard refs.insert(target.ref).inserted else {
                problems.append("it has two queries called \(target.ref)")
                continue
            }
            let kind = sources.kind(element["datasource"], default: panelSource)
            switch kind {
            case .prometheus: target.source = .prometheus
            case .loki: target.source = .loki
            case .other(let name):
                if !target.isHidden { problems.append("query \(target.ref) asks \(name), which is not supported") }
                continue
            }
            guard target.expression.contains(where: { !$0.isWhitespace }) else {
                // An editor leaves queries behind that were never written.
                if !target.isHidden, element["expr"] == nil, element.members.count > 3 {
                    problems.append("query \(target.ref) has no expression of Prometheus")
                }
                continue
            }
            read(element, &target, panel.type)
            panel.targets.append(target)
        }
    }

    private func read(_ element: JSONTree, _ target: inout BoardTarget, _ type: String) {
        target.legend = element["legendFormat"]?.text ?? ""
        // `step` is what an old editor had worked out for its own screen.
        target.minimumStep = element["interval"]?.text ?? ""
        target.stepFactor = max(1, min(element["intervalFactor"]?.integer ?? 1, 1_000))
        target.format = element["format"]?.text.flatMap(BoardTarget.Format.init) ?? (target.source == .loki ? .logs : .timeSeries)
        let isRange = element["range"]?.flag ?? (element["instant"]?.flag != true)
        // Of a query that asks for both, a table shows the moment and everything else the range.
        target.isInstant = element["instant"]?.flag == true && (!isRange || type == "table")
    }

    /// A, B … Z, AA: as Grafana calls queries without a name.
    private static func letter(_ index: Int) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return index < 26 ? String(letters[index]) : String(letters[(index / 26 - 1) % 26]) + String(letters[index % 26])
    }
}
