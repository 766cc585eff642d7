import Primitives
import Synchronization

/// The streams that lines belong to: sets of labels, each rendered once.
///
/// Their number is bounded. When there is no room, those give way that have had no line for an hour; what comes after shares a stream of its
/// kind, with `other` where the name of a unit or container would stand.
final class StreamTable: Sendable {
    /// What tells streams apart.
    struct Key: Hashable, Sendable {
        var job: String
        /// The label `unit` or `container`, and its value.
        var name = ""
        var value = ""
        /// `stdout` or `stderr` of a container.
        var output = ""
        var level: Level?
    }

    private struct Seat {
        var stream: LogStream
        var lastUse: ContinuousClock.Instant
    }

    private struct State {
        var seats: [Key: Seat] = [:]
        var overflow = 0
        /// When it was looked last for those that nobody uses.
        var lastClearing: ContinuousClock.Instant?
    }

    private let labels: [(name: String, value: String)]
    private let limit: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    /// Who has written nothing for so long gives way when there is no room.
    private static let idleSeconds = 3600.0
    private static let clearingSeconds = 60.0

    /// - Parameter labels: of all streams.
    /// - Parameter now: for tests.
    init(
        labels: [(name: String, value: String)], limit: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.labels = labels
        self.limit = limit
        self.now = now
    }

    func stream(_ key: Key) -> LogStream {
        let now = now()
        return state.withLock { state in
            if let known = state.seats[key] {
                state.seats[key]?.lastUse = now
                return known.stream
            }
            var key = key
            // Whoever may start containers makes as many names as they like; the units of the machine keep room.
            let room = key.job == "containers" ? limit - limit / 4 : limit
            if state.seats.count >= room { Self.clear(&state, now) }
            if state.seats.count >= room {
                state.overflow += 1
                key.value = key.value.isEmpty ? "" : "other"
                if let known = state.seats[key] { return known.stream }
            }
            let made = LogStream(rendered: render(key))
            state.seats[key] = Seat(stream: made, lastUse: now)
            return made
        }
    }

    var count: Int { state.withLock { $0.seats.count } }
    /// Lines whose unit or container is not told.
    var overflow: Int { state.withLock { $0.overflow } }

    private static func clear(_ state: inout State, _ now: ContinuousClock.Instant) {
        if let last = state.lastClearing, (now - last).seconds < clearingSeconds { return }
        state.lastClearing = now
        state.seats = state.seats.filter { (now - $0.value.lastUse).seconds < idleSeconds }
    }

    private func render(_ key: Key) -> [UInt8] {
        var pairs = labels + [("job", key.job)]
        if !key.value.isEmpty { pairs.append((key.name, key.value)) }
        if !key.output.isEmpty { pairs.append(("stream", key.output)) }
        if let level = key.level { pairs.append(("level", level.word)) }
        var bytes: [UInt8] = []
        for (name, value) in pairs.sorted(by: { $0.0 < $1.0 }) {
            bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            bytes.append(quoted: name)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(quoted: value)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
