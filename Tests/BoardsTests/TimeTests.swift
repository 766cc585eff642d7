import Boards
import Testing

@Suite("Times and steps")
struct TimeTests {
    /// Milliseconds, and what Grafana rounds them to.
    static let rounded: [(Double, Double)] = [
        (1, 1), (9, 1), (10, 10), (14, 10), (30, 20), (45, 50), (99, 100), (154, 200), (500, 500), (1_234, 1_000), (3_600, 5_000),
        (7_499, 5_000), (12_000, 10_000), (15_000, 15_000), (20_000, 20_000), (28_800, 30_000), (45_000, 60_000), (150_000, 120_000),
        (300_000, 300_000), (500_000, 600_000), (900_000, 900_000), (1_200_000, 1_200_000), (1_800_000, 1_800_000), (3_600_000, 3_600_000),
        (7_000_000, 7_200_000), (10_000_000, 10_800_000), (20_000_000, 21_600_000), (40_000_000, 43_200_000), (86_400_000, 86_400_000),
        (700_000_000, 604_800_000), (2_000_000_000, 2_592_000_000), (4_000_000_000, 31_536_000_000),
    ]

    @Test("Intervals are rounded to what people count in", arguments: rounded)
    func rounding(_ milliseconds: Double, _ expected: Double) { #expect(Interval.rounded(milliseconds: milliseconds) == expected) }

    @Test("$__rate_interval holds four scrapes, and more when the step is larger")
    func rate() {
        #expect(Interval.rate(step: 30_000, scrape: 30_000) == 120_000)
        #expect(Interval.rate(step: 15_000, scrape: 15_000) == 60_000)
        #expect(Interval.rate(step: 300_000, scrape: 30_000) == 330_000)
    }

    @Test(
        "No step asks for more points than Prometheus gives", arguments: [1.0, 1e3, 1e6, 1e9, 1e11, 2.5e14], [1, 100, 11_000, 1_000_000])
    func points(_ range: Double, _ points: Int) {
        let step = Interval.step(range: range, points: points, minimum: 1, factor: 1)
        #expect(range / step <= 10_990.001)
        #expect(step >= 1)
    }

    static let spans: [(String, Double?)] = [
        ("30s", 30_000), ("1m", 60_000), ("1m30s", 90_000), ("500ms", 500), ("1h", 3_600_000), ("1d", 86_400_000), ("1w", 604_800_000),
        ("1M", 2_592_000_000),
        (">10s", 10_000), ("15", 15_000), ("0.5s", 500), ("", nil), ("s", nil), ("5x", nil), ("-5s", nil), ("1e9y", nil),
        ("99999999y", nil), ("$__rate_interval", nil),
    ]

    @Test("Spans of time are read as they are written", arguments: spans)
    func span(_ text: String, _ expected: Double?) { #expect(Span.milliseconds(text) == expected) }

    @Test(
        "Spans are written as Prometheus reads them",
        arguments: [(30_000.0, "30s"), (60_000, "1m"), (150_000, "2m30s"), (500, "500ms"), (86_400_000, "1d"), (0, "0s"), (1e300, "0s")])
    func text(_ milliseconds: Double, _ expected: String) { #expect(Span.text(milliseconds: milliseconds) == expected) }

    /// Wednesday, 2026-11-18 11:20:30.400 UTC.
    private static let now = 1_795_000_830_400

    static let moments: [(String, Bool, String?)] = [
        ("now", false, "2026-11-18T11:20:30.400Z"), ("now-6h", false, "2026-11-18T05:20:30.400Z"),
        ("now/d", false, "2026-11-18T00:00:00.000Z"),
        ("now/d", true, "2026-11-18T23:59:59.999Z"), ("now-1d/d", false, "2026-11-17T00:00:00.000Z"),
        ("now-1d/d", true, "2026-11-17T23:59:59.999Z"),
        ("now/w", false, "2026-11-16T00:00:00.000Z"), ("now-1M/M", false, "2026-10-01T00:00:00.000Z"),
        ("now/M", true, "2026-11-30T23:59:59.999Z"),
        ("now-1y/y", false, "2025-01-01T00:00:00.000Z"), ("now/Q", false, "2026-10-01T00:00:00.000Z"),
        ("now-9M", false, "2026-02-18T11:20:30.400Z"), ("now+1h", false, "2026-11-18T12:20:30.400Z"),
        ("1700000000000", false, "2023-11-14T22:13:20.000Z"), ("2026-11-20 10:00:00", false, "2026-11-20T10:00:00.000Z"),
        ("2026-11-20T10:00:00.000Z", false, "2026-11-20T10:00:00.000Z"),
        ("then", false, nil), ("now-", false, nil), ("now-6", false, nil), ("now/x", false, nil), ("now-99999999999h", false, nil),
        ("now-999999999y", false, nil), ("-1", false, nil), ("", false, nil),
        ("now-999999999w", false, nil),
    ]

    @Test("Points in time as URLs have them", arguments: moments)
    func point(_ text: String, _ isEnd: Bool, _ expected: String?) {
        let milliseconds = TimePoint.milliseconds(text, now: Self.now, isEnd: isEnd)
        #expect(milliseconds.map { LocalTime(milliseconds: $0).isoText } == expected)
    }

    @Test("Days begin in the zone that is given")
    func zone() {
        let start = TimePoint.milliseconds("now/d", now: Self.now, offsetSeconds: 13 * 3600, isEnd: false)
        #expect(start.map { LocalTime(milliseconds: $0).isoText } == "2026-11-18T11:00:00.000Z")
    }

    @Test("The calendar is one's own inverse", arguments: [0, 951_782_400_000, 1_709_164_800_000, 4_107_542_400_000, 253_402_300_799_000])
    func calendar(_ milliseconds: Int) {
        let local = LocalTime(milliseconds: milliseconds)
        #expect(local.milliseconds == milliseconds)
        #expect(TimePoint.milliseconds(String(local.isoText), now: 0, isEnd: false) == milliseconds)
    }

    @Test("Ranges that are none are refused", arguments: [("now", "now"), ("now", "now-1h"), ("x", "now"), ("now-1h", "y")])
    func ranges(_ from: String, _ to: String) { #expect(BoardQuery(from: from, to: to, nowMilliseconds: Self.now) == nil) }
}
