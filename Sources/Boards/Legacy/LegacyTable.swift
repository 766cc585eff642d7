/// The table of old boards, whose columns had styles.
enum LegacyTable {
    static func renewed(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        var new = tree.setting("type", to: "table")
        var lost: [String] = []
        var overrides: [JSONTree] = []
        let styles = (tree["styles"]?.elements ?? []).prefix(200)
        let hidesOthers = styles.first { $0["pattern"] == "/.*/" }?["type"] == "hidden"
        for style in styles {
            var properties = properties(of: style, &lost)
            let pattern = style["pattern"]?.text ?? ""
            if hidesOthers, style["type"] != "hidden", pattern != "/.*/" { properties.append(("custom.hidden", false)) }
            // What comes behind the style of all columns is for none.
            guard pattern != "/.*/" else {
                for property in properties { new = new.setting("fieldConfig.defaults." + property.id, to: property.value) }
                break
            }
            if !properties.isEmpty, !pattern.isEmpty { overrides.append(LegacyPanel.override(named: pattern, properties)) }
        }
        // Of old styles the first that fits holds, of overrides the last.
        overrides.reverse()
        if !overrides.isEmpty { new = new.setting("fieldConfig.overrides", to: .list(overrides)) }
        if tree["showHeader"]?.flag == false { new = new.setting("options.showHeader", to: false) }
        let transformations = transformations(tree, &lost)
        if !transformations.isEmpty, tree["transformations"] == nil { new = new.setting("transformations", to: .list(transformations)) }
        LegacyPanel.say("table", "a table", without: lost, &problems)
        return new
    }

    /// What an old table did to its answers before it showed them.
    private static func transformations(_ tree: JSONTree, _ lost: inout [String]) -> [JSONTree] {
        switch tree["transform"]?.text {
        case "timeseries_aggregations":
            let names = (tree["columns"]?.elements ?? []).prefix(20).compactMap { $0["value"]?.text.flatMap(LegacyPanel.calculation) }
            return [["id": "reduce", "options": ["reducers": .list((names.isEmpty ? ["mean"] : names).map { .text($0) })]]]
        case "timeseries_to_columns": return [["id": "joinByField", "options": ["byField": "Time"]]]
        case "timeseries_to_rows":
            lost.append("series as rows")
            return []
        case "json", "annotations":
            lost.append("form \(tree["transform"]?.text ?? "")")
            return []
        default: return (tree["targets"]?.elements.count ?? 0) > 1 ? [["id": "merge", "options": [:]]] : []
        }
    }

    private static func properties(of style: JSONTree, _ lost: inout [String]) -> [(id: String, value: JSONTree)] {
        var found: [(id: String, value: JSONTree)] = []
        func add(_ id: String, _ value: JSONTree?) { if let value, value != "" { found.append((id, value)) } }
        add("displayName", style["alias"])
        if let align = style["align"], align != "auto" { add("custom.align", align) }
        switch style["type"]?.text {
        case "hidden": add("custom.hidden", true)
        case "date": add("unit", .text("time: " + (style["dateFormat"]?.text ?? "YYYY-MM-DD HH:mm:ss")))
        case "number":
            add("unit", style["unit"])
            add("decimals", style["decimals"]?.number.map { .number($0) })
        case "string":
            let mappings = LegacyPanel.mappings(style)
            if !mappings.isEmpty { add("mappings", .list(mappings)) }
        default: break
        }
        let bounds = (style["thresholds"]?.texts ?? []).prefix(10).compactMap { decimalNumber($0.filter { !$0.isWhitespace }) }
        switch style["colorMode"]?.text {
        case "cell", "row":
            add("custom.cellOptions", ["type": "color-background"])
            if style["colorMode"] == "row" { lost.append("colours of whole rows") }
            add("thresholds", LegacyPanel.thresholds(bounds, style["colors"]?.texts ?? []))
        case "value":
            add("custom.cellOptions", ["type": "color-text"])
            add("thresholds", LegacyPanel.thresholds(bounds, style["colors"]?.texts ?? []))
        default: break
        }
        if style["link"]?.flag == true, let url = style["linkUrl"]?.text { add("links", link(url, style, &lost)) }
        return found
    }

    private static func link(_ url: String, _ style: JSONTree, _ lost: inout [String]) -> JSONTree? {
        var url = url
        for old in ["${__cell:raw}", "${__cell}", "$__cell:raw"] { url = url.replacing(old, with: "${__value.raw}") }
        guard !url.contains("__cell_") else {
            lost.append("links to what other columns say")
            return nil
        }
        url = url.replacing("$__cell", with: "${__value.raw}")
        return [["title": style["linkTooltip"] ?? "", "url": .text(url), "targetBlank": .flag(style["linkTargetBlank"]?.flag ?? false)]]
    }
}
