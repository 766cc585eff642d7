import Primitives

/// Makes readable what simdjson refuses although its meaning is plain, or although it costs one value only.
///
/// Each step goes over the bytes once, so that a repair costs a few times what reading costs, whatever the bytes are.
enum JSONRepair {
    /// The bytes with what can be mended, mended; equal to `bytes` when that is nothing.
    static func mended(_ bytes: [UInt8]) -> [UInt8] {
        var mended = repairedUTF8(bytes) ?? bytes
        replaceLoneSurrogates(in: &mended)
        return withFittingNumbers(mended)
    }

    /// Lone surrogate escapes (`\ud800`) become `\ufffd`, in place.
    private static func replaceLoneSurrogates(in bytes: inout [UInt8]) {
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
            if (0xD800..<0xE000).contains(unit) {
                for (offset, letter) in "fffd".utf8.enumerated() { bytes[index + 2 + offset] = letter }
            }
            index += 6
        }
    }

    /// The code unit of a `\uXXXX` escape at `index`, if there is one.
    private static func escapedUnit(_ bytes: [UInt8], at index: Int) -> UInt16? {
        guard index + 5 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else { return nil }
        return UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }

    // MARK: numbers

    /// What writers that know no null put where they have no number; Perl's and Python's among them.
    private static let wordsForNoNumber: Set<String> = [
        "NaN", "nan", "-NaN", "-nan", "Inf", "inf", "-Inf", "-inf", "Infinity", "-Infinity",
    ]

    /// Whole numbers past 64 bits are given an exponent of 0, with which simdjson reads them as a Double. What is past any Double becomes
    /// null, and so does a word that says that there is no number.
    private static func withFittingNumbers(_ bytes: [UInt8]) -> [UInt8] {
        var mended: [UInt8] = []
        mended.reserveCapacity(bytes.count + 64)
        var index = 0
        while index < bytes.count {
            let start = index
            if bytes[index] == UInt8(ascii: "\"") {
                index = endOfText(bytes, from: index)
                mended += bytes[start..<index]
                continue
            }
            while index < bytes.count, isWordByte(bytes[index]) { index += 1 }
            if index == start {
                mended.append(bytes[index])
                index += 1
            } else {
                append(word: bytes[start..<index], to: &mended)
            }
        }
        return mended
    }

    /// Behind the quote that ends the text which begins at `start`.
    private static func endOfText(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(index + 1, bytes.count)
    }

    /// Whether the byte can be part of a number or of a word such as `true`.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func append(word: ArraySlice<UInt8>, to mended: inout [UInt8]) {
        let isAbsent: Bool
        switch numberKind(word) {
        case nil:
            isAbsent = word.count <= 9 && wordsForNoNumber.contains(String(decoding: word, as: UTF8.self))
        case .whole? where word.count <= 18:
            isAbsent = false
        case let kind?:
            let text = String(decoding: word, as: UTF8.self)
            isAbsent = Double(text)?.isFinite != true
            if !isAbsent, kind == .whole, Int64(text) == nil, UInt64(text) == nil {
                mended += word
                mended.append(utf8: "e0" as StaticString)
                return
            }
        }
        if isAbsent { mended.append(utf8: "null" as StaticString) } else { mended += word }
    }

    private enum NumberKind { case whole, fractional }

    /// What kind of number the word is, or nil when JSON knows no such number.
    private static func numberKind(_ word: ArraySlice<UInt8>) -> NumberKind? {
        var rest = word
        func skipDigits() -> Int {
            let before = rest.count
            while let first = rest.first, (0x30...0x39).contains(first) { rest.removeFirst() }
            return before - rest.count
        }
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let leading = rest.first
        let digits = skipDigits()
        guard digits > 0, digits == 1 || leading != UInt8(ascii: "0") else { return nil }
        if rest.isEmpty { return .whole }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard skipDigits() > 0 else { return nil }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            guard skipDigits() > 0 else { return nil }
        }
        return rest.isEmpty ? .fractional : nil
    }
}
