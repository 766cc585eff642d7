/// A date and a time of day as people write them, without a time zone.
package struct CivilTime: Sendable, Equatable {
    /// As if it were UTC, in seconds since 1970.
    package let unixSeconds: Double

    /// nil for what no calendar has; years 1970 to 9999.
    package init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (1970...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year) else {
            return nil
        }
        // A leap second is 60.
        guard (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second) else { return nil }
        // Years that begin in March end with the day that some lack.
        let shifted = month > 2 ? year : year - 1
        let monthOfYear = month > 2 ? month - 3 : month + 9
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * monthOfYear + 2) / 5 + day - 1 - 719_468
        unixSeconds = Double(days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    /// Reads `2026-11-20`, or `2026-11-20 02:30:01`.
    package init?(parsing text: some StringProtocol) {
        let halves = text.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
        guard let date = halves.first.flatMap({ Self.numbers($0, UInt8(ascii: "-"), widths: [4, 2, 2]) }) else { return nil }
        guard halves.count == 2 else {
            self.init(year: date[0], month: date[1], day: date[2])
            return
        }
        guard let time = Self.numbers(halves[1], UInt8(ascii: ":"), widths: [2, 2, 2]) else { return nil }
        self.init(year: date[0], month: date[1], day: date[2], hour: time[0], minute: time[1], second: time[2])
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Three numbers of so many digits each.
    private static func numbers(_ bytes: some Collection<UInt8>, _ separator: UInt8, widths: [Int]) -> [Int]? {
        let parts = bytes.split(separator: separator, omittingEmptySubsequences: false)
        let numbers = parts.compactMap(\.decimalNumber)
        return numbers.count == parts.count && parts.map(\.count) == widths ? numbers : nil
    }
}

extension Collection<UInt8> {
    /// The number that the bytes are, when they are one to nine decimal digits and nothing else.
    package var decimalNumber: Int? {
        guard (1...9).contains(count) else { return nil }
        var number = 0
        for byte in self {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}
