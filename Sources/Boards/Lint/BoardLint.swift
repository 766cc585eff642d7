/// The one list of what the viewer has. What a board asks for beyond it is a problem of the panel, said in the panel.
package enum BoardLint {
    package static let panelTypes: Set<String> = [
        "row", "timeseries", "stat", "gauge", "bargauge", "barchart", "table", "state-timeline", "status-history", "heatmap", "text",
        "logs",
    ]

    package static let transformations: Set<String> = [
        "merge", "organize", "joinByField", "seriesToColumns", "filterFieldsByName", "filterByRefId", "sortBy", "limit", "reduce",
        "labelsToFields", "renameByRegex", "calculateField", "groupBy",
    ]

    package static let matchers: Set<String> = ["byName", "byRegexp", "byType", "byFrameRefID", "byNames"]

    /// What an override may set, and defaults may have, beside `custom`.
    static let properties: Set<String> = [
        "unit", "decimals", "min", "max", "noValue", "displayName", "thresholds", "mappings", "color", "links", "description", "filterable",
        "writeable", "fieldMinMax", "displayNameFromDS", "path", "custom",
        // Of no effect on the picture.
        "actions", "nullValueMode", "interval",
    ]

    /// What is not there for a panel; empty when it is drawn as it was meant.
    ///
    /// - Parameter steps: what patterns may still cost.
    static func problems(of panel: BoardPanel, steps: inout Int) -> [String] {
        guard panelTypes.contains(panel.type) else {
            return ["the panel type \(panel.type.isEmpty ? "(none)" : panel.type) is not supported"]
        }
        var problems: [String] = []
        for transformation in panel.transformations {
            if !transformations.contains(transformation.id) {
                problems.append("the transformation \(transformation.id.prefix(60)) is not supported")
            } else if let problem = FrameTransformation.problem(of: transformation, steps: &steps) {
                problems.append("the transformation \(transformation.id): \(problem)")
            }
        }
        for member in panel.defaults.members where !properties.contains(member.name) {
            problems.append("the field setting \(member.name.prefix(60)) is not supported")
        }
        for member in panel.defaults["custom"]?.members ?? [] {
            if let problem = PanelOptions.problem(ofCustom: member.name, member.value, in: panel.type) { problems.append(problem) }
        }
        for override in panel.overrides { problems += Self.problems(of: override, in: panel.type) }
        for member in panel.options.members {
            if let problem = PanelOptions.problem(ofOption: member.name, member.value, in: panel.type) { problems.append(problem) }
        }
        return problems
    }

    private static func problems(of override: FieldOverride, in type: String) -> [String] {
        guard matchers.contains(override.matcher) else {
            return ["an override chooses fields \(override.matcher.prefix(60)), which is not supported"]
        }
        var problems: [String] = []
        for (id, value) in override.properties {
            if id.hasPrefix("custom.") {
                if let problem = PanelOptions.problem(ofCustom: String(id.dropFirst(7)), value, in: type) { problems.append(problem) }
            } else if !properties.contains(id) {
                problems.append("the field setting \(id.prefix(60)) is not supported")
            }
        }
        return problems
    }

    /// All problems of a board, each with the panel that has it. What is not for a person to see is not among them.
    package static func problems(of board: Board) -> [String] {
        board.problems
            + board.variables.compactMap { variable in variable.problem.map { "variable \(variable.name): \($0)" } }
            + board.panels.flatMap { panel in panel.problems.map { "panel \(panel.id) \"\(panel.title)\": \($0)" } }
    }

    /// Each once, and of many the first twenty.
    static func unique(_ problems: [String]) -> [String] {
        var seen: Set<String> = []
        return Array(problems.filter { seen.insert($0).inserted }.prefix(20))
    }
}
