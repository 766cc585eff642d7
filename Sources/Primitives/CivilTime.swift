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
        var bytes = text.utf8.makeIterator()
        let (dash, colon) = (UInt8(ascii: "-"), UInt8(ascii: ":"))
        guard let year = Self.number(of: 4, &bytes), bytes.next() == dash, let month = Self.number(of: 2, &bytes), bytes.next() == dash,
            let day = Self.number(of: 2, &bytes)
        else { return nil }
        guard let space = bytes.next() else {
            self.init(year: year, month: month, day: day)
            return
        }
        guard space == UInt8(ascii: " "), let hour = Self.number(of: 2, &bytes), bytes.next() == colon,
            let minute = Self.number(of: 2, &bytes), bytes.next() == colon, let second = Self.number(of: 2, &bytes), bytes.next() == nil
        else { return nil }
        self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The next so many bytes, which must be digits.
    private static func number(of digits: Int, _ bytes: inout some IteratorProtocol<UInt8>) -> Int? {
        var number = 0
        for _ in 0..<digits {
            guard let byte = bytes.next(), (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
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
