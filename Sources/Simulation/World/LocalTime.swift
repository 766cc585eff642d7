import Primitives

/// The time of day where the simulated nodes stand. They know no summer time, so that logs can be checked in every season.
struct LocalTime: Sendable {
    /// As `timedatectl` names the zone.
    static let zone = "Etc/GMT-1"
    /// Ahead of UTC.
    static let offsetSeconds = 3600
    static let daySeconds = 86_400

    /// Seconds since 1970 as a clock on the wall would count them.
    let seconds: Int

    init(unixSeconds: Int) { seconds = unixSeconds + Self.offsetSeconds }

    /// Days since 1970.
    var day: Int { seconds >= 0 ? seconds / Self.daySeconds : (seconds - Self.daySeconds + 1) / Self.daySeconds }

    /// 0 for Sunday.
    var weekday: Int { Self.weekday(ofDay: day) }

    /// The unix time of a moment of a day.
    static func unixSeconds(day: Int, second: Int) -> Int { day * daySeconds + second - offsetSeconds }

    /// 0 for Sunday. 1970 began on a Thursday.
    static func weekday(ofDay day: Int) -> Int { ((day + 4) % 7 + 7) % 7 }

    /// `2026-11-20 02:30:01`
    var text: String {
        let iso = timestampText(Double(seconds))
        return "\(iso.prefix(10)) \(iso.dropFirst(11).prefix(8))"
    }

    /// `2026_11_20-02_30_01`, as in the names of backup archives.
    var fileText: String {
        String(decoding: text.utf8.map { $0 == 0x20 ? 0x2D : (0x30...0x39).contains($0) ? $0 : 0x5F }, as: UTF8.self)
    }

    /// `Sun Nov 15 00:24:01 2026`, as C writes it. A day below 10 has a space before it.
    var longText: String {
        let iso = timestampText(Double(seconds))
        let month = Int(iso.dropFirst(5).prefix(2)) ?? 1
        let date = Int(iso.dropFirst(8).prefix(2)) ?? 1
        return "\(Self.weekdays[weekday]) \(Self.months[(month - 1) % 12]) \(date < 10 ? " " : "")\(date) \(iso.dropFirst(11).prefix(8)) "
            + iso.prefix(4)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}

/// `01:23:45`
func clockText(_ seconds: Int) -> String {
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
}
