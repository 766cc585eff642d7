extension Span<UInt8> {
    /// The number that a range spells: what Go's ParseFloat takes, without underscores, hexadecimal and what does not fit a Double.
    func double(_ range: TextRange) -> Double? {
        guard range.count > 0 else { return nil }
        var position = range.start
        let isNegative = self[position] == UInt8(ascii: "-")
        let hasSign = isNegative || self[position] == UInt8(ascii: "+")
        if hasSign { position += 1 }
        guard position < range.end else { return nil }
        guard self[position].isDigit || self[position] == UInt8(ascii: ".") else {
            return word(TextRange(start: position, end: range.end), isNegative, hasSign: hasSign)
        }
        // Nineteen digits fit; what comes after them makes the number one for the slow way.
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        var hasDigits = false
        var hasPoint = false
        while position < range.end {
            let byte = self[position]
            if byte.isDigit {
                hasDigits = true
                if digits < 19 { mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30) }
                if mantissa != 0 { digits += 1 }
                if hasPoint { exponent -= 1 }
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            position += 1
        }
        guard hasDigits else { return nil }
        if position < range.end {
            guard self[position] | 0x20 == UInt8(ascii: "e"),
                let written = smallInteger(TextRange(start: position + 1, end: range.end))
            else { return nil }
            exponent += written
        }
        // One rounding, and so the right one: both are exact in a Double, or there is nothing to multiply with.
        if digits <= 19, exponent == 0 || mantissa <= 1 << 53, (-22...22).contains(exponent) {
            let scaled = exponent < 0 ? Double(mantissa) / powersOfTen[-exponent] : Double(mantissa) * powersOfTen[exponent]
            return isNegative ? -scaled : scaled
        }
        guard let value = Double(string(range)), value.isFinite else { return nil }
        return value
    }

    /// The whole number of 64 bits that a range spells in decimal digits, with or without a sign.
    func int64(_ range: TextRange) -> Int64? {
        guard range.count > 0 else { return nil }
        let isNegative = self[range.start] == UInt8(ascii: "-")
        var position = range.start
        if isNegative || self[position] == UInt8(ascii: "+") { position += 1 }
        guard position < range.end else { return nil }
        var value: Int64 = 0
        while position < range.end {
            guard self[position].isDigit else { return nil }
            let digit = Int64(self[position] &- 0x30)
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, alsoOverflowed) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflowed, !alsoOverflowed else { return nil }
            value = sum
            position += 1
        }
        return value
    }

    /// An exponent; one that is past every Double is some number past every Double.
    private func smallInteger(_ range: TextRange) -> Int? {
        var position = range.start
        let isNegative = position < range.end && self[position] == UInt8(ascii: "-")
        if isNegative || position < range.end && self[position] == UInt8(ascii: "+") { position += 1 }
        guard position < range.end else { return nil }
        var value = 0
        while position < range.end {
            guard self[position].isDigit else { return nil }
            value = min(value * 10 + Int(self[position] &- 0x30), 1 << 40)
            position += 1
        }
        return isNegative ? -value : value
    }

    /// `inf`, `infinity` and, without a sign, `nan`, in any case.
    private func word(_ range: TextRange, _ isNegative: Bool, hasSign: Bool) -> Double? {
        func spells(_ word: StaticString) -> Bool {
            guard range.count == word.utf8CodeUnitCount else { return false }
            for offset in 0..<range.count where self[range.start + offset] | 0x20 != word.utf8Start[offset] { return false }
            return true
        }
        if spells("inf") || spells("infinity") { return isNegative ? -.infinity : .infinity }
        return !hasSign && spells("nan") ? .nan : nil
    }

    func string(_ range: TextRange) -> String {
        extracting(range.start..<range.end).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

/// Those that a Double holds exactly.
private let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]
