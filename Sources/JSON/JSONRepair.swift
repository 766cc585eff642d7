import Primitives

/// Makes readable what simdjson refuses although its meaning is plain.
enum JSONRepair {
    /// The bytes with what can be mended, mended; equal to `bytes` when that is nothing.
    static func mended(_ bytes: [UInt8]) -> [UInt8] { withShortNumbers(withWholeText(bytes)) }

    /// Whole numbers past 64 bits, which simdjson refuses, given an exponent of 0, with which it reads them as a Double.
    private static func withShortNumbers(_ bytes: [UInt8]) -> [UInt8] {
        var mended: [UInt8] = []
        mended.reserveCapacity(bytes.count + 64)
        var isInText = false
        var isEscaped = false
        var number = 0  // where the number that goes on here began in `mended`
        func isTooLong() -> Bool {
            guard mended.count - number > 18 else { return false }
            let digits = mended[number...]
            let unsigned = digits.first == UInt8(ascii: "-") ? digits.dropFirst() : digits
            guard unsigned.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
            let text = String(decoding: digits, as: UTF8.self)
            return Int64(text) == nil && UInt64(text) == nil
        }
        for byte in bytes {
            switch byte {
            case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                mended.append(byte)
                if !isInText { continue }
            default:
                if !isInText, isTooLong() { mended += [UInt8(ascii: "e"), UInt8(ascii: "0")] }
                mended.append(byte)
            }
            if byte == UInt8(ascii: "\""), !isEscaped { isInText.toggle() }
            isEscaped = isInText && byte == UInt8(ascii: "\\") && !isEscaped
            number = mended.count
        }
        if !isInText, isTooLong() { mended += [UInt8(ascii: "e"), UInt8(ascii: "0")] }
        return mended
    }

    /// Bytes outside UTF-8 and lone surrogate escapes (`\ud800`) replaced by U+FFFD.
    private static func withWholeText(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = repairedUTF8(bytes) ?? bytes
        var index = 0
        while index + 5 < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            guard let unit = escapedUnit(bytes, at: index) else {
                index += 2
                continue
            }
            let follows = escapedUnit(bytes, at: index + 6)
            if (0xD800..<0xDC00).contains(unit), let follows, (0xDC00..<0xE000).contains(follows) {
                index += 12
                continue
            }
            if (0xD800..<0xE000).contains(unit) { bytes.replaceSubrange(index + 2..<index + 6, with: Array("fffd".utf8)) }
            index += 6
        }
        return bytes
    }

    /// The code unit of a `\uXXXX` escape at `index`, if there is one.
    private static func escapedUnit(_ bytes: [UInt8], at index: Int) -> UInt16? {
        guard index + 5 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else { return nil }
        return UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
