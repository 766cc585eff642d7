/// A size as Kubernetes writes it: `4Gi`, `512Mi`, `1.5G`, `1e9`, or a number of bytes.
package enum Quantity {
    /// RE2, of the texts alone.
    package static let pattern = "^[0-9]+([.][0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?$"

    /// Whole bytes, rounded up; nil for what is no size, or more than a whole number can say.
    package static func bytes(_ value: ObjectValue?) -> Int64? {
        switch value {
        case .whole(let whole): whole >= 0 ? whole : nil
        case .text(let text): bytes(text)
        default: nil
        }
    }

    /// Whole MiB, rounded up.
    package static func mebibytes(_ value: ObjectValue?) -> Int? { bytes(value).map { Int(($0 >> 20) + ($0 & 0xF_FFFF == 0 ? 0 : 1)) } }

    /// The largest unit that it is a whole number of: `4Gi`.
    package static func text(ofBytes bytes: Int64) -> String {
        for (index, unit) in ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"].enumerated() {
            let size = Int64(1) << Int64(10 * (6 - index))
            if bytes >= size, bytes % size == 0 { return "\(bytes / size)\(unit)" }
        }
        return String(bytes)
    }

    private static func bytes(_ text: String) -> Int64? {
        var rest = Substring(text).utf8
        // Eighteen digits times the largest unit are less than an Int128 has room for.
        var (digits, mantissa, fraction) = (0, Int128(0), 0)
        func take() -> Int {
            var taken = 0
            while let byte = rest.first, TextFormat.isDigit(byte) {
                if digits <= 18 { mantissa = mantissa * 10 + Int128(byte - 0x30) }
                if mantissa > 0 { digits += 1 }
                taken += 1
                rest = rest.dropFirst()
            }
            return taken
        }
        guard take() > 0 else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = take()
            guard fraction > 0 else { return nil }
        }
        guard digits <= 18, fraction <= 18, let unit = unit(String(Substring(rest))) else { return nil }
        var (above, below) = (mantissa * unit.factor, unit.divisor)
        for _ in 0..<fraction { below *= 10 }
        above = (above + below - 1) / below
        return Int64(exactly: above)
    }

    private static func unit(_ text: String) -> (factor: Int128, divisor: Int128)? {
        if text.isEmpty { return (1, 1) }
        if text == "m" { return (1, 1000) }
        if let power = ["k", "M", "G", "T", "P", "E"].firstIndex(of: text) { return (tenTo(3 * (power + 1)), 1) }
        if let power = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].firstIndex(of: text) { return (Int128(1) << Int128(10 * (power + 1)), 1) }
        guard let mark = text.utf8.first, mark | 0x20 == UInt8(ascii: "e") else { return nil }
        let digits = text.utf8.dropFirst()
        guard (1...2).contains(digits.count), digits.allSatisfy(TextFormat.isDigit), let power = Int(String(text.dropFirst())), power <= 18
        else { return nil }
        return (tenTo(power), 1)
    }

    private static func tenTo(_ power: Int) -> Int128 { (0..<power).reduce(1) { product, _ in product * 10 } }
}
