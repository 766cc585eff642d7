/// A point in time in a zone of a fixed distance from UTC, for `now-1M/d` and for dates as text.
package struct LocalTime: Sendable {
    /// Days since 1970-01-01 and milliseconds of the day, there.
    private var day: Int
    private var ofDay: Int
    private let offset: Int
    private static let dayLength = 86_400_000

    /// `milliseconds` since 1970, from year 0 to 9999 or so; what is further away is brought there.
    package init(milliseconds: Int, offsetSeconds: Int = 0) {
        offset = max(-86_400, min(offsetSeconds, 86_400)) * 1000
        let there = max(-62_000_000_000_000, min(milliseconds, 253_402_300_799_000)) + offset
        day = Int((Double(there) / Double(Self.dayLength)).rounded(.down))
        ofDay = there - day * Self.dayLength
    }

    package var milliseconds: Int { day * Self.dayLength + ofDay - offset }

    /// Years that begin in March end with the day that some lack.
    package var date: (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthOfYear = (5 * ofYear + 2) / 153
        let month = monthOfYear < 10 ? monthOfYear + 3 : monthOfYear - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * monthOfYear + 2) / 5 + 1)
    }

    package var time: (hour: Int, minute: Int, second: Int) { (ofDay / 3_600_000, ofDay / 60_000 % 60, ofDay / 1000 % 60) }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    /// Moves by a count of Grafana's units; false for a unit that there is not, or for a place outside the calendar.
    package mutating func move(by count: Int, _ unit: Character) -> Bool {
        guard count.magnitude <= 1_000_000_000 else { return false }
        let moved: Int
        switch unit {
        case "s": moved = count * 1000
        case "m": moved = count * 60_000
        case "h": moved = count * 3_600_000
        case "d": moved = count * Self.dayLength
        case "w": moved = count * 7 * Self.dayLength
        case "M": return moveMonths(count)
        case "Q": return moveMonths(count * 3)
        case "y": return moveMonths(count * 12)
        default: return false
        }
        let there = milliseconds + moved
        guard (-62_000_000_000_000...253_402_300_799_000).contains(there) else { return false }
        self = LocalTime(milliseconds: there, offsetSeconds: offset / 1000)
        return true
    }

    private mutating func moveMonths(_ count: Int) -> Bool {
        guard count.magnitude <= 120_000 else { return false }
        let (year, month, dayOfMonth) = date
        let months = year * 12 + month - 1 + count
        let (newYear, newMonth) = (months / 12, months % 12 + 1)
        guard months >= 0, newYear <= 9999 else { return false }
        let first = Self.days(newYear, newMonth, 1)
        let next = newMonth == 12 ? Self.days(newYear + 1, 1, 1) : Self.days(newYear, newMonth + 1, 1)
        day = first + min(dayOfMonth, next - first) - 1
        return true
    }

    /// Goes to the first millisecond of the unit that it is in, or to the last. Weeks begin on Monday.
    package mutating func round(to unit: Character, up: Bool) -> Bool {
        let (year, month, _) = date
        switch unit {
        case "s": ofDay -= ofDay % 1000
        case "m": ofDay -= ofDay % 60_000
        case "h": ofDay -= ofDay % 3_600_000
        case "d": ofDay = 0
        case "w": (day, ofDay) = (day - ((day + 3) % 7 + 7) % 7, 0)
        case "M": (day, ofDay) = (Self.days(year, month, 1), 0)
        case "Q": (day, ofDay) = (Self.days(year, (month - 1) / 3 * 3 + 1, 1), 0)
        case "y": (day, ofDay) = (Self.days(year, 1, 1), 0)
        default: return false
        }
        guard up else { return true }
        guard move(by: 1, unit) else { return false }
        self = LocalTime(milliseconds: milliseconds - 1, offsetSeconds: offset / 1000)
        return true
    }

    /// `2026-11-20T10:00:00.000Z` of UTC, as `${__from:date}` is written.
    package var isoText: String {
        let (year, month, day) = date
        let (hour, minute, second) = time
        let zone = offset == 0 ? "Z" : "\(offset < 0 ? "-" : "+")\(padded(abs(offset) / 3_600_000)):\(padded(abs(offset) / 60_000 % 60))"
        return
            "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(padded(hour)):\(padded(minute)):\(padded(second)).\(padded(ofDay % 1000, 3))\(zone)"
    }

    /// Text of a pattern of moment's letters: YYYY YY MM M DD D HH H mm m ss s SSS.
    package func text(pattern: String) -> String {
        let (year, month, day) = date
        let (hour, minute, second) = time
        var text = ""
        var rest = pattern.prefix(100)
        while let first = rest.first {
            let run = String(rest.prefix { $0 == first })
            rest = rest.dropFirst(run.count)
            switch run {
            case "YYYY": text += padded(year, 4)
            case "YY": text += padded(year % 100)
            case "MM": text += padded(month)
            case "M": text += "\(month)"
            case "DD": text += padded(day)
            case "D": text += "\(day)"
            case "HH": text += padded(hour)
            case "H": text += "\(hour)"
            case "mm": text += padded(minute)
            case "m": text += "\(minute)"
            case "ss": text += padded(second)
            case "s": text += "\(second)"
            case "SSS": text += padded(ofDay % 1000, 3)
            default: text += run
            }
        }
        return text
    }

    private func padded(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
