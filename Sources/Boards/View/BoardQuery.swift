/// A data source that there is.
package struct DataSource: Sendable, Equatable {
    package var type: String
    package var name: String
    package var uid: String

    package init(type: String, name: String, uid: String) {
        self.type = type
        self.name = name
        self.uid = uid
    }
}

/// With what a board is looked at: the times, the room and the values chosen.
package struct BoardQuery: Sendable {
    /// In milliseconds since 1970.
    package let from: Int
    package let to: Int
    package var nowMilliseconds: Int
    /// Of the page, in CSS pixels.
    package var width: Int
    /// How often Prometheus scrapes: no step is smaller.
    package var scrapeIntervalSeconds = 30.0
    /// The zone of `now/d`, of dates in text, and that steps are aligned to; east of UTC.
    package var offsetSeconds = 0
    /// What the URL has chosen (`var-NAME`), in its order; `$__all` or `All` is All.
    package var chosen: [String: [String]] = [:]
    package var dataSources = [DataSource(type: "prometheus", name: "Prometheus", uid: "prometheus")]
    package var limits = BoardLimits()

    /// `from` and `to` as Grafana's URLs have them; nil when they cannot be read or the end is not after the start.
    package init?(from: String, to: String, nowMilliseconds: Int, width: Int = 1280, offsetSeconds: Int = 0) {
        guard let start = TimePoint.milliseconds(from, now: nowMilliseconds, offsetSeconds: offsetSeconds, isEnd: false),
            let end = TimePoint.milliseconds(to, now: nowMilliseconds, offsetSeconds: offsetSeconds, isEnd: true), start < end
        else { return nil }
        self.from = start
        self.to = end
        self.nowMilliseconds = nowMilliseconds
        self.width = max(200, min(width, 20_000))
        self.offsetSeconds = max(-50_400, min(offsetSeconds, 50_400))
    }

    /// Whole seconds around the range.
    package var startSeconds: Int { from / 1000 }
    package var endSeconds: Int { (to + 999) / 1000 }
    package var rangeMilliseconds: Double { Double(to - from) }
}
