/// The graph of old boards, as a time series; one with the series beside each other, as a bar gauge.
struct LegacyGraph {
    private let tree: JSONTree
    private var new: JSONTree
    private var overrides: [JSONTree]
    /// What ours cannot say.
    private var lost: [String] = []
    /// The left and the right axis.
    private let axes: [JSONTree]

    static func renewed(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        var graph = LegacyGraph(tree)
        let isBySeries = tree.at("xaxis.mode")?.text == "series"
        if isBySeries {
            graph.readBars()
            problems.append("the old panel graph by series is drawn as a bar gauge")
        } else {
            graph.readLines()
            graph.readLegend()
        }
        graph.readAxis()
        graph.readThresholds()
        graph.readSeries()
        LegacyPanel.say("graph", isBySeries ? "a bar gauge" : "a time series", without: graph.lost, &problems)
        guard !graph.overrides.isEmpty else { return graph.new }
        return graph.new.setting("fieldConfig.overrides", to: .list((tree.at("fieldConfig.overrides")?.elements ?? []) + graph.overrides))
    }

    private init(_ tree: JSONTree) {
        self.tree = tree
        // Of its options there were never more than these links.
        new = tree.setting("type", to: "timeseries").setting("options", to: [:])
        if let links = tree.at("options.dataLinks"), !links.elements.isEmpty { new = new.setting("fieldConfig.defaults.links", to: links) }
        axes = tree["yaxes"]?.elements ?? Self.oldestAxes(tree)
        overrides = LegacyPanel.overrides(ofColors: tree["aliasColors"])
    }

    /// The axes of boards from before `yaxes`.
    private static func oldestAxes(_ tree: JSONTree) -> [JSONTree] {
        let formats = tree["y_formats"]?.elements ?? []
        return [("left", 0), ("right", 1)].map { side, index in
            [
                "format": formats.indices.contains(index) ? formats[index] : .null, "label": tree[side + "YAxisLabel"] ?? .null,
                "min": tree.at("grid.\(side)Min") ?? .null, "max": tree.at("grid.\(side)Max") ?? .null,
                "logBase": tree.at("grid.\(side)LogBase") ?? .null,
            ]
        }
    }

    private mutating func set(_ path: String, _ value: JSONTree?) { if let value { new = new.setting(path, to: value) } }
    private mutating func setField(_ path: String, _ value: JSONTree?) { set("fieldConfig.defaults." + path, value) }

    private static func number(_ tree: JSONTree?) -> JSONTree? { tree?.number.map { .number($0) } }

    // MARK: drawing

    private mutating func readLines() {
        let (lines, bars, points) = (tree["lines"]?.flag ?? true, tree["bars"]?.flag ?? false, tree["points"]?.flag ?? false)
        setField("custom.drawStyle", bars ? "bars" : lines || !points ? "line" : "points")
        setField("custom.showPoints", points ? "always" : "never")
        setField("custom.pointSize", points ? Self.pointSize(tree["pointradius"]) : nil)
        setField("custom.lineWidth", bars || lines ? Self.number(tree["linewidth"]) : .number(0))
        setField("custom.fillOpacity", bars ? .number(100) : Self.opacity(tree["fill"] ?? .number(1)))
        if let gradient = tree["fillGradient"]?.number, gradient > 0 { setField("custom.gradientMode", "opacity") }
        if tree["steppedLine"]?.flag == true { setField("custom.lineInterpolation", "stepAfter") }
        if tree["dashes"]?.flag == true { setField("custom.lineStyle", Self.dashes(tree)) }
        if tree["stack"]?.flag == true {
            setField("custom.stacking", ["mode": tree["percentage"]?.flag == true ? "percent" : "normal", "group": "A"])
        }
        switch tree["nullPointMode"]?.text {
        case "connected": setField("custom.spanNulls", true)
        case "null as zero": lost.append("zeros for what lacks")
        default: break
        }
        let order = tree.at("tooltip.sort")?.integer ?? 0
        if tree["tooltip"] != nil {
            set("options.tooltip.mode", tree.at("tooltip.shared")?.flag == false ? "single" : "multi")
            set("options.tooltip.sort", order == 1 ? "asc" : order == 2 ? "desc" : "none")
        }
        if tree.at("xaxis.mode")?.text == "histogram" { lost.append("axis as a histogram") }
        if tree.at("xaxis.show")?.flag == false { lost.append("hidden axis of time") }
        if tree.at("yaxis.align")?.flag == true { lost.append("alignment of axes") }
        if tree["timeRegions"]?.elements.isEmpty == false { lost.append("coloured times") }
    }

    private static func opacity(_ fill: JSONTree?) -> JSONTree? { fill?.number.map { .number(max(0, min($0, 10)) * 10) } }
    private static func pointSize(_ radius: JSONTree?) -> JSONTree { .number(2 + 2 * max(0, min(radius?.number ?? 2, 20))) }

    private static func dashes(_ tree: JSONTree) -> JSONTree {
        ["fill": "dash", "dash": [number(tree["dashLength"]) ?? .number(10), number(tree["spaceLength"]) ?? .number(10)]]
    }

    /// One bar for each series.
    private mutating func readBars() {
        let values = tree.at("xaxis.values")?.texts ?? []
        let calculation = LegacyPanel.calculation(values.first ?? "") ?? "sum"
        set("type", "bargauge")
        set(
            "options",
            to: [
                "reduceOptions": ["calcs": [.text(calculation)]], "orientation": "vertical", "displayMode": "basic", "showUnfilled": false,
            ])
        setField("color", ["mode": "palette-classic"])
    }

    private mutating func set(_ path: String, to value: JSONTree) { new = new.setting(path, to: value) }

    private mutating func readLegend() {
        guard let legend = tree["legend"] else { return }
        func flag(_ name: String) -> Bool { legend[name]?.flag == true }
        set("options.legend.showLegend", .flag(legend["show"]?.flag ?? true))
        set("options.legend.displayMode", flag("alignAsTable") ? "table" : "list")
        set("options.legend.placement", flag("rightSide") ? "right" : "bottom")
        set("options.legend.width", flag("rightSide") ? Self.number(legend["sideWidth"]) : nil)
        let shown = flag("values") ? ["min", "max", "avg", "current", "total"].filter(flag) : []
        set("options.legend.calcs", .list(shown.compactMap(LegacyPanel.calculation).map { .text($0) }))
        if let sort = legend["sort"]?.text.flatMap(LegacyPanel.calculation).flatMap(Calculation.init(named:)) {
            set("options.legend.sortBy", .text(sort.title))
            set("options.legend.sortDesc", .flag(flag("sortDesc")))
        }
        for (name, words) in [("hideEmpty", "legend without empty series"), ("hideZero", "legend without series of zeros")] where flag(name)
        {
            lost.append(words)
        }
    }

    // MARK: axes

    private mutating func readAxis() {
        guard let left = axes.first else { return }
        setField("decimals", Self.number(tree["decimals"]))
        for (path, value) in Self.properties(of: left) { setField(path, value) }
        if left["show"]?.flag == false { setField("custom.axisPlacement", "hidden") }
    }

    /// What an axis says of the series on it.
    private static func properties(of axis: JSONTree) -> [(id: String, value: JSONTree)] {
        var found: [(String, JSONTree?)] = [("unit", axis["format"]), ("min", number(axis["min"])), ("max", number(axis["max"]))]
        found.append(("decimals", number(axis["decimals"])))
        if let label = axis["label"], label.text?.isEmpty == false { found.append(("custom.axisLabel", label)) }
        if let base = axis["logBase"]?.number, base > 1 {
            found.append(("custom.scaleDistribution", ["type": "log", "log": .number(base)]))
        }
        return found.compactMap { id, value in value.map { (id, $0) } }
    }

    private mutating func readThresholds() {
        let thresholds = (tree["thresholds"]?.elements ?? []).prefix(20).compactMap { one in one["value"]?.number.map { (one, $0) } }
        guard let first = thresholds.first else { return }
        let isLess = first.0["op"]?.text == "lt"
        guard thresholds.allSatisfy({ ($0.0["op"]?.text == "lt") == isLess && $0.0["yaxis"]?.text != "right" }) else {
            lost.append("thresholds of several kinds")
            return
        }
        let sorted = thresholds.sorted { $0.1 < $1.1 }
        let colors = sorted.map { Self.color(of: $0.0) }
        // Above a bound, or below it, there is its colour; on the other side of all there is none.
        setField("thresholds", LegacyPanel.thresholds(sorted.map(\.1), isLess ? colors + ["transparent"] : ["transparent"] + colors))
        let (hasLine, hasFill) = (thresholds.contains { $0.0["line"]?.flag == true }, thresholds.contains { $0.0["fill"]?.flag == true })
        setField("custom.thresholdsStyle", ["mode": hasLine && hasFill ? "line+area" : hasLine ? "line" : hasFill ? "area" : "off"])
    }

    private static func color(of threshold: JSONTree) -> String {
        switch threshold["colorMode"]?.text {
        case "ok": "green"
        case "warning": "orange"
        case "custom": threshold["fillColor"]?.text ?? threshold["lineColor"]?.text ?? "red"
        default: "red"
        }
    }

    // MARK: series

    private mutating func readSeries() {
        for series in (tree["seriesOverrides"]?.elements ?? []).prefix(200) {
            guard let name = series["alias"]?.text, !name.isEmpty else { continue }
            var properties: [(id: String, value: JSONTree)] = []
            for member in series.members where member.name != "alias" { properties += self.properties(member.name, member.value, series) }
            if !properties.isEmpty { overrides.append(LegacyPanel.override(named: name, properties)) }
        }
    }

    private mutating func properties(_ name: String, _ value: JSONTree, _ series: JSONTree) -> [(id: String, value: JSONTree)] {
        func one(_ id: String, _ value: JSONTree?) -> [(id: String, value: JSONTree)] { value.map { [("custom." + id, $0)] } ?? [] }
        let isOn = value.flag ?? false
        switch name {
        case "color": return [("color", LegacyPanel.fixed(value))]
        case "fill": return one("fillOpacity", Self.opacity(value))
        case "linewidth": return one("lineWidth", Self.number(value))
        case "lines": return isOn ? one("drawStyle", "line") : one("lineWidth", .number(0))
        case "bars": return one("drawStyle", isOn ? "bars" : "line")
        case "points":
            if isOn, series["lines"]?.flag == false { return one("drawStyle", "points") }
            return one("showPoints", isOn ? "always" : "never")
        case "pointradius": return one("pointSize", Self.pointSize(value))
        case "dashes": return one("lineStyle", isOn ? Self.dashes(series) : ["fill": "solid"])
        case "steppedLine": return one("lineInterpolation", isOn ? "stepAfter" : "linear")
        case "fillGradient": return one("gradientMode", (value.number ?? 0) > 0 ? "opacity" : "none")
        case "fillBelowTo": return one("fillBelowTo", value)
        case "transform": return one("transform", value)
        case "nullPointMode" where value.text != "null as zero": return one("spanNulls", .flag(value.text == "connected"))
        case "stack":
            // A letter is a stack of its own, beside that of the others.
            let group = value.flag == nil ? value : "A"
            return one("stacking", value.flag == false ? ["mode": "none"] : ["mode": "normal", "group": group])
        case "hiddenSeries": return isOn ? one("hideFrom", ["viz": true, "legend": false, "tooltip": false]) : []
        case "legend": return isOn ? [] : one("hideFrom", ["legend": true, "viz": false, "tooltip": false])
        case "hideTooltip": return isOn ? one("hideFrom", ["tooltip": true, "viz": false, "legend": false]) : []
        case "yaxis":
            guard value.integer == 2 else { return one("axisPlacement", "left") }
            return one("axisPlacement", "right") + (axes.count > 1 ? Self.properties(of: axes[1]) : [])
        case "dashLength", "spaceLength", "zindex", "$$hashKey": return []
        default:
            lost.append("override \(name) of series")
            return []
        }
    }
}
