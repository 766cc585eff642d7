import Glibc

/// The time of day, as something a test can set.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Double

    package init(_ read: @escaping @Sendable () -> Double) { self.read = read }

    /// Seconds since 1970-01-01 UTC.
    package var unixSeconds: Double { read() }

    package static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    package static func fixed(_ unixSeconds: Double) -> WallClock { WallClock { unixSeconds } }
}

/// `unixSeconds` as RFC 3339 in UTC with milliseconds, kept within the years 1 to 9999: `2026-11-21T03:04:05.678Z`.
package func timestampText(_ unixSeconds: Double) -> String {
    let milliseconds = Int64((unixSeconds * 1000).rounded(.down).clamped(to: -62_135_596_800_000...253_402_300_799_999))
    // Rounded down, so that a moment before 1970 keeps a positive fraction.
    let fraction = (milliseconds % 1000 + 1000) % 1000
    var seconds = time_t((milliseconds - fraction) / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [(Int64(parts.tm_year) + 1900, 4), (Int64(parts.tm_mon) + 1, 2), (Int64(parts.tm_mday), 2)]
    let time = [(Int64(parts.tm_hour), 2), (Int64(parts.tm_min), 2), (Int64(parts.tm_sec), 2)]
    return date.map(padded).joined(separator: "-") + "T" + time.map(padded).joined(separator: ":") + "."
        + padded(fraction, 3) + "Z"
}

extension Comparable {
    /// The nearest value of the range; its lower bound for what compares with nothing (NaN).
    package func clamped(to range: ClosedRange<Self>) -> Self { min(max(range.lowerBound, self), range.upperBound) }
}
