import Objects
import Primitives

/// When a schedule falls due.
struct CronSchedule: Sendable {
    private enum Rule: Sendable {
        case every(seconds: Double, from: Double)
        case fields(Fields)
    }

    private struct Fields: Sendable {
        /// Sorted.
        let minutes, hours: [Int]
        let days, months, weekdays: Set<Int>
        /// When both are limited, one of them is enough, as in every cron.
        let isEither: Bool

        func has(_ date: CivilDay) -> Bool {
            guard months.contains(date.month) else { return false }
            let (day, weekday) = (days.contains(date.day), weekdays.contains(date.weekday))
            return isEither ? day || weekday : day && weekday
        }
    }

    private static let names = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]
    /// The 29th of February is eight years away where a century lies between.
    private static let days = 366 * 9

    private let rule: Rule
    private let zone: ScheduleZone

    /// - Parameters:
    ///   - text: valid by `CronText`.
    ///   - zone: `UTC`, an offset, or a name of the system's zone files.
    ///   - anchor: from where `@every` counts.
    ///
    /// Errors: begin with the member of the schedule that is meant.
    static func make(_ text: String, zone name: String, anchor: Double, now: Double) -> Result<CronSchedule, Failure> {
        let zone: ScheduleZone
        switch ScheduleZone.named(name, now: now) {
        case .success(let value): zone = value
        case .failure(let problem): return .failure(problem)
        }
        if text.hasPrefix("@every "), let seconds = DurationText.seconds(String(text.dropFirst(7))), seconds >= 1 {
            // Times are written in whole seconds.
            return .success(CronSchedule(rule: .every(seconds: seconds.rounded(), from: anchor.rounded()), zone: zone))
        }
        let parts = (names[text] ?? text).split(separator: " ").map(String.init)
        let values = parts.enumerated().compactMap { CronText.values(of: $1, $0) }
        guard parts.count == 5, values.count == 5 else { return .failure(Failure(.malformed, "cronSpec: is no schedule: \(text)")) }
        func isLimited(_ index: Int) -> Bool { !parts[index].hasPrefix("*") && !parts[index].hasPrefix("?") }
        let fields = Fields(
            minutes: values[0].sorted(), hours: values[1].sorted(), days: values[2], months: values[3], weekdays: values[4],
            isEither: isLimited(2) && isLimited(4))
        return .success(CronSchedule(rule: .fields(fields), zone: zone))
    }

    /// The first time after one; nil for what never falls due.
    func next(after time: Double) -> Double? {
        switch rule {
        case .every(let seconds, let from): return from + (((time - from) / seconds).rounded(.down) + 1) * seconds
        case .fields(let fields):
            // A day before, as the clock may have been set back since.
            let first = zone.day(time) - 1
            for day in first...(first + Self.days) where fields.has(CivilDay(day)) {
                for hour in fields.hours {
                    for minute in fields.minutes {
                        let due = zone.unixSeconds(day: day, hour: hour, minute: minute)
                        if due > time { return due }
                    }
                }
            }
            return nil
        }
    }

    /// The last time that is not after one.
    func last(by time: Double) -> Double? {
        switch rule {
        case .every(let seconds, let from): return from + ((time - from) / seconds).rounded(.down) * seconds
        case .fields(let fields):
            let last = zone.day(time) + 1
            for day in ((last - Self.days)...last).reversed() where fields.has(CivilDay(day)) {
                for hour in fields.hours.reversed() {
                    for minute in fields.minutes.reversed() {
                        let due = zone.unixSeconds(day: day, hour: hour, minute: minute)
                        if due <= time { return due }
                    }
                }
            }
            return nil
        }
    }

    func contains(_ time: Double) -> Bool { next(after: time - 1) == time }
}

/// A day of the calendar.
struct CivilDay {
    /// 1 to 12.
    let month: Int
    let day: Int
    /// 0 is Sunday.
    let weekday: Int

    /// - Parameter days: since 1970-01-01.
    init(_ days: Int) {
        // Years that begin in March end with the day that some lack.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let place = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * place + 2) / 5 + 1
        month = place < 10 ? place + 3 : place - 9
        weekday = ((days + 4) % 7 + 7) % 7
    }
}
