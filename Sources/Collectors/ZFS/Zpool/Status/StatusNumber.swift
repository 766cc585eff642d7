/// Numbers as `zpool` prints them for people: `1.23T`, `512K`, `0B`, `17`.
enum StatusNumber {
    private static let units: [Character: Double] = [
        "B": 1, "K": 0x1p10, "M": 0x1p20, "G": 0x1p30, "T": 0x1p40, "P": 0x1p50, "E": 0x1p60, "Z": 0x1p70,
    ]

    static func value(_ text: some StringProtocol) -> Double? {
        var digits = text[...]
        var factor = 1.0
        if let last = digits.last, let unit = units[last] {
            factor = unit
            digits = digits.dropLast()
        }
        return decimal(digits).map { $0 * factor }
    }

    static func decimal(_ text: some StringProtocol) -> Double? {
        guard (1...24).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else {
            return nil
        }
        return Double(text)
    }

    /// Seconds of `01:02:03`, `1 days 02:03:04` (the words before) or, before ZFS 0.8, `1h2m`.
    static func duration(_ words: [Substring]) -> Double? {
        var seconds = 0.0
        var words = words[...]
        if words.count > 1, words[words.startIndex + 1].hasPrefix("day") {
            guard let days = decimal(words[words.startIndex]) else { return nil }
            seconds = days * 86400
            words = words.dropFirst(2)
        }
        guard let clock = words.first else { return nil }
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 3 {
            for (part, size) in zip(parts, [3600.0, 60, 1]) {
                guard let count = decimal(part) else { return nil }
                seconds += count * size
            }
            return seconds
        }
        var digits = ""
        for letter in clock {
            if let size = ["d": 86400.0, "h": 3600, "m": 60, "s": 1][letter] {
                guard let count = decimal(digits) else { return nil }
                seconds += count * size
                digits = ""
            } else {
                digits.append(letter)
            }
        }
        return digits.isEmpty && !clock.isEmpty ? seconds : nil
    }
}
