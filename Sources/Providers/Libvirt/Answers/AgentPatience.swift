import Primitives

/// Whose agent is worth asking. A question that hangs holds a thread here and a worker of the daemon, for as long as the guest likes: so each machine has one
/// at most, and one that was silent is left alone, longer each time.
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
    mutating func begin(_ uuid: String, _ now: ContinuousClock.Instant) -> Bool {
        let entry = entries[uuid] ?? Entry()
        guard !entry.isOut, entry.until.map({ $0 <= now }) ?? true else { return false }
        if entries.count >= Self.most { forget(now) }
        entries[uuid, default: entry].isOut = true
        return true
    }

    /// The question has ended, also if nobody waited for it.
    mutating func isBack(_ uuid: String) {
        guard var entry = entries[uuid] else { return }
        entry.isOut = false
        entries[uuid] = entry.silences == 0 ? nil : entry
    }

    mutating func answered(_ uuid: String) {
        guard var entry = entries[uuid] else { return }
        (entry.silences, entry.until) = (0, nil)
        entries[uuid] = entry.isOut ? entry : nil
    }

    mutating func wasSilent(_ uuid: String, _ now: ContinuousClock.Instant) {
        var entry = entries[uuid] ?? Entry()
        entry.silences = min(20, entry.silences + 1)
        let seconds = min(Self.longestSeconds, Self.firstSeconds * Double(1 << (entry.silences - 1)))
        entry.until = now.advanced(by: .seconds(seconds))
        entries[uuid] = entry
    }

    /// Those that may be asked again, which may be gone.
    private mutating func forget(_ now: ContinuousClock.Instant) {
        entries = entries.filter { $0.value.isOut || $0.value.until.map { $0 > now } ?? false }
    }
}
