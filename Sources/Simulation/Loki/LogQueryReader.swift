import Primitives

/// Reads words, signs and texts of a query.
struct LogQueryReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        skip()
    }

    var isAtEnd: Bool { place >= bytes.count }
    /// From 1.
    var column: Int { place + 1 }

    private mutating func skip() {
        while place < bytes.count, bytes[place] <= 0x20 { place += 1 }
    }

    /// The word that stands here, if one does.
    func peekWord() -> String? {
        var end = place
        while end < bytes.count, Self.isLetter(bytes[end]) { end += 1 }
        return end > place ? String(decoding: bytes[place..<end], as: UTF8.self) : nil
    }

    mutating func take(oneOf signs: [String]) -> String? {
        for sign in signs where bytes[place...].starts(with: sign.utf8) {
            place += sign.utf8.count
            skip()
            return sign
        }
        return nil
    }

    mutating func takeWord(_ word: String) -> Bool {
        guard peekWord() == word else { return false }
        place += word.utf8.count
        skip()
        return true
    }

    mutating func expect(_ sign: String) throws(Failure) {
        guard take(oneOf: [sign]) != nil else { throw Failure(.malformed, "parse error at column \(column): expected \(sign)") }
    }

    mutating func name() throws(Failure) -> String {
        guard let word = peekWord() else { throw Failure(.malformed, "parse error at column \(column): expected the name of a label") }
        place += word.utf8.count
        skip()
        return word
    }

    /// A text in quotes, with escapes, or in backquotes, as it stands.
    mutating func text() throws(Failure) -> String {
        let start = column
        guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "`") else {
            throw Failure(.malformed, "parse error at column \(start): expected a text in quotes")
        }
        let quote = bytes[place]
        var content: [UInt8] = []
        place += 1
        while place < bytes.count, bytes[place] != quote {
            if bytes[place] == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), place + 1 < bytes.count {
                place += 1
                switch bytes[place] {
                case UInt8(ascii: "n"): content.append(0x0A)
                case UInt8(ascii: "t"): content.append(0x09)
                case UInt8(ascii: "r"): content.append(0x0D)
                case let byte where byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\""): content.append(byte)
                // As Loki's own: a backslash that escapes nothing is an error there.
                default:
                    throw Failure(.malformed, "parse error at column \(column): invalid char escape; a pattern in backquotes needs none")
                }
            } else {
                content.append(bytes[place])
            }
            place += 1
        }
        guard place < bytes.count else { throw Failure(.malformed, "parse error at column \(start): the text has no end") }
        place += 1
        skip()
        return String(decoding: content, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }
}
