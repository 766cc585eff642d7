import Primitives

/// Which XID errors are said: each of a card once a minute, as a program that errs may make thousands a second.
struct EventLog {
    private struct Key: Hashable {
        let uuid: String
        let xid: Int
    }

    private var said: [Key: (at: ContinuousClock.Instant, since: Int)] = [:]
    private static let pauseSeconds = 60.0
    private static let limit = 1000

    /// How many there were since it was said last, this one among them; nil when it is not to be said now.
    mutating func take(_ event: ReaderLine.XIDEvent, now: ContinuousClock.Instant = .now) -> Int? {
        let key = Key(uuid: event.uuid, xid: event.xid)
        if let last = said[key], (now - last.at).seconds < Self.pauseSeconds {
            said[key] = (last.at, last.since + 1)
            return nil
        }
        guard said[key] != nil || said.count < Self.limit else { return nil }
        defer { said[key] = (now, 0) }
        return (said[key]?.since ?? 0) + 1
    }
}
