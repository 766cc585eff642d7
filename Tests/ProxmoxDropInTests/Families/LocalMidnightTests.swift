import Glibc
import Testing

@testable import ProxmoxDropIn

/// The time zone belongs to the process, so these run one after the other and put it back.
@Suite(.serialized) struct LocalMidnightTests {
    private func inZone<Value>(_ zone: String?, _ body: () throws -> Value) rethrows -> Value {
        let before = getenv("TZ").map { String(cString: $0) }
        func set(_ zone: String?) {
            if let zone { setenv("TZ", zone, 1) } else { unsetenv("TZ") }
            tzset()
        }
        set(zone)
        defer { set(before) }
        return try body()
    }

    /// In POSIX notation, so that no table of zones need be there.
    @Test(
        arguments: [
            ("UTC0", "1970-01-01", 0), ("UTC0", "1969-12-31", -86_400), ("UTC0", "2026-11-05", 1_793_836_800),
            ("UTC0", "2000-02-29", 951_782_400),
            ("UTC0", "2038-01-20", 2_147_558_400), ("UTC0", "9999-12-31", 253_402_214_400), ("UTC0", "0001-01-01", -62_135_596_800),
            ("UTC0", "2026-1-5", 1_767_571_200), ("UTC0", "2026-01-5", 1_767_571_200),
            ("EST5", "2026-11-05", 1_793_836_800 + 5 * 3600), ("<+14>-14", "2026-11-05", 1_793_836_800 - 14 * 3600),
            ("<-12>12", "2026-11-05", 1_793_836_800 + 12 * 3600), ("<+0545>-5:45", "2026-11-05", 1_793_836_800 - 20_700),
            // Summer time: begins on 29 March at 2, ends on 25 October at 3.
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-28", 1_774_656_000 - 3600),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29", 1_774_742_400 - 3600),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-30", 1_774_828_800 - 7200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25", 1_792_886_400 - 7200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-26", 1_792_972_800 - 3600),
            // Summer time begins at midnight: the day begins at 1.
            ("<-03>3<-02>,M10.3.0/0,M2.3.0/0", "2026-10-18", 1_792_281_600 + 3 * 3600),
            ("<-03>3<-02>,M10.3.0/0,M2.3.0/0", "2026-10-17", 1_792_195_200 + 3 * 3600),
            ("<-03>3<-02>,M10.3.0/0,M2.3.0/0", "2026-10-19", 1_792_368_000 + 2 * 3600),
        ] as [(String, String, Double)])
    func `midnight of a zone`(zone: String, date: String, expected: Double) {
        #expect(inZone(zone) { localMidnight(date) } == expected)
    }

    @Test func `every day of a year, in zones of all kinds`() {
        for zone in [
            "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
            "<-03>3<-02>,M10.3.0/0,M2.3.0/0", "Nowhere/At all", "",
        ] {
            inZone(zone) {
                var last = -Double.infinity
                for month in 1...12 {
                    for day in 1...[31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] {
                        let date = "2026-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
                        let found = localMidnight(date)
                        #expect(found != nil, "\(zone) \(date)")
                        let step = (found ?? 0) - last
                        #expect(last < 0 || step >= 23 * 3600 - 1 && step <= 25 * 3600, "\(zone) \(date)")
                        last = found ?? 0
                    }
                }
            }
        }
    }

    @Test(arguments: [
        "", "-", "--", "---", "2026", "2026-11", "2026-11-05-", "2026-11-05-01", "-2026-11-05", "2026-11-05 ", " 2026-11-05",
        "2026-11-05\n", "2026-11-05\0",
        "2026-11-05 10:11:12", "2026-11-05T00:00:00Z", "05-11-2026", "26-11-05", "02026-11-05", "12026-11-05", "2026/11/05", "2026.11.05",
        "20261105",
        "2026-00-05", "2026-13-05", "2026-9999-05", "2026-11-00", "2026-11-31", "2026-02-29", "2026-02-30", "1900-02-29", "2026-11-9999",
        "2026-11-99999",
        "2026-+1-05", "2026--1-05", "2026-11-+5", "2026-1e0-05", "2026-0x1-05", "２０２６-11-05", "2026-１１-05", "2026–11–05", "today", "never",
        "0", "nan",
        "9999999999-01-01", "2026-11-05\u{301}", "2026-4294967307-05",
    ])
    func `what is no date has no midnight`(date: String) {
        for zone in ["UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<-03>3<-02>,M10.3.0/0,M2.3.0/0"] {
            #expect(inZone(zone) { localMidnight(date) } == nil)
        }
    }
}
