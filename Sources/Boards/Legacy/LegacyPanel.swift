/// Panels of types that Grafana no longer has, told as the types that took their place; and the pie, which is drawn as bars.
enum LegacyPanel {
    /// The panel in today's form. What its old form has and ours cannot say is named in a problem.
    static func renewed(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        switch tree["type"]?.text {
        case "graph": return LegacyGraph.renewed(tree, &problems)
        case "singlestat", "grafana-singlestat-panel": return LegacyStat.renewed(tree, &problems)
        case "table-old": return LegacyTable.renewed(tree, &problems)
        case "table" where (tree["styles"] != nil || tree["columns"] != nil) && tree["fieldConfig"] == nil:
            return LegacyTable.renewed(tree, &problems)
        case "text": return text(tree, &problems)
        // Without options it is an old one, which counted values into buckets unless it was told that they are some.
        case "heatmap" where (tree["options"]?.members ?? []).isEmpty && tree["dataFormat"]?.text != "tsbuckets":
            return tree.setting("options.calculate", to: true)
        case "piechart", "grafana-piechart-panel": return pie(tree, &problems)
        default: return tree
        }
    }

    private static func text(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        if tree.at("options.content") != nil { return tree }
        guard let content = tree["content"] else {
            problems.append("it has no text")
            return tree
        }
        let mode = tree["mode"]?.text ?? "markdown"
        // Text without any form is shown as it stands, as code is.
        return tree.setting("options.content", to: content).setting("options.mode", to: .text(mode == "text" ? "code" : mode))
    }

    private static func pie(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        problems.append("the pie chart is drawn as a bar gauge")
        var calculations = tree.at("options.reduceOptions") ?? [:]
        if let old = tree["valueName"]?.text { calculations = ["calcs": [.text(calculation(old) ?? "lastNotNull")]] }
        var new = tree.setting("type", to: "bargauge")
        new = new.setting(
            "options", to: ["reduceOptions": calculations, "orientation": "horizontal", "displayMode": "basic", "showUnfilled": false])
        if let unit = tree["format"] { new = new.setting("fieldConfig.defaults.unit", to: unit) }
        if tree.at("fieldConfig.defaults.color") == nil { new = new.setting("fieldConfig.defaults.color", to: ["mode": "palette-classic"]) }
        let colors = overrides(ofColors: tree["aliasColors"])
        return colors.isEmpty
            ? new : new.setting("fieldConfig.overrides", to: .list((tree.at("fieldConfig.overrides")?.elements ?? []) + colors))
    }

    // MARK: what several have

    /// Today's name of an old calculation; nil for one that there was not.
    static func calculation(_ name: String) -> String? {
        switch name {
        case "avg": "mean"
        case "current": "lastNotNull"
        case "total": "sum"
        case "min", "max", "first", "delta", "range", "diff", "count": name
        default: nil
        }
    }

    /// `{"Total": "#000000"}` as overrides.
    static func overrides(ofColors tree: JSONTree?) -> [JSONTree] {
        (tree?.members ?? []).prefix(100).map { override("byName", $0.name, [("color", fixed($0.value))]) }
    }

    static func override(_ matcher: String, _ options: String, _ properties: [(id: String, value: JSONTree)]) -> JSONTree {
        [
            "matcher": ["id": .text(matcher), "options": .text(options)],
            "properties": .list(properties.map { ["id": .text($0.id), "value": $0.value] }),
        ]
    }

    /// An override for what a name or a `/pattern/` means.
    static func override(named name: String, _ properties: [(id: String, value: JSONTree)]) -> JSONTree {
        let isPattern = name.utf8.count > 1 && name.hasPrefix("/") && name.dropFirst().contains("/")
        return override(isPattern ? "byRegexp" : "byName", name, properties)
    }

    static func fixed(_ color: JSONTree) -> JSONTree { ["mode": "fixed", "fixedColor": color] }

    /// Colours from bound to bound: the first below all of them.
    static func thresholds(_ bounds: [Double], _ colors: [String]) -> JSONTree? {
        guard !bounds.isEmpty, colors.count > bounds.count else { return nil }
        let steps = zip(colors, [JSONTree.null] + bounds.map { .number($0) }).map { color, bound -> JSONTree in
            ["color": .text(color), "value": bound]
        }
        return ["mode": "absolute", "steps": .list(steps)]
    }

    /// Words for values and for ranges, as mappings have them now.
    static func mappings(_ tree: JSONTree) -> [JSONTree] {
        if tree["mappingType"]?.integer == 2 { return (tree["rangeMaps"]?.elements ?? []).prefix(100).compactMap(range) }
        return (tree["valueMaps"]?.elements ?? []).prefix(100).compactMap(value)
    }

    private static func value(_ tree: JSONTree) -> JSONTree? {
        guard let value = tree["value"]?.text, let text = tree["text"] else { return nil }
        if value == "null" { return ["type": "special", "options": ["match": "null", "result": ["text": text]]] }
        return ["type": "value", "options": .object([.init(value, ["text": text])])]
    }

    private static func range(_ tree: JSONTree) -> JSONTree? {
        guard let text = tree["text"] else { return nil }
        if tree["from"]?.text == "null" { return ["type": "special", "options": ["match": "null", "result": ["text": text]]] }
        guard let from = tree["from"]?.number, let to = tree["to"]?.number else { return nil }
        return ["type": "range", "options": ["from": .number(from), "to": .number(to), "result": ["text": text]]]
    }

    /// Says what of an old panel is lost.
    static func say(_ old: String, _ new: String, without lost: [String], _ problems: inout [String]) {
        guard !lost.isEmpty else { return }
        let lost = BoardLint.unique(lost)
        problems.append(
            "the old panel \(old) is drawn as \(new), without its \(lost.prefix(12).map { $0.cut(bytes: 60) }.joined(separator: ", "))")
    }
}
