/// The end of a line; also what a parser sees past the end of the text.
let lineFeed = UInt8(ascii: "\n")

extension UInt8 {
    /// `[0-9]`.
    @inline(__always)
    var isDigit: Bool { self &- 0x30 < 10 }

    /// `[a-zA-Z_]`.
    @inline(__always)
    var isNameStart: Bool { (self | 0x20) &- 0x61 < 26 || self == UInt8(ascii: "_") }

    /// A space or tab: what separates tokens in the text format.
    @inline(__always)
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension Span<UInt8> {
    func spells(_ range: TextRange, _ word: String) -> Bool {
        guard range.count == word.utf8.count else { return false }
        var position = range.start
        for byte in word.utf8 {
            if self[position] != byte { return false }
            position += 1
        }
        return true
    }

    /// Whether the same bytes stand in two places.
    @inline(__always)
    func isEqual(_ first: TextRange, _ second: TextRange) -> Bool {
        first.count == second.count && hasPrefix(first, second)
    }

    /// Whether the bytes of the second place begin the first.
    @inline(__always)
    func hasPrefix(_ whole: TextRange, _ prefix: TextRange) -> Bool {
        guard prefix.count <= whole.count else { return false }
        for offset in 0..<prefix.count where self[whole.start + offset] != self[prefix.start + offset] { return false }
        return true
    }

    /// Whether the bytes of a range are UTF-8: no overlong form, no surrogate, nothing past U+10FFFF.
    func isUTF8(_ range: TextRange) -> Bool {
        var position = range.start
        while position < range.end {
            let lead = self[position]
            position += 1
            if lead < 0x80 { continue }
            let followers: Int
            var bounds: ClosedRange<UInt8> = 0x80...0xBF
            switch lead {
            case 0xC2...0xDF: followers = 1
            case 0xE0: (followers, bounds) = (2, 0xA0...0xBF)
            case 0xED: (followers, bounds) = (2, 0x80...0x9F)
            case 0xE1...0xEF: followers = 2
            case 0xF0: (followers, bounds) = (3, 0x90...0xBF)
            case 0xF4: (followers, bounds) = (3, 0x80...0x8F)
            case 0xF1...0xF3: followers = 3
            default: return false
            }
            guard range.end - position >= followers else { return false }
            for _ in 0..<followers {
                guard bounds.contains(self[position]) else { return false }
                bounds = 0x80...0xBF
                position += 1
            }
        }
        return true
    }
}

/// A place in the text.
struct TextRange: Sendable {
    var start = 0
    var end = 0
    var hasEscapes = false

    @inline(__always)
    var count: Int { end - start }
}

struct LabelRange: Sendable {
    var name: TextRange
    var value: TextRange
}
