extension ObjectValue {
    /// As YAML, in block style, members in the order of their names; with a line's end.
    package var yaml: String {
        var lines: [String] = []
        write(into: &lines, indent: 0, after: nil)
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Parameter head: what stands before the value in its line: `name:` or `-`, with its indent.
    private func write(into lines: inout [String], indent: Int, after head: String?) {
        let space = String(repeating: " ", count: indent)
        switch self {
        case .members(let members) where !members.isEmpty:
            var isFirst = true
            for member in members {
                // The first member of an element stands behind its dash.
                let before = isFirst && head?.hasSuffix("-") == true ? "\(head ?? "") " : space
                if isFirst, let head, !head.hasSuffix("-") { lines.append(head) }
                isFirst = false
                let name = Self.scalar(member.name)
                let deeper = if case .list = member.value { indent } else { indent + 2 }
                member.value.write(into: &lines, indent: deeper, after: "\(before)\(name):")
            }
        case .list(let list) where !list.isEmpty:
            if let head { lines.append(head) }
            for element in list { element.write(into: &lines, indent: indent + 2, after: "\(space)-") }
        case .text(let text) where Self.isBlock(text):
            let body = text.hasSuffix("\n") ? text.dropLast() : Substring(text)
            lines.append((head.map { "\($0) " } ?? "") + (text.hasSuffix("\n") ? "|" : "|-"))
            for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
                lines.append(line.isEmpty ? "" : "\(space)\(line)")
            }
        default: lines.append((head.map { "\($0) " } ?? "") + inline)
        }
    }

    private var inline: String {
        switch self {
        case .null: "null"
        case .text(let text): Self.scalar(text)
        case .list: "[]"
        case .members: "{}"
        default: String(decoding: json, as: UTF8.self)
        }
    }

    /// Texts of several lines that need no escapes.
    private static func isBlock(_ text: String) -> Bool {
        guard text.utf8.contains(0x0A), let first = text.utf8.first, first > 0x20, !text.hasSuffix("\n\n") else { return false }
        return text.unicodeScalars.allSatisfy {
            $0 == "\n" || ($0.properties.generalCategory != .control && $0 != "\u{2028}" && $0 != "\u{2029}" && $0 != "\u{FEFF}")
        }
    }

    /// Plain where no reader can take it for anything else, in double quotes, as JSON has them, where one might.
    private static func scalar(_ text: String) -> String {
        isPlain(text) ? text : String(decoding: ObjectValue.text(text).json, as: UTF8.self)
    }

    private static let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"]

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count < 1000 else { return false }
        // What begins with a digit, or with a dot and one, may be a number, a time or a date.
        let second = text.utf8.dropFirst().first ?? 0
        let isDotted = first == UInt8(ascii: ".") && TextFormat.isLetterOrDigit(second) && !TextFormat.isDigit(second) && text.utf8.count > 5
        guard TextFormat.isLetterOrDigit(first) && !TextFormat.isDigit(first) || first == UInt8(ascii: "/") || isDotted else { return false }
        guard last != UInt8(ascii: ":"), last != 0x20, !words.contains(text.lowercased()) else { return false }
        var before: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "#"), before == 0x20 { return false }
            if before == UInt8(ascii: ":"), byte == 0x20 { return false }
            guard byte >= 0x20, byte < 0x7F else { return false }
            before = byte
        }
        return true
    }
}
