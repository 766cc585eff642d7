/// Names and values as the query of a URL and the body of a form have them.
package enum FormText {
    /// In their order, as they came. A name without `=` has an empty value.
    package static func pairs(_ text: some Collection<UInt8>) -> [(name: [UInt8], value: [UInt8])] {
        text.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true).map { pair in
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            return (Array(pair[..<equals]), Array(pair[equals...].dropFirst()))
        }
    }

    /// What a name or value means. An escape that is none stays as it is, and is told of.
    package static func decoded(_ text: [UInt8]) -> (bytes: [UInt8], hasBrokenEscape: Bool) {
        var plain: [UInt8] = []
        plain.reserveCapacity(text.count)
        var isBroken = false
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): plain.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2).compactMap(nibble)
                if digits.count == 2 {
                    plain.append(digits[0] << 4 | digits[1])
                    rest = rest.dropFirst(2)
                } else {
                    isBroken = true
                    plain.append(byte)
                }
            default: plain.append(byte)
            }
        }
        return (plain, isBroken)
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
