import Objects
import Primitives

/// Writes YAML in block style. What a reader could take for another type is quoted.
struct YAMLWriter {
    private(set) var text = ""

    mutating func write(_ value: ObjectValue) {
        switch value {
        case .members(let members) where !members.isEmpty: write(members, depth: 0)
        case .list(let list) where !list.isEmpty: write(list, depth: 0)
        default: text += "\(scalar(value, depth: 0))\n"
        }
    }

    private mutating func write(_ members: ObjectMembers, depth: Int, isBegun: Bool = false) {
        var isBegun = isBegun
        let first = ["apiVersion", "kind", "metadata"].filter { depth == 0 && members[$0] != nil }
        for name in first + members.names.filter({ !first.contains($0) }) {
            guard let value = members[name] else { continue }
            if !isBegun { indent(depth) }
            isBegun = false
            text += "\(quotedIfNeeded(name)):"
            switch value {
            case .members(let inner) where !inner.isEmpty:
                text += "\n"
                write(inner, depth: depth + 1)
            case .list(let list) where !list.isEmpty:
                text += "\n"
                write(list, depth: depth)
            default: text += " \(scalar(value, depth: depth + 1))\n"
            }
        }
    }

    private mutating func write(_ list: [ObjectValue], depth: Int, isBegun: Bool = false) {
        var isBegun = isBegun
        for element in list {
            if !isBegun { indent(depth) }
            isBegun = false
            text += "- "
            switch element {
            case .members(let members) where !members.isEmpty: write(members, depth: depth + 1, isBegun: true)
            case .list(let inner) where !inner.isEmpty: write(inner, depth: depth + 1, isBegun: true)
            default: text += "\(scalar(element, depth: depth + 1))\n"
            }
        }
    }

    private mutating func indent(_ depth: Int) { text += String(repeating: "  ", count: depth) }

    private func scalar(_ value: ObjectValue, depth: Int) -> String {
        switch value {
        case .text(let text): block(text, depth: depth) ?? quotedIfNeeded(text)
        case .members: "{}"
        case .list: "[]"
        default: String(decoding: value.json, as: UTF8.self)
        }
    }

    /// Several lines as a literal; nil for a text that cannot be one.
    private func block(_ text: String, depth: Int) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let space = UInt8(ascii: " ")
        guard lines.count > 1, let first = lines.first, !first.isEmpty, first.utf8.first != space, !text.hasSuffix("\n\n"), text != "\n",
            text.unicodeScalars.allSatisfy({ $0 == "\n" || $0 == "\t" || Self.isPrintable($0) }),
            !lines.contains(where: { $0.utf8.last == space || $0.utf8.last == UInt8(ascii: "\t") })
        else { return nil }
        let endsWithLine = text.hasSuffix("\n")
        let margin = String(repeating: "  ", count: max(depth, 1))
        let body = (endsWithLine ? lines.dropLast() : lines[...]).map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
        return "|\(endsWithLine ? "" : "-")\n\(body)"
    }

    private func quotedIfNeeded(_ text: String) -> String {
        guard case .text = YAMLScalar.value(ofPlain: text), Self.isPlain(text) else {
            return Self.quoted(text)
        }
        return text
    }

    /// JSON's quotes are YAML's, but for what YAML takes for the end of a line or does not take, and what a terminal obeys.
    private static func quoted(_ text: String) -> String {
        var quoted = ""
        for letter in String(decoding: ObjectValue.text(text).json, as: UTF8.self).unicodeScalars {
            switch letter.value {
            case 0x7F...0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
                let digits = String(letter.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            // YAML knows no pairs.
            case _ where TerminalText.isObeyed(letter):
                let digits = String(letter.value, radix: 16)
                quoted +=
                    letter.value > 0xFFFF
                    ? "\\U" + String(repeating: "0", count: 8 - digits.count) + digits : TerminalText.escape(letter)
            default: quoted.unicodeScalars.append(letter)
            }
        }
        return quoted
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last, last != ":", last != " ", first != " " else {
            return false
        }
        guard
            !"-?:,[]{}#&*!|>'\"%@`=<".unicodeScalars.contains(first)
                || first == "-" && text.utf8.count > 1 && !text.utf8.starts(with: "- ".utf8) && !text.utf8.starts(with: "---".utf8)
        else { return false }
        // The end of a document, where it stands at the beginning of a line.
        guard !text.utf8.starts(with: "...".utf8) else { return false }
        // Words that other readers take for a truth value, and dates for a time.
        guard !["y", "n", "Y", "N"].contains(text), !looksLikeDate(text) else { return false }
        // By bytes, as a space may be one letter with the mark behind it.
        let bytes = Array(text.utf8)
        let ends = zip(bytes, bytes.dropFirst()).contains { pair in
            pair == (UInt8(ascii: ":"), UInt8(ascii: " ")) || pair == (UInt8(ascii: " "), UInt8(ascii: "#"))
        }
        return !ends && text.unicodeScalars.allSatisfy(isPrintable)
    }

    private static func looksLikeDate(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(5))
        return bytes.count == 5 && bytes[4] == UInt8(ascii: "-") && bytes[..<4].allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isPrintable(_ letter: Unicode.Scalar) -> Bool {
        letter.value >= 0x20 && letter.value != 0x7F && !(0x80...0xA0).contains(letter.value) && letter.value != 0x2028
            && letter.value != 0x2029
            && letter.value != 0xFEFF && letter.value != 0xFFFE && letter.value != 0xFFFF && !TerminalText.isObeyed(letter)
    }
}
