/// Reads the media ranges of an `Accept` field one by one (RFC 9110, 5.6 and 12.5.1). What is not written as the grammar has it is no
/// range and is passed over.
struct AcceptReader {
    /// One range. Its words are in lower case; parameters that no format of ours has do not tell formats apart and are left out.
    struct Range {
        var type = ""
        var subtype = ""
        var version: String?
        var escaping: String?
        /// In thousandths.
        var weight = 1000
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ field: String) { bytes = Array(field.utf8) }

    /// The next range, or nil when there is none any more.
    mutating func next() -> Range? {
        while position < bytes.count {
            let range = element()
            let isWhole = range != nil && (position == bytes.count || bytes[position] == UInt8(ascii: ","))
            passElement()
            if isWhole { return range }
        }
        return nil
    }

    /// A range with its parameters, as far as it is one; the position is then behind it and the spaces that follow.
    private mutating func element() -> Range? {
        passSpaces()
        var range = Range()
        guard let type = token(), take("/"), let subtype = token() else { return nil }
        (range.type, range.subtype) = (type, subtype)
        var weight: Int?
        passSpaces()
        while take(";") {
            passSpaces()
            // The grammar lets a parameter be missing between two semicolons.
            guard let name = token() else { continue }
            guard take("="), let value = quotedString() ?? token() else { return nil }
            switch name {
            case "q" where weight == nil:
                weight = Self.weight(value)
                guard weight != nil else { return nil }
            case "version" where range.version == nil: range.version = value
            case "escaping" where range.escaping == nil: range.escaping = value
            case "q", "version", "escaping": return nil
            default: break
            }
            passSpaces()
        }
        range.weight = weight ?? range.weight
        return range
    }

    /// `0`, `0.5`, `1.000`: at most three digits behind the point, and nothing above 1.
    private static func weight(_ text: String) -> Int? {
        var digits = Array(text.utf8)[...]
        guard let whole = digits.popFirst(), whole == 0x30 || whole == 0x31 else { return nil }
        if let point = digits.popFirst(), point != UInt8(ascii: ".") || digits.count > 3 { return nil }
        var thousandths = 0
        var scale = 100
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            thousandths += Int(digit - 0x30) * scale
            scale /= 10
        }
        if whole == 0x31 { return thousandths == 0 ? 1000 : nil }
        return thousandths
    }

    private mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: letter) else { return false }
        position += 1
        return true
    }

    private mutating func passSpaces() {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") { position += 1 }
    }

    /// To behind the comma that ends the element; commas in quoted strings do not.
    private mutating func passElement() {
        var isQuoted = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "\\") where isQuoted: position += 1
            case UInt8(ascii: ",") where !isQuoted: return
            default: break
            }
        }
        position = min(position, bytes.count)
    }

    private mutating func token() -> String? {
        let start = position
        while position < bytes.count, Self.isTokenLetter(bytes[position]) { position += 1 }
        return start == position ? nil : Self.lowercased(bytes[start..<position])
    }

    private mutating func quotedString() -> String? {
        let start = position
        guard take("\"") else { return nil }
        var value: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return Self.lowercased(value[...])
            case UInt8(ascii: "\\") where position < bytes.count:
                value.append(bytes[position])
                position += 1
            default: value.append(byte)
            }
        }
        position = start
        return nil
    }

    private static func isTokenLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.lazy.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
    }
}
