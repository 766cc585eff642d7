extension PanelView {
    /// The finished frame of the panel's answers: after its transformations, with the settings of each field. A panel that draws series has
    /// them side by side, joined by time.
    package func frame(from answers: [TargetAnswer]) -> PanelFrame {
        let made = FrameMaker(asked, answers, limits)
        var table = FrameTable(made.frames, limits)
        for transformation in transformations { table.apply(transformation) }
        var problems = made.problems
        var frame = one(of: &table, &problems)
        FieldConfig(self).apply(to: &frame, &table)
        problems += table.problems.map { PanelFrame.Problem(ref: "", message: $0) }
        return PanelFrame(frame: frame, problems: problems, isTruncated: made.isTruncated || table.isTruncated)
    }

    private func one(of table: inout FrameTable, _ problems: inout [PanelFrame.Problem]) -> Frame {
        guard table.frames.count > 1 else { return table.frames.first ?? Frame() }
        // Series are told by their time; tables that are still several stand for themselves.
        if table.frames.allSatisfy({ $0.fields.count == 2 && $0.time != nil }) {
            table.join(by: nil, isInner: false)
            return table.frames.first ?? Frame()
        }
        guard type != "table" else {
            let wanted = options["frameIndex"]?.integer ?? 0
            problems.append(.init(ref: "", message: "there are \(table.frames.count) tables, of which one is shown"))
            return table.frames.indices.contains(wanted) ? table.frames[wanted] : table.frames[0]
        }
        let length = table.frames.map(\.length).max() ?? 0
        var fields: [FrameField] = []
        for var field in table.frames.flatMap(\.fields) {
            guard (fields.count + 1) * length <= limits.values, fields.count < limits.fields else {
                table.isTruncated = true
                break
            }
            field.values += [FrameValue](repeating: .none, count: length - field.values.count)
            fields.append(field)
        }
        return Frame(fields: fields)
    }
}

/// A panel's defaults and overrides, brought to each field.
private struct FieldConfig {
    private let defaults: JSONTree
    private let overrides: [FieldOverride]

    init(_ panel: PanelView) { (defaults, overrides) = (panel.defaults, panel.overrides) }

    func apply(to frame: inout Frame, _ table: inout FrameTable) {
        let patterns = overrides.map { override in
            override.matcher == "byRegexp" ? try? Pattern(board: override.matcherOptions.text ?? "") : nil
        }
        for index in frame.fields.indices {
            let field = frame.fields[index]
            var config = defaults
            for (override, pattern) in zip(overrides, patterns) where matches(override, pattern, field, &table.budget) {
                for (id, value) in override.properties { config = config.setting(id, to: value) }
            }
            if let name = config["displayName"]?.text, !name.isEmpty {
                let filled = filled(name, field)
                config = config.setting("displayName", to: .text(filled))
                frame.fields[index].displayName = filled
            }
            frame.fields[index].config = config
        }
        if table.budget <= 0 { table.problems.append("the patterns of the panel's overrides cost too much") }
    }

    private func matches(_ override: FieldOverride, _ pattern: Pattern?, _ field: FrameField, _ budget: inout Int) -> Bool {
        let options = override.matcherOptions
        switch override.matcher {
        case "byName": return options.text == field.title || options.text == field.name && field.displayName == nil
        case "byRegexp": return pattern?.matches(field.title, budget: &budget) ?? false
        case "byType": return options.text == field.kind.rawValue
        case "byFrameRefID": return options.text == field.ref
        case "byNames":
            let isNamed = options["names"]?.elements.contains { $0.text == field.title } ?? false
            return isNamed == (options["mode"]?.text != "exclude")
        default: return false
        }
    }

    /// `${__field.labels.node}` and `${__field.name}` in the name that a field is given.
    private func filled(_ name: String, _ field: FrameField) -> String {
        guard name.contains("$") else { return name }
        var text: [UInt8] = []
        for part in Template(name).parts {
            switch part {
            case .literal(let bytes): text += bytes
            case .reference(let reference) where reference.name == "__field" || reference.name == "__series":
                if reference.path.hasPrefix("labels.") {
                    let label = reference.path.dropFirst(7)
                    text += (field.labels.first { $0.name == label }?.value ?? "").utf8
                } else {
                    text += (field.displayName ?? field.name).utf8
                }
            case .reference(let reference): text += reference.source
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
