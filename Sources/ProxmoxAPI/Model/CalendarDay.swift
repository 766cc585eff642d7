/// A day of the Gregorian calendar, as days since 1970-01-01.
struct CalendarDay: Sendable, Equatable {
    static let secondsPerDay = 86_400

    let daysSince1970: Int

    /// Nil for a day that no calendar has, and outside the years 1970 to 9999.
    init?(year: Int, month: Int, day: Int) {
        guard (1970...9999).contains(year), (1...12).contains(month) else { return nil }
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...lengths[month - 1]).contains(day) else { return nil }
        let past = year - 1
        // 719 162 days lie between the first day of the year 1 and 1970.
        let days = 365 * past + past / 4 - past / 100 + past / 400 - 719_162
        daysSince1970 = days + lengths[..<(month - 1)].reduce(0, +) + day - 1
    }

    /// Of `YYYY-MM-DD`.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.count) == [4, 2, 2], let year = parts[0].digits, let month = parts[1].digits,
            let day = parts[2].digits
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// When the day begins in UTC.
    var unixSeconds: Double { Double(daysSince1970 * Self.secondsPerDay) }
}

extension Collection<UInt8> {
    /// The number that the bytes are, when they are one to nine decimal digits and nothing else.
    var digits: Int? {
        guard (1...9).contains(count) else { return nil }
        var number = 0
        for byte in self {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}
