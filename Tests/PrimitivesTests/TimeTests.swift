import Primitives
import Testing

@Suite("Time")
struct TimeTests {
    static let moments: [(Double, String)] = [
        (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:01.000Z"), (0.001, "1970-01-01T00:00:00.001Z"),
        (0.9999, "1970-01-01T00:00:00.999Z"), (951_782_400, "2000-02-29T00:00:00.000Z"), (1_795_226_645.678, "2026-11-21T02:04:05.678Z"),
        (4_102_444_799.999, "2099-12-31T23:59:59.999Z"), (253_402_300_799, "9999-12-31T23:59:59.000Z"),
        (-1, "1969-12-31T23:59:59.000Z"), (-0.001, "1969-12-31T23:59:59.999Z"), (-0.5, "1969-12-31T23:59:59.500Z"),
        (-86_400.25, "1969-12-30T23:59:59.750Z"), (-62_135_596_800, "0001-01-01T00:00:00.000Z"),
    ]

    @Test("Moments as RFC 3339, those before 1970 too", arguments: moments)
    func timestamp(_ seconds: Double, _ expected: String) { #expect(timestampText(seconds) == expected) }

    @Test("A time that is none is still text", arguments: [Double.nan, .signalingNaN, .infinity, -.infinity, 1e308, -1e308])
    func absurdTimestamp(_ seconds: Double) { #expect(timestampText(seconds).utf8.count == 24) }

    @Test("A fixed clock stands, the system's goes")
    func clocks() {
        #expect(WallClock.fixed(12.5).unixSeconds == 12.5)
        let first = WallClock.system.unixSeconds
        #expect(first > 1_700_000_000)
        #expect(WallClock.system.unixSeconds >= first)
    }

    @Test("A deadline of any number is a deadline", arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e300, 1e18, -1, 0])
    func absurdDeadline(_ seconds: Double) {
        let deadline = Deadline.after(seconds: seconds)
        #expect(deadline.hasPassed == !(seconds > 0))
        #expect(deadline.remainingSeconds >= 0)
        #expect(deadline.remainingSeconds <= 1e9)
        #expect(deadline.earlier(bySeconds: seconds).remainingSeconds >= 0)
    }

    @Test("Earlier is earlier")
    func earlier() {
        let now = ContinuousClock.now
        let deadline = Deadline(now.advanced(by: .seconds(100)))
        #expect(deadline.earlier(bySeconds: 40).instant == now.advanced(by: .seconds(60)))
        #expect(deadline.earlier(bySeconds: 40) < deadline)
        #expect(!deadline.hasPassed)
        #expect((99...100).contains(deadline.remainingSeconds))
        #expect(Deadline(now.advanced(by: .seconds(-1))).hasPassed)
        #expect(Deadline(now.advanced(by: .seconds(-1))).remainingSeconds == 0)
    }

    static let durations: [(Duration, Double)] = [
        (.zero, 0), (.seconds(3), 3), (.milliseconds(1500), 1.5), (.microseconds(-250), -0.00025), (.nanoseconds(1), 1e-9),
    ]

    @Test("Durations in seconds", arguments: durations)
    func duration(_ duration: Duration, _ expected: Double) { #expect(abs(duration.seconds - expected) < 1e-12) }

    static let ranges: [(Double, Double)] = [(-1, 0), (0, 0), (0.5, 0.5), (1, 1), (2, 1), (.infinity, 1), (-.infinity, 0), (.nan, 0)]

    @Test("Clamping takes any number", arguments: ranges)
    func clamping(_ value: Double, _ expected: Double) { #expect(value.clamped(to: 0...1) == expected) }
}
