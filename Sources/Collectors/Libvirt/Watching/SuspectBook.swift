import Primitives

/// Domains whose QEMU does not answer, and when each may be asked again.
struct SuspectBook: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Suspect: Sendable {
        let call: String
        let since: Instant
        let sinceUnixSeconds: Double
        fileprivate var nextAsk: Instant
        fileprivate var asks = 0
        fileprivate var isBeingAsked = false
    }

    private(set) var suspects: [String: Suspect] = [:]
    /// Our threads that hang.
    var hangs = HangBook()

    /// Seconds until one that libvirt says nothing of is asked again; twice as long each time.
    static let firstPauseSeconds = 60.0
    static let lastPauseSeconds = 600.0
    /// Threads that one domain may take: a second, as a call may have been lost.
    private static let threadsEach = 2

    subscript(uuid: String) -> Suspect? { suspects[uuid] }

    /// Says that a domain hangs. One that is known to keeps the call and the time that were said first.
    ///
    /// - Returns: whether that is news.
    @discardableResult
    mutating func name(_ uuid: String, call: String, now: Instant, unixSeconds: Double) -> Bool {
        guard suspects[uuid] == nil else { return false }
        let nextAsk = now.advanced(by: .seconds(Self.firstPauseSeconds))
        suspects[uuid] = Suspect(call: call, since: now, sinceUnixSeconds: unixSeconds, nextAsk: nextAsk)
        return true
    }

    /// A thread has come back: who held it may answer again.
    mutating func threadIsBack(_ thread: ThreadLedger.Ticket, now: Instant) {
        for uuid in hangs.end(thread) { suspects[uuid]?.nextAsk = now }
    }

    /// Those to ask now, each by itself: who is suspect for longest first. They count as asked.
    ///
    /// - Parameter limit: how many at most.
    /// - Parameter controls: what libvirt says of their monitors. One that owes an answer is not asked: it would be one more command that
    ///   waits. One that owes none has answered.
    mutating func due(now: Instant, controls: [String: DomainControl], limit: Int = .max) -> [String] {
        var due: [String] = []
        for (uuid, suspect) in suspects.sorted(by: { ($0.value.since, $0.key) < ($1.value.since, $1.key) })
        where !suspect.isBeingAsked && due.count < limit && hangs.threads(in: uuid) < Self.threadsEach {
            switch controls[uuid]?.state {
            case .occupied, .error: continue
            case .ok, .job: break
            case nil: guard suspect.nextAsk <= now else { continue }
            }
            let pause = min(Self.lastPauseSeconds, Self.firstPauseSeconds * Double(1 << min(suspect.asks + 1, 8)))
            suspects[uuid]?.asks = min(suspect.asks + 1, 8)
            suspects[uuid]?.nextAsk = now.advanced(by: .seconds(pause))
            suspects[uuid]?.isBeingAsked = true
            due.append(uuid)
        }
        return due
    }

    /// Nobody asks it at the moment: it did not answer, or was not asked after all.
    mutating func askEnded(_ uuid: String) { suspects[uuid]?.isBeingAsked = false }

    /// It has answered.
    mutating func clear(_ uuid: String) {
        suspects[uuid] = nil
        hangs.exclude([uuid])
    }

    /// Those that a job holds are well as far as anybody knows, unless a thread of ours hangs in them.
    ///
    /// - Returns: those that are suspect no more.
    mutating func release(_ controls: [String: DomainControl], now: Instant) -> [String] {
        let released = suspects.keys.filter { controls[$0]?.state == .job && !hangs.mayHang(in: $0, now: now) }
        for uuid in released { suspects[uuid] = nil }
        return released.sorted()
    }

    /// Forgets those that are not active any more, and what is said of those that are another instance than before.
    mutating func keep(_ active: Set<String>, changed: Set<String>) {
        suspects = suspects.filter { active.contains($0.key) && !changed.contains($0.key) }
        hangs.exclude(changed)
    }
}
