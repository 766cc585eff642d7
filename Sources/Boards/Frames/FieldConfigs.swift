import Primitives

/// A panel's defaults and overrides, brought to each field of its frame.
///
/// Fields that the same overrides are for have the same settings, which are made once.
struct FieldConfigs {
    private let defaults: JSONTree
    private let overrides: [FieldOverride]
    private let patterns: [Pattern?]
    /// The names of overrides that have a list of them.
    private let names: [Set<String>]
    private var made: [[Int]: Config] = [:]
    /// Settings that may still be looked at while others are set beside them.
    private var work = 5_000_000
    /// Bytes that names and settings may still have.
    private var bytes: Int

    private struct Config {
        var tree: JSONTree
        var size: Int
    }

    init(_ panel: PanelView, _ table: inout FrameTable) {
        (defaults, overrides, bytes) = (panel.defaults, panel.overrides, table.limits.frameBytes)
        names = overrides.map { Set($0.matcherOptions["names"]?.elements.compactMap(\.text) ?? []) }
        var patterns: [Pattern?] = []
        for override in overrides {
            patterns.append(override.matcher == "byRegexp" ? table.pattern(override.matcherOptions.text ?? "") : nil)
        }
        self.patterns = patterns
    }

    /// Gives the fields of the first frame their names and settings, and cuts what is too much.
    mutating func apply(to table: inout FrameTable) {
        guard var frame = table.frames.first else { return }
        for index in frame.fields.indices {
            guard !table.giveUp() else { return }
            let field = frame.fields[index]
            let chosen = overrides.indices.filter { matches($0, field, &table.budget) }
            var config = made[chosen] ?? config(of: chosen)
            made[chosen] = config
            config.tree = Self.withoutForeignUnit(config.tree, of: field.kind)
            // Counted before copies are made.
            let names = field.title.writtenBytes + field.name.writtenBytes + 256
            bytes -= names + field.labels.reduce(0) { $0 + $1.name.writtenBytes + $1.value.writtenBytes }
            guard bytes > config.size else {
                if bytes < 0 { frame.fields[index].labels = [] }
                frame.fields[index].hasSettingsLeftOut = true
                continue
            }
            bytes -= config.size
            if let name = config.tree["displayName"]?.text, !name.isEmpty {
                let filled = Self.filled(name, field)
                config.tree = config.tree.setting("displayName", to: .text(filled))
                frame.fields[index].displayName = filled
            }
            frame.fields[index].config = config.tree
        }
        if frame.fields.contains(where: \.hasSettingsLeftOut) || work <= 0 {
            table.problems.append("the settings of the panel's fields are too much; some are left out")
        }
        if table.budget <= 0 { table.problems.append("the patterns of the panel's overrides cost too much") }
        table.frames = [frame]
        table.bound()
    }

    private mutating func config(of chosen: [Int]) -> Config {
        var tree = defaults
        for override in chosen {
            for (id, value) in overrides[override].properties where work > 0 {
                work -= tree.members.count + 8
                tree = tree.setting(id, to: value)
            }
        }
        return Config(tree: tree, size: tree.writtenBytes)
    }

    private func matches(_ index: Int, _ field: FrameField, _ budget: inout Int) -> Bool {
        let override = overrides[index]
        let options = override.matcherOptions
        switch override.matcher {
        case "byName": return options.text == field.title || options.text == field.name && field.displayName == nil
        case "byRegexp": return patterns[index]?.matches(field.title, budget: &budget) ?? false
        case "byType": return options.text == field.kind.rawValue
        case "byFrameRefID": return options.text == field.ref
        case "byNames":
            return names[index].contains(field.title) == (options["mode"]?.text != "exclude")
        default: return false
        }
    }

    /// A panel's unit is meant for its numbers; of a time it is taken only when it is one of dates.
    private static func withoutForeignUnit(_ config: JSONTree, of kind: FrameField.Kind) -> JSONTree {
        guard kind == .time, let unit = config["unit"]?.text, !unit.hasPrefix("dateTime"), !unit.hasPrefix("time:") else { return config }
        return .object(config.members.filter { $0.name != "unit" })
    }

    /// `${__field.labels.node}` and `${__field.name}` in the name that a field is given.
    private static func filled(_ name: String, _ field: FrameField) -> String {
        let name = name.cut(bytes: 10_000)
        guard name.contains("$") else { return name.cut() }
        var text: [UInt8] = []
        for part in Template(name).parts where text.count <= String.mostOfName {
            switch part {
            case .literal(let bytes): text += bytes
            case .reference(let reference) where reference.name == "__field" || reference.name == "__series":
                if reference.path.hasPrefix("labels.") {
                    text += (field.labels.value(of: String(reference.path.dropFirst(7))) ?? "").utf8
                } else {
                    text += (field.displayName ?? field.name).utf8
                }
            case .reference(let reference): text += reference.source
            }
        }
        return String(decoding: text, as: UTF8.self).cut()
    }
}
