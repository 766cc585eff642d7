/// What stands behind the `?` of a request, as forms write it.
enum QueryText {
    /// More is nobody's choice in a browser, and costs many times its length here.
    static let mostParameters = 4096

    static func count(_ text: String) -> Int { text.isEmpty ? 0 : text.utf8.count { $0 == UInt8(ascii: "&") } + 1 }

    /// Names and values in their order. An escape that is none stays as it is, and a text with an escaped NUL as a whole: whoever reads it as a C
    /// string would see its beginning only.
    static func pairs(_ text: String) -> [(name: String, value: String)] {
        text.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true).map { pair in
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let value = equals.map { pair[pair.index(after: $0)...] }
            return (decoded(pair[..<(equals ?? pair.endIndex)]), value.map(decoded) ?? "")
        }
    }

    private static func decoded(_ text: Substring.UTF8View) -> String {
        var plain: [UInt8] = []
        plain.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): plain.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2).compactMap(nibble)
                if digits.count == 2 {
                    guard digits != [0, 0] else {
                        return String(decoding: text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
                    }
                    plain.append(digits[0] << 4 | digits[1])
                    rest = rest.dropFirst(2)
                } else {
                    plain.append(byte)
                }
            default: plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
