import Primitives

/// A piece of an exposition, decoded when it is asked for.
package struct ExpositionSlice: Sendable {
    enum Escapes: Sendable {
        case none
        /// `\\`, `\"` and `\n`.
        case quoted
        /// `\\` and `\n`.
        case help
    }

    /// As it stands in the text, with its escapes and without quotation marks.
    package let bytes: ArraySlice<UInt8>
    let escapes: Escapes

    /// The text that is meant: escapes undone, what is not UTF-8 replaced by U+FFFD.
    package var text: String {
        escapes == .none ? String(decoding: bytes, as: UTF8.self) : String(decoding: unescaped, as: UTF8.self)
    }

    /// The number that it spells, as a value or the label `le` has it; nil for none.
    package var number: Double? { bytes.span.double(TextRange(start: 0, end: bytes.count)) }

    /// A backslash before any other letter stands for itself.
    private var unescaped: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                switch byte {
                case UInt8(ascii: "\\"): result.append(byte)
                case UInt8(ascii: "n"): result.append(0x0A)
                case UInt8(ascii: "\"") where escapes == .quoted: result.append(byte)
                default: result += [UInt8(ascii: "\\"), byte]
                }
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                result.append(byte)
            }
        }
        if isEscaped { result.append(UInt8(ascii: "\\")) }
        return result
    }

    /// Whether it is this very text. Nothing is decoded: `name` must not hold what would be escaped.
    package static func == (slice: ExpositionSlice, name: StaticString) -> Bool {
        let expected = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return slice.bytes.count == expected.count && slice.bytes.elementsEqual(expected)
    }
}
