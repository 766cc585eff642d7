import Primitives

/// Which agents are worth asking, by names of theirs. A question that hangs holds a thread here and a worker of the daemon, for seconds, or of an old daemon's
/// for as long as the guest likes: so each has one at most, and one that was silent is left alone, longer each time.
struct AgentPatience {
    private struct Entry {
        var isOut = false
        var silences = 0
        var until: ContinuousClock.Instant?
    }

    static let firstSeconds = 30.0
    static let longestSeconds = 3600.0
    /// Machines of which something is remembered.
    private static let most = 4096

    private var entries: [String: Entry] = [:]

    var count: Int { entries.count }

    /// Whether to ask it now; then it is out until `isBack`.
    mutating func begin(_ agent: String, _ now: ContinuousClock.Instant) -> Bool {
        let entry = entries[agent] ?? Entry()
        guard !entry.isOut, entry.until.map({ $0 <= now }) ?? true else { return false }
        if entries.count >= Self.most { forget(now) }
        entries[agent, default: entry].isOut = true
        return true
    }

    /// The question has ended, also if nobody waited for it.
    mutating func isBack(_ agent: String) {
        guard var entry = entries[agent] else { return }
        entry.isOut = false
        entries[agent] = entry.silences == 0 ? nil : entry
    }

    mutating func answered(_ agent: String) {
        guard var entry = entries[agent] else { return }
        (entry.silences, entry.until) = (0, nil)
        entries[agent] = entry.isOut ? entry : nil
    }

    mutating func wasSilent(_ agent: String, _ now: ContinuousClock.Instant) {
        var entry = entries[agent] ?? Entry()
        entry.silences = min(20, entry.silences + 1)
        let seconds = min(Self.longestSeconds, Self.firstSeconds * Double(1 << (entry.silences - 1)))
        entry.until = now.advanced(by: .seconds(seconds))
        entries[agent] = entry
    }

    /// Those that may be asked again, which may be gone.
    private mutating func forget(_ now: ContinuousClock.Instant) {
        entries = entries.filter { $0.value.isOut || $0.value.until.map { $0 > now } ?? false }
    }
}
