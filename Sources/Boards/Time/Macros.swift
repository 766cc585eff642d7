/// What Grafana puts in by itself: times, ranges and intervals.
package struct Macros: Sendable {
    /// In milliseconds.
    package var from: Int
    package var to: Int
    package var interval: Double
    package var rateInterval: Double
    package var offsetSeconds = 0
    package var zone = "browser"
    package var boardTitle = ""
    package var boardUID = ""
    /// Intervals of variables whose value is `auto`, by the variable's name.
    package var automatic: [String: Double] = [:]

    package init(from: Int, to: Int, interval: Double, rateInterval: Double) {
        self.from = from
        self.to = to
        self.interval = interval
        self.rateInterval = rateInterval
    }

    /// The text of a macro; nil for what is none of ours, and for what the page fills in (`__field`, `__data`, `__value`, `__series`).
    func text(_ name: String, path: String, format: String?) -> String? {
        switch name {
        case "__interval": return Span.text(milliseconds: interval)
        case "__interval_ms": return plainNumber(interval.rounded())
        case "__rate_interval": return Span.text(milliseconds: rateInterval)
        case "__rate_interval_ms": return plainNumber(rateInterval.rounded())
        case "__range": return "\((to - from + 500) / 1000)s"
        case "__range_s": return "\((to - from + 500) / 1000)"
        case "__range_ms": return "\(to - from)"
        case "__from": return time(from, format)
        case "__to": return time(to, format)
        case "__timezone": return zone
        case "__dashboard": return path == "uid" ? boardUID : boardTitle
        case "__org", "__user": return path == "name" || path == "login" ? "" : "1"
        default:
            guard name.hasPrefix("__auto_interval_"), let interval = automatic[String(name.dropFirst(16))] else { return nil }
            return Span.text(milliseconds: interval)
        }
    }

    private func time(_ milliseconds: Int, _ format: String?) -> String {
        guard let format, format.hasPrefix("date") else { return "\(milliseconds)" }
        let local = LocalTime(milliseconds: milliseconds, offsetSeconds: offsetSeconds)
        switch format.dropFirst(4) {
        case "", ":iso": return LocalTime(milliseconds: milliseconds).isoText
        case ":seconds": return "\(milliseconds / 1000)"
        case let pattern: return local.text(pattern: String(pattern.dropFirst()))
        }
    }
}
