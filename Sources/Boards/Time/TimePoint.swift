import Primitives

/// Points in time as Grafana's URLs have them: `now`, `now-6h`, `now/d`, `now-1d/d`, milliseconds since 1970, `2026-11-20 10:00:00`.
package enum TimePoint {
    /// Milliseconds since 1970, or nil. `isEnd` rounds `/d` up to the last millisecond of the day.
    package static func milliseconds(_ text: String, now: Int, offsetSeconds: Int = 0, isEnd: Bool) -> Int? {
        guard text.utf8.count <= 64 else { return nil }
        guard text.hasPrefix("now") else { return absolute(text) }
        var time = LocalTime(milliseconds: now, offsetSeconds: offsetSeconds)
        var rest = text.dropFirst(3)
        while let sign = rest.first {
            rest = rest.dropFirst()
            if sign == "/" {
                guard let unit = rest.first else { return nil }
                rest = rest.dropFirst()
                guard time.round(to: unit, up: isEnd) else { return nil }
            } else {
                guard sign == "-" || sign == "+" else { return nil }
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                rest = rest.dropFirst(digits.count)
                guard digits.count <= 9, let count = digits.isEmpty ? 1 : Int(digits), let unit = rest.first else { return nil }
                rest = rest.dropFirst()
                guard time.move(by: sign == "-" ? -count : count, unit) else { return nil }
            }
        }
        return inBounds(time.milliseconds)
    }

    /// Whether a text is a point in time at all.
    static func isReadable(_ text: String) -> Bool { milliseconds(text, now: 1_700_000_000_000, isEnd: false) != nil }

    private static func absolute(_ text: String) -> Int? {
        if let number = Int(text) { return inBounds(number) }
        var plain = text
        if plain.hasSuffix("Z") { plain.removeLast() }
        if let dot = plain.firstIndex(of: ".") { plain = String(plain[..<dot]) }
        guard let time = CivilTime(parsing: String(plain.map { $0 == "T" ? " " : $0 })) else { return nil }
        return inBounds(Int(time.unixSeconds) * 1000)
    }

    private static func inBounds(_ milliseconds: Int) -> Int? { (0...253_402_300_799_000).contains(milliseconds) ? milliseconds : nil }
}
