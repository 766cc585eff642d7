package import Primitives

extension LabelSelector {
    /// Reads the query parameter `labelSelector`: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. An empty text chooses everything.
    ///
    /// Errors: `malformed`, with the requirement that is none.
    package init(parsing text: String) throws(Failure) {
        self.init()
        for part in try Self.parts(of: text) { requirements.append(try Self.requirement(part)) }
    }

    /// As the query parameter has it.
    package var text: String {
        requirements.map { requirement in
            switch requirement {
            case .isOneOf(let key, let values):
                if let value = values.first, values.count == 1 {
                    "\(key)=\(value)"
                } else {
                    "\(key) in (\(values.sorted().joined(separator: ",")))"
                }
            case .isNoneOf(let key, let values):
                if let value = values.first, values.count == 1 {
                    "\(key)!=\(value)"
                } else {
                    "\(key) notin (\(values.sorted().joined(separator: ",")))"
                }
            case .exists(let key): key
            case .existsNot(let key): "!\(key)"
            }
        }.joined(separator: ",")
    }

    /// What stands between commas that are in no parentheses.
    private static func parts(of text: String) throws(Failure) -> [String] {
        guard text.utf8.count <= 16_384 else { throw Failure(.malformed, "the label selector is longer than 16384 bytes; shorten it") }
        var (parts, part, isInside) = ([String](), [UInt8](), false)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: ")"):
                guard isInside == (byte == UInt8(ascii: ")")) else { throw refusal(text, "its parentheses do not match") }
                isInside.toggle()
                part.append(byte)
            case UInt8(ascii: ",") where !isInside:
                parts.append(String(decoding: part, as: UTF8.self))
                part = []
            default: part.append(byte)
            }
        }
        guard !isInside else { throw refusal(text, "its parentheses do not match") }
        parts.append(String(decoding: part, as: UTF8.self))
        if parts.count == 1, trimmed(parts[0]).isEmpty { return [] }
        guard parts.count <= 200 else { throw Failure(.malformed, "the label selector has more than 200 requirements; shorten it") }
        return parts
    }

    private static func requirement(_ part: String) throws(Failure) -> Requirement {
        let text = trimmed(part)
        if text.hasPrefix("!") { return .existsNot(try key(trimmed(String(text.dropFirst())), part)) }
        if text.hasSuffix(")") {
            let sides = text.dropLast().split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let words = (sides.first ?? "").split(separator: " ").map(String.init)
            guard sides.count == 2, words.count == 2 else { throw refusal(part, "") }
            let name = try key(words[0], part)
            var values: Set<String> = []
            for value in sides[1].split(separator: ",", omittingEmptySubsequences: false) {
                values.insert(try Self.value(trimmed(String(value)), part))
            }
            switch words[1] {
            case "in": return .isOneOf(name, values)
            case "notin": return .isNoneOf(name, values)
            default: throw refusal(part, "")
            }
        }
        guard let mark = text.utf8.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "!") }) else {
            return .exists(try key(text, part))
        }
        let name = try key(trimmed(String(text[..<mark])), part)
        let rest = String(text[mark...])
        for sign in ["==", "!=", "="] where rest.hasPrefix(sign) {
            let value = try value(trimmed(String(rest.dropFirst(sign.count))), part)
            return sign == "!=" ? .isNoneOf(name, [value]) : .isOneOf(name, [value])
        }
        throw refusal(part, "")
    }

    /// A label's name: `app`, `example.org/app`.
    private static func key(_ text: String, _ part: String) throws(Failure) -> String {
        let pieces = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let name = pieces.last, pieces.count <= 2, !name.isEmpty, isLabelText(name),
            pieces.count == 1 || TextFormat.subdomain.accepts(pieces[0])
        else { throw refusal(part, "\"\(text)\" is no label's name") }
        return text
    }

    private static func value(_ text: String, _ part: String) throws(Failure) -> String {
        guard isLabelText(text) else { throw refusal(part, "\"\(text)\" is no label's value") }
        return text
    }

    /// Empty, or letters, digits and in between `-_.`.
    private static func isLabelText(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        return text.utf8.count <= 63 && TextFormat.isLetterOrDigit(first) && TextFormat.isLetterOrDigit(last)
            && TextFormat.consists(text, of: "-_.")
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func refusal(_ part: String, _ reason: String) -> Failure {
        Failure(
            .malformed,
            "the label selector has \"\(part)\"\(reason.isEmpty ? "" : ", where \(reason)"); write a=b, a!=b, a in (b,c), a notin (b,c), a or !a"
        )
    }
}
