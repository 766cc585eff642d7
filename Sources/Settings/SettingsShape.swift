import Primitives

/// What may be written at a place of the settings. It is checked before anything starts, and the reference page is made from it.
package indirect enum SettingsShape: Sendable {
    case text
    /// `true`, `yes`, `on`, `1` or their opposites.
    case flag
    case integer(ClosedRange<Int>)
    /// A duration: `500ms`, `15s`, `2m`, `1h`, `30d`; a bare number counts seconds.
    case seconds(ClosedRange<Double>)
    case choice([String])
    /// A list of texts; one text alone is a list of one.
    case texts
    case section([SettingsKey])
    case sections([SettingsKey])
    /// Sections under names that the writer chooses.
    case named([SettingsKey])
    /// Texts under names that the writer chooses.
    case namedTexts

    /// As the reference and error messages put it.
    package var expectation: String {
        switch self {
        case .text: "text"
        case .flag: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .seconds(let range):
            "a duration from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))" + Self.examples(in: range)
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .texts: "a list of texts"
        case .section: "a section with keys"
        case .sections: "a list of sections"
        case .named: "names, each with a section of keys"
        case .namedTexts: "names, each with a text"
        }
    }

    /// How durations are written, by some that would do.
    private static func examples(in range: ClosedRange<Double>) -> String {
        let words = [0.5, 15, 120].filter(range.contains).map(text)
        guard let last = words.last else { return "" }
        return ", as in " + (words.count > 1 ? words.dropLast().joined(separator: ", ") + " or " : "") + last
    }

    private static func text(_ seconds: Double) -> String {
        for (unit, size) in [("d", 86400.0), ("h", 3600), ("m", 60), ("s", 1)] where seconds >= size {
            if let count = Int(exactly: seconds / size) { return "\(count)\(unit)" }
        }
        return Int(exactly: (seconds * 1000).rounded()).map { $0 == 0 ? "0s" : "\($0)ms" } ?? "\(seconds)s"
    }

    /// Seconds of a duration as settings write it.
    package static func seconds(of text: String) -> Double? {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("w", 604_800), ("y", 31_536_000)]
        for (unit, size) in units where text.hasSuffix(unit) {
            if let count = decimal(text.dropLast(unit.count)) { return count * size }
        }
        return decimal(text[...])
    }

    /// Digits, with a fraction or without: what else Swift takes for a number (0x10, 1e99, inf) is a slip of the pen in a duration.
    private static func decimal(_ text: Substring) -> Double? {
        guard text.utf8.count <= 15, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else { return nil }
        return Double(text)
    }

    package static func flag(of text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }

    /// Throws a `configuration` failure for the first thing that does not fit.
    func check(_ node: SettingsNode, at path: String) throws(Failure) {
        if case .empty = node.content { return }
        switch (self, node.content) {
        case (.text, .scalar): return
        case (.flag, .scalar(let text)) where Self.flag(of: text) != nil: return
        case (.integer(let range), .scalar(let text)) where Int(text).map(range.contains) == true: return
        case (.seconds(let range), .scalar(let text)) where Self.seconds(of: text).map(range.contains) == true: return
        case (.choice(let words), .scalar(let text)) where words.contains(text): return
        case (.texts, .scalar): return
        case (.texts, .sequence(let elements)):
            for element in elements { try SettingsShape.text.check(element, at: path) }
        case (.section(let keys), .mapping(let members)): try check(members, keys, at: path)
        case (.sections(let keys), .sequence(let elements)):
            for (index, element) in elements.enumerated() { try SettingsShape.section(keys).check(element, at: "\(path)[\(index)]") }
        case (.named(let keys), .mapping(let members)):
            for member in members { try SettingsShape.section(keys).check(member.node, at: Self.path(path, member)) }
        case (.namedTexts, .mapping(let members)):
            for member in members { try SettingsShape.text.check(member.node, at: Self.path(path, member)) }
        default:
            throw node.origin.failure("\(path.isEmpty ? "" : "\(path): ")expected \(expectation)\(found(node, at: path))")
        }
    }

    private static func path(_ path: String, _ member: SettingsNode.Member) -> String {
        // A name of the writer's own may hold anything, and an error is one line.
        let name = member.key.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } ? member.key : quoted(member.key)
        return path.isEmpty ? name : "\(path).\(name)"
    }

    private var isSection: Bool {
        switch self {
        case .section, .sections, .named, .namedTexts: true
        case .text, .flag, .integer, .seconds, .choice, .texts: false
        }
    }

    private func check(_ members: [SettingsNode.Member], _ keys: [SettingsKey], at path: String) throws(Failure) {
        for member in members {
            guard let key = keys.first(where: { $0.name == member.key }) else {
                let place = path.isEmpty ? "" : " in \(path)"
                throw member.keyOrigin.failure("unknown key \(quoted(member.key))\(place)\(Self.hint(member, keys))")
            }
            // A secret that does not fit must not be printed by the error that says so; only text is ever secret, and any text fits.
            try key.shape.check(member.node, at: path.isEmpty ? key.name : "\(path).\(key.name)")
        }
    }
}

extension SettingsShape {
    /// What stands there instead, as far as it helps, and what to do.
    private func found(_ node: SettingsNode, at path: String) -> String {
        let isOfFile = if case .file = node.origin { true } else { false }
        switch (self, node.content) {
        case (.section, .scalar(let text)), (.named, .scalar(let text)), (.namedTexts, .scalar(let text)):
            return isOfFile && text.contains(":") && !text.contains("://") ? "; write a space behind the colon of a key" : ""
        case (.sections, .mapping):
            return isOfFile
                ? "; begin each of them with \"- \""
                : "; number its entries from 0, as in \(path.split(separator: ".").last?.uppercased() ?? "")__0__KEY"
        // What stands in a section's place may be a key and its secret, written without the space between them.
        case (_, .scalar(let text)) where !isSection && text.count <= 40:
            guard case .choice(let words) = self, let near = nearest(to: text, among: words) ?? nearest(to: text.lowercased(), among: words)
            else {
                return ", not \(quoted(text))"
            }
            return ", not \(quoted(text)); did you mean \(near)?"
        case (.text, .sequence), (.flag, .sequence), (.integer, .sequence), (.seconds, .sequence), (.choice, .sequence):
            return ", not a list"
        default: return ""
        }
    }

    /// What may have been meant by a key that is unknown.
    private static func hint(_ member: SettingsNode.Member, _ keys: [SettingsKey]) -> String {
        if let near = nearest(to: member.key, among: keys.map(\.name)) { return "; did you mean \"\(near)\"?" }
        // LOG_LEVEL for LOG__LEVEL is the commonest slip with variables.
        if case .environment(let name) = member.keyOrigin, let key = keys.first(where: { member.key.hasPrefix($0.name + "_") }),
            name.hasSuffix(member.key.uppercased())
        {
            let rest = member.key.dropFirst(key.name.count + 1)
            return "; sections and keys are separated by two underscores, as in \(name.dropLast(rest.count))_\(rest.uppercased())"
        }
        return "; known: " + keys.map(\.name).joined(separator: ", ")
    }
}

/// A key of a section.
package struct SettingsKey: Sendable {
    package let name: String
    package let shape: SettingsShape
    /// One sentence for the reference.
    package let help: String
    /// What holds when the key is not set, as a person reads it.
    package let standard: String

    package init(_ name: String, _ shape: SettingsShape, _ help: String, standard: String = "") {
        self.name = name
        self.shape = shape
        self.help = help
        self.standard = standard
    }
}
