import Objects

/// What a scalar without quotes is, as sigs.k8s.io/yaml, kubectl's reader, has it (go-yaml 2, which follows YAML 1.1).
///
/// - null: nothing, `~`, `null`, `Null`, `NULL`
/// - true and false: `true`, `yes`, `on` and `false`, `no`, `off`, also with a capital letter and in capitals; `y` and `n` are texts
/// - whole numbers: `12`, `-7`, `+3`, `0x1F`, `0o17`, `017` (octal), `0b101`, `1_000`
/// - numbers: `1.5`, `.5`, `1e3`
/// - all else is text, dates and times among it. So are `.inf` and `.nan`, which JSON cannot say.
enum YAMLScalar {
    static func value(ofPlain text: String) -> ObjectValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .flag(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .flag(false)
        default: break
        }
        guard let first = text.utf8.first, first == 0x2B || first == 0x2D || first == 0x2E || (0x30...0x39).contains(first) else {
            return .text(text)
        }
        let digits = text.filter { $0 != "_" }
        if let whole = whole(digits) { return .whole(whole) }
        return number(digits).map { .number($0) } ?? .text(text)
    }

    private static func whole(_ text: String) -> Int64? {
        var digits = text[...]
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        var radix = 10
        for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            radix = base
            digits = digits.dropFirst(2)
        }
        if radix == 10, digits.utf8.count > 1, digits.first == "0" {
            radix = 8
            digits = digits.dropFirst()
        }
        guard let first = digits.utf8.first, first != 0x2B, first != 0x2D else { return nil }
        return Int64((isNegative ? "-" : "") + digits, radix: radix)
    }

    /// Digits, a point, an exponent; none of the words that Swift takes too.
    private static func number(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.contains(where: { (0x30...0x39).contains($0) }),
            bytes.allSatisfy({ (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) })
        else { return nil }
        guard let number = Double(text), number.isFinite else { return nil }
        return number
    }
}
