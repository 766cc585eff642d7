/// How many lines of an engine's events are read: more than any engine has to tell, and few enough to cost nothing.
struct LinePace {
    private var secondStart: ContinuousClock.Instant?
    private var count = 0
    /// Something was left out since this was asked last.
    var isLost = false

    static let linesPerSecond = 1_000

    /// How many of some lines may be read now.
    mutating func room(for wanted: Int, now: ContinuousClock.Instant) -> Int {
        if let start = secondStart, now - start < .seconds(1) {} else { (secondStart, count) = (now, 0) }
        let room = min(wanted, Self.linesPerSecond - count)
        count += room
        if room < wanted { isLost = true }
        return room
    }

    mutating func takeIsLost() -> Bool {
        defer { isLost = false }
        return isLost
    }
}
