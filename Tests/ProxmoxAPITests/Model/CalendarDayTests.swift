import Testing

@testable import ProxmoxAPI

@Suite struct CalendarDayTests {
    @Test(
        arguments: [
            ("1970-01-01", 0), ("1970-12-31", 364), ("1972-02-29", 789), ("2000-02-29", 11_016), ("2024-02-29", 19_782),
            ("2026-11-15", 20_772),
            ("2027-01-01", 20_819), ("2100-03-01", 47_541), ("9999-12-31", 2_932_896),
        ])
    func `days since 1970`(text: String, days: Int) {
        #expect(CalendarDay(text)?.daysSince1970 == days)
        #expect(CalendarDay(text)?.unixSeconds == Double(days) * 86_400)
    }

    @Test(arguments: [
        "", "2026", "2026-11", "2026-11-15-", "2026-11-15 ", "2026-11-1", "26-11-15", "2026-13-01", "2026-00-01", "2026-01-00",
        "2026-02-29", "2100-02-29",
        "2026-04-31", "0000-00-00", "0001-01-01", "1969-12-31", "10000-01-01", "+026-01-01", "2026-1a-01", "２０２６-01-01", "2026/11/15", "--",
        "----------",
    ])
    func `what is no day is none`(text: String) { #expect(CalendarDay(text) == nil) }
}
