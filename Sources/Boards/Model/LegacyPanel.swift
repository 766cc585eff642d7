/// Panels of types that Grafana no longer has, told as the types that took their place.
enum LegacyPanel {
    static func renewed(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        switch tree["type"]?.text {
        case "graph":
            problems.append("the old panel graph is drawn as a time series; not all of its options are")
            return graph(tree)
        case "singlestat", "grafana-singlestat-panel":
            problems.append("the old panel singlestat is drawn as a stat; not all of its options are")
            return singleStat(tree)
        case "table-old":
            problems.append("the old panel table is drawn as a table; its styles are not")
            return tree.setting("type", to: .text("table"))
        case "table" where tree["styles"] != nil && tree["fieldConfig"] == nil:
            problems.append("the table is of an old form, whose styles are not drawn")
            return tree
        default: return tree
        }
    }

    private static func graph(_ tree: JSONTree) -> JSONTree {
        var new = tree.setting("type", to: .text("timeseries"))
        func set(_ path: String, _ value: JSONTree?) { if let value { new = new.setting("fieldConfig.defaults." + path, to: value) } }
        let axis = tree["yaxes"]?.elements.first
        set("unit", axis?["format"])
        set("min", axis?["min"]?.number.map { .number($0) })
        set("max", axis?["max"]?.number.map { .number($0) })
        set("decimals", tree["decimals"]?.number.map { .number($0) })
        set("custom.fillOpacity", tree["fill"]?.number.map { .number(max(0, min($0, 10)) * 10) })
        set("custom.lineWidth", tree["linewidth"]?.number.map { .number($0) })
        if tree["stack"]?.flag == true { set("custom.stacking", .object([.init("mode", .text("normal")), .init("group", .text("A"))])) }
        if tree["bars"]?.flag == true { set("custom.drawStyle", .text("bars")) }
        if tree["nullPointMode"]?.text == "connected" { set("custom.spanNulls", .flag(true)) }
        if tree.at("legend.show")?.flag == false { new = new.setting("options.legend.showLegend", to: .flag(false)) }
        if tree.at("legend.alignAsTable")?.flag == true { new = new.setting("options.legend.displayMode", to: .text("table")) }
        if tree.at("legend.rightSide")?.flag == true { new = new.setting("options.legend.placement", to: .text("right")) }
        return new
    }

    private static func singleStat(_ tree: JSONTree) -> JSONTree {
        let isGauge = tree.at("gauge.show")?.flag == true
        var new = tree.setting("type", to: .text(isGauge ? "gauge" : "stat"))
        func set(_ path: String, _ value: JSONTree?) { if let value { new = new.setting("fieldConfig.defaults." + path, to: value) } }
        set("unit", tree["format"])
        set("decimals", tree["decimals"]?.number.map { .number($0) })
        if isGauge {
            set("min", tree.at("gauge.minValue"))
            set("max", tree.at("gauge.maxValue"))
        }
        let bounds = (tree["thresholds"]?.text ?? "").split(separator: ",").prefix(10).compactMap {
            decimalNumber($0.filter { !$0.isWhitespace })
        }
        let colors = tree["colors"]?.texts ?? []
        if !bounds.isEmpty, colors.count > bounds.count {
            let steps = colors.prefix(bounds.count + 1).enumerated().map { index, color in
                JSONTree.object([.init("color", .text(color)), .init("value", index == 0 ? .null : .number(bounds[index - 1]))])
            }
            set("thresholds", .object([.init("mode", .text("absolute")), .init("steps", .list(steps))]))
        }
        let mappings = (tree["valueMaps"]?.elements ?? []).prefix(100).compactMap(mapping)
        if !mappings.isEmpty { set("mappings", .list(mappings)) }
        let names = [
            "avg": "mean", "current": "lastNotNull", "min": "min", "max": "max", "total": "sum", "first": "first", "delta": "delta",
        ]
        let calculation = names[tree["valueName"]?.text ?? "avg"] ?? "lastNotNull"
        new = new.setting("options.reduceOptions.calcs", to: .list([.text(calculation)]))
        let isColored = tree["colorBackground"]?.flag == true
        new = new.setting("options.colorMode", to: .text(isColored ? "background" : tree["colorValue"]?.flag == true ? "value" : "none"))
        return new.setting("options.graphMode", to: .text(tree.at("sparkline.show")?.flag == true ? "area" : "none"))
    }

    /// A word for a value, as mappings have it now.
    private static func mapping(_ tree: JSONTree) -> JSONTree? {
        guard let value = tree["value"]?.text, let text = tree["text"] else { return nil }
        let result = JSONTree.object([.init("text", text)])
        guard value == "null" else { return .object([.init("type", .text("value")), .init("options", .object([.init(value, result)]))]) }
        return .object([
            .init("type", .text("special")), .init("options", .object([.init("match", .text("null")), .init("result", result)])),
        ])
    }
}
