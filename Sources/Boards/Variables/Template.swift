/// A text with references to variables: `$name`, `${name}`, `${name.field:format}`, `[[name:format]]`.
struct Template {
    enum Part {
        case literal(ArraySlice<UInt8>)
        case reference(Reference)
    }

    struct Reference {
        let name: String
        /// `labels.node` of `${__field.labels.node}`.
        let path: String
        /// nil when none is given.
        let format: String?
        /// As it stands in the text.
        let source: ArraySlice<UInt8>
    }

    private(set) var parts: [Part] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var literal = 0
        var place = 0
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "$") || bytes[place] == UInt8(ascii: "["), let found = Self.reference(in: bytes, at: place)
            else {
                place += 1
                continue
            }
            if literal < place { parts.append(.literal(bytes[literal..<place])) }
            parts.append(.reference(found))
            place = found.source.endIndex
            literal = place
        }
        if literal < bytes.count { parts.append(.literal(bytes[literal...])) }
    }

    /// The names that a text refers to.
    static func names(in text: String) -> Set<String> {
        var names: Set<String> = []
        for case .reference(let reference) in Template(text).parts { names.insert(reference.name) }
        return names
    }

    private static func reference(in bytes: [UInt8], at start: Int) -> Reference? {
        func word(from start: Int) -> Int {
            var end = start
            while end < bytes.count, isWord(bytes[end]) { end += 1 }
            return end
        }
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        let next = start + 1 < bytes.count ? bytes[start + 1] : 0
        if bytes[start] == UInt8(ascii: "[") {
            guard next == UInt8(ascii: "[") else { return nil }
            let name = word(from: start + 2)
            var end = name
            var format: String?
            if end < bytes.count, bytes[end] == UInt8(ascii: ":") {
                end = word(from: end + 1)
                format = text(name + 1..<end)
            }
            guard name > start + 2, end + 1 < bytes.count, bytes[end] == UInt8(ascii: "]"), bytes[end + 1] == UInt8(ascii: "]") else {
                return nil
            }
            return Reference(name: text(start + 2..<name), path: "", format: format, source: bytes[start..<end + 2])
        }
        guard next == UInt8(ascii: "{") else {
            let end = word(from: start + 1)
            return end > start + 1 ? Reference(name: text(start + 1..<end), path: "", format: nil, source: bytes[start..<end]) : nil
        }
        let name = word(from: start + 2)
        guard name > start + 2, let close = bytes[name...].prefix(1_000).firstIndex(of: UInt8(ascii: "}")) else { return nil }
        var (path, format): (String, String?) = ("", nil)
        var rest = name
        if bytes[rest] == UInt8(ascii: ".") {
            let end = bytes[rest..<close].firstIndex(of: UInt8(ascii: ":")) ?? close
            path = text(rest + 1..<end)
            rest = end
        }
        if bytes[rest] == UInt8(ascii: ":") {
            format = text(rest + 1..<close)
            rest = close
        }
        guard rest == close else { return nil }
        return Reference(name: text(start + 2..<name), path: path, format: format, source: bytes[start...close])
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
        default: false
        }
    }
}
