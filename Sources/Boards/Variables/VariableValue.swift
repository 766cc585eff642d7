import Primitives

/// What stands for a variable in a text.
package struct VariableValue: Sendable {
    package var name: String
    package var values: [String]
    package var texts: [String]
    /// Whether several may be chosen, so that queries compare it as a pattern.
    package var isList: Bool
    package var isAll = false
    /// What stands for All instead of the values.
    package var allValue: String?

    package init(name: String, values: [String], texts: [String], isList: Bool) {
        self.name = name
        self.values = values
        self.texts = texts
        self.isList = isList
    }

    package init(_ resolved: ResolvedVariable) {
        name = resolved.variable.name
        isList = resolved.variable.isMulti || resolved.variable.includesAll
        if resolved.isAll {
            let options = resolved.options.filter { $0.value != BoardVariable.all }
            (values, texts, isAll) = (options.map(\.value), ["All"], true)
            allValue = resolved.variable.allValue
        } else {
            values = resolved.current
            let texts = Dictionary(resolved.options.map { ($0.value, $0.text) }) { first, _ in first }
            self.texts = resolved.current.map { texts[$0] ?? $0 }
        }
    }

    /// The value in one of Grafana's formats (`csv`, `pipe`, `regex`, …); `glob` for one that there is not.
    package func formatted(_ format: String) -> String {
        let (format, argument) = Self.split(format)
        switch format {
        case "raw", "csv": return values.joined(separator: ",")
        case "join": return values.joined(separator: argument.isEmpty ? "," : argument)
        case "pipe": return values.joined(separator: "|")
        case "regex":
            let escaped = values.map(Self.escapedForPattern)
            return escaped.count == 1 ? escaped[0] : "(" + escaped.joined(separator: "|") + ")"
        case "text": return texts.joined(separator: " + ")
        case "html": return values.joined(separator: ", ")
        case "distributed":
            return values.enumerated().map { $0.offset == 0 ? $0.element : "\(name)=\($0.element)" }.joined(separator: ",")
        case "doublequote": return values.map { "\"" + Self.escaped($0, "\"", with: "\\") + "\"" }.joined(separator: ",")
        case "singlequote": return values.map { "'" + Self.escaped($0, "'", with: "\\") + "'" }.joined(separator: ",")
        case "sqlstring": return values.map { "'" + Self.escaped($0, "'", with: "'") + "'" }.joined(separator: ",")
        case "json": return json
        case "lucene": return lucene
        case "percentencode", "uriencode": return Self.percentEncoded(values.joined(separator: ","))
        case "queryparam", "customqueryparam": return queryParameters()
        default: return values.count == 1 ? values[0] : "{" + values.joined(separator: ",") + "}"
        }
    }

    private static func split(_ format: String) -> (String, String) {
        guard let colon = format.firstIndex(of: ":") else { return (format.lowercased(), "") }
        return (format[..<colon].lowercased(), String(format[format.index(after: colon)...]))
    }

    /// `var-node=pve1&var-node=pve2`, as links carry it.
    package func queryParameters() -> String {
        let key = "var-" + Self.percentEncoded(name) + "="
        return (isAll ? [BoardVariable.all] : values).map { key + Self.percentEncoded($0) }.joined(separator: "&")
    }

    private var json: String {
        func quoted(_ text: String) -> String {
            var bytes: [UInt8] = []
            bytes.append(quoted: text)
            return String(decoding: bytes, as: UTF8.self)
        }
        return values.count == 1 && !isList ? quoted(values[0]) : "[" + values.map(quoted).joined(separator: ",") + "]"
    }

    private var lucene: String {
        let special = Set("+-=&|><!(){}[]^\"~*?:\\/ ")
        if values.count == 1, !isList { return values[0].map { special.contains($0) ? "\\\($0)" : "\($0)" }.joined() }
        return "("
            + values.map { "\"" + Self.escaped(Self.escaped($0, "\\", with: "\\"), "\"", with: "\\") + "\"" }.joined(separator: " OR ")
            + ")"
    }

    private static func escaped(_ text: String, _ letter: Character, with sign: Character) -> String {
        text.contains(letter) ? text.map { $0 == letter ? "\(sign)\($0)" : "\($0)" }.joined() : text
    }

    /// The text with what a pattern of RE2 takes for more than a letter escaped.
    package static func escapedForPattern(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if patternSigns.contains(byte) { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let patternSigns = Set("\\.+*?()|[]{}^$".utf8)

    /// The text as a part of a URL.
    package static func percentEncoded(_ text: String) -> String {
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
