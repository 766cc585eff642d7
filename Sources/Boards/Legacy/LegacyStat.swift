/// The single number of old boards, as a stat or a gauge.
enum LegacyStat {
    static func renewed(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        let isGauge = tree.at("gauge.show")?.flag == true
        var new = tree.setting("type", to: isGauge ? "gauge" : "stat")
        func set(_ path: String, _ value: JSONTree?) { if let value { new = new.setting(path, to: value) } }
        func setField(_ path: String, _ value: JSONTree?) { set("fieldConfig.defaults." + path, value) }
        setField("unit", tree["format"])
        setField("decimals", tree["decimals"]?.number.map { .number($0) })
        setField("noValue", tree["nullText"])
        let bounds = (tree["thresholds"]?.text ?? "").split(separator: ",").prefix(10).compactMap {
            decimalNumber($0.filter { !$0.isWhitespace })
        }
        setField("thresholds", LegacyPanel.thresholds(bounds, tree["colors"]?.texts ?? []))
        let mappings = LegacyPanel.mappings(tree)
        if !mappings.isEmpty { setField("mappings", .list(mappings)) }

        var lost: [String] = []
        for name in ["prefix", "postfix"] where tree[name]?.text?.isEmpty == false { lost.append(name) }
        let calculation = tree["valueName"]?.text ?? "avg"
        if calculation == "name" { set("options.textMode", "name") }
        set("options.reduceOptions.calcs", [.text(LegacyPanel.calculation(calculation) ?? "lastNotNull")])
        if !["name", "last_time"].contains(calculation), LegacyPanel.calculation(calculation) == nil {
            lost.append("value \(calculation)")
        }
        if calculation == "last_time" { lost.append("time of the last value") }
        if let column = tree["tableColumn"]?.text, !column.isEmpty {
            set("options.reduceOptions.fields", .text("/^\(VariableValue.escapedForPattern(column))$/"))
        }
        if isGauge {
            setField("min", tree.at("gauge.minValue"))
            setField("max", tree.at("gauge.maxValue"))
            set("options.showThresholdLabels", tree.at("gauge.thresholdLabels"))
            set("options.showThresholdMarkers", tree.at("gauge.thresholdMarkers"))
        } else {
            let isColored = tree["colorBackground"]?.flag == true
            set("options.colorMode", isColored ? "background" : tree["colorValue"]?.flag == true ? "value" : "none")
            set("options.graphMode", tree.at("sparkline.show")?.flag == true ? "area" : "none")
        }
        LegacyPanel.say("singlestat", isGauge ? "a gauge" : "a stat", without: lost, &problems)
        return new
    }
}
