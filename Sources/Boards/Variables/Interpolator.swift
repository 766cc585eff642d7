/// Puts values in the place of variables and macros.
package struct Interpolator: Sendable {
    /// What the text is, which says how a value without a format is written.
    package enum Style: Sendable {
        /// A query: within quotes escaped, as patterns where several values may be chosen.
        case query
        /// Words for people.
        case words
        /// A text of a panel, several values with commas.
        case content
        /// An address.
        case address
        /// As it is: data sources, minimum steps.
        case plain
    }

    package var values: [String: VariableValue] = [:] { didSet { inQueries = [:] } }
    package var macros: Macros
    /// Values as queries have them, by the quotes that they stand in: most are needed again in the next panel.
    private var inQueries: [QuotedName: String] = [:]
    /// Bytes that may still be written, over all texts together.
    private(set) var left: Int
    private static let textLimit = 512 << 10

    package init(values: [String: VariableValue], macros: Macros, limit: Int = 32 << 20) {
        self.values = values
        self.macros = macros
        left = limit
    }

    package var isExhausted: Bool { left <= 0 }

    /// Counts what is written beside the values that are put in.
    mutating func spend(_ bytes: Int) { left -= bytes }

    /// Lowers what may be written still.
    mutating func limit(to bytes: Int) { left = min(left, bytes) }

    /// The text with what is known put in; what is not known stays as it stands. Past the limits nothing is put in any more.
    package mutating func text(_ source: String, _ style: Style) -> String {
        guard source.utf8.contains(UInt8(ascii: "$")) || source.utf8.contains(UInt8(ascii: "[")) else { return source }
        var quote = Quote()
        var bytes: [UInt8] = []
        for part in Template(source).parts {
            switch part {
            case .literal(let literal):
                if style == .query { quote.read(literal) }
                bytes += literal
            case .reference(let reference):
                guard left > 0, bytes.count < Self.textLimit, let text = text(of: reference, style, quote) else {
                    bytes += reference.source
                    continue
                }
                left -= text.writtenBytes + 16
                if left > 0, bytes.count + text.utf8.count <= Self.textLimit { bytes += text.utf8 } else { left = 0 }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func text(of reference: Template.Reference, _ style: Style, _ quote: Quote) -> String? {
        guard let value = values[reference.name] else { return macros.text(reference.name, path: reference.path, format: reference.format) }
        if value.isAll, let allValue = value.allValue, !["text", "queryparam"].contains(reference.format), style != .words,
            style != .address
        {
            guard allValue.contains(where: { $0 == "$" || $0 == "[" }) else {
                return allValue
            }
            // The All of the board's maker stands as it was written; other variables in it are put in, but not theirs.
            var inner = self
            for (name, other) in values where other.isAll && other.allValue != nil { inner.values[name]?.allValue = "" }
            inner.values[reference.name] = nil
            let text = inner.text(allValue, style)
            left = min(left, inner.left)
            return text
        }
        if let format = reference.format, !format.isEmpty {
            left -= value.values.count
            return format.hasPrefix("date") ? value.formatted("glob") : value.formatted(format)
        }
        left -= value.values.count
        switch style {
        case .query:
            let name = QuotedName(name: reference.name, mark: quote.mark)
            if let known = inQueries[name] { return known }
            let text = quote.text(value)
            inQueries[name] = text
            return text
        case .words: return value.formatted("text")
        case .content: return value.formatted("html")
        case .address: return value.isAll ? VariableValue.percentEncoded(BoardVariable.all) : value.formatted("percentencode")
        case .plain: return value.formatted("csv")
        }
    }

    private struct QuotedName: Hashable {
        let name: String
        let mark: UInt8?
    }

    /// Where in a query one is: within which quotes, if any.
    private struct Quote {
        private(set) var mark: UInt8?
        private var isEscaped = false
        private var isComment = false

        mutating func read(_ bytes: ArraySlice<UInt8>) {
            for byte in bytes {
                if isComment {
                    isComment = byte != UInt8(ascii: "\n")
                } else if isEscaped {
                    isEscaped = false
                } else if let open = mark {
                    if byte == UInt8(ascii: "\\"), open != UInt8(ascii: "`") { isEscaped = true } else if byte == open { mark = nil }
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
                    mark = byte
                } else if byte == UInt8(ascii: "#") {
                    isComment = true
                }
            }
        }

        /// A value as a query has it here.
        func text(_ value: VariableValue) -> String {
            guard let mark else {
                return value.values.count < 2 ? value.values.first ?? "" : "(" + value.values.joined(separator: "|") + ")"
            }
            if !value.isList { return escaped(value.values.joined(separator: ","), mark) }
            let patterns = value.values.map { escaped(VariableValue.escapedForPattern($0), mark) }
            return patterns.count == 1 ? patterns[0] : "(" + patterns.joined(separator: "|") + ")"
        }

        /// The text so that it cannot end the quotes; within backticks nothing can be escaped, so what would end them goes.
        private func escaped(_ text: String, _ mark: UInt8) -> String {
            var bytes: [UInt8] = []
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "`") where mark == byte: continue
                case mark: bytes += [UInt8(ascii: "\\"), byte]
                case UInt8(ascii: "\\") where mark != UInt8(ascii: "`"): bytes += [UInt8(ascii: "\\"), byte]
                case UInt8(ascii: "\n") where mark != UInt8(ascii: "`"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
                default: bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
