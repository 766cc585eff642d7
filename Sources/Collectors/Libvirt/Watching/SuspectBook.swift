import Primitives

/// Domains whose QEMU does not answer, and when each may be asked again.
struct SuspectBook: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Suspect: Sendable {
        let call: String
        let since: Instant
        let sinceUnixSeconds: Double
        /// Our threads that hang in a call of it.
        fileprivate(set) var threads: Set<ThreadLedger.Ticket> = []
        fileprivate var nextAsk: Instant
        fileprivate var asks = 0
        fileprivate var isBeingAsked = false
    }

    private(set) var suspects: [String: Suspect] = [:]

    /// Seconds until one that libvirt says nothing of is asked again; twice as long each time.
    static let firstPauseSeconds = 60.0
    static let lastPauseSeconds = 600.0
    /// Threads that one domain may take: a second, as a call may have been lost.
    private static let threadsEach = 2

    subscript(uuid: String) -> Suspect? { suspects[uuid] }

    /// Says that a domain hangs. One that is known to keeps the call and the time that were said first.
    ///
    /// - Parameter threads: of ours, that hang in it.
    mutating func name(_ uuid: String, call: String, threads: [ThreadLedger.Ticket] = [], now: Instant, unixSeconds: Double) {
        var suspect =
            suspects[uuid]
            ?? Suspect(call: call, since: now, sinceUnixSeconds: unixSeconds, nextAsk: now.advanced(by: .seconds(Self.firstPauseSeconds)))
        suspect.threads.formUnion(threads)
        suspects[uuid] = suspect
    }

    /// A thread has come back: who held it may answer again.
    mutating func threadIsBack(_ thread: ThreadLedger.Ticket, now: Instant) {
        for (uuid, suspect) in suspects where suspect.threads.contains(thread) {
            suspects[uuid]?.threads.remove(thread)
            if suspect.threads.count == 1 { suspects[uuid]?.nextAsk = now }
        }
    }

    /// Those to ask now, each by itself: who is suspect for longest first. They count as asked.
    ///
    /// - Parameter limit: how many at most.
    /// - Parameter controls: what libvirt says of their monitors. One that owes an answer is not asked: it would be one more command that
    ///   waits. One that owes none has answered.
    mutating func due(now: Instant, controls: [String: DomainControl], limit: Int = .max) -> [String] {
        var due: [String] = []
        for (uuid, suspect) in suspects.sorted(by: { ($0.value.since, $0.key) < ($1.value.since, $1.key) })
        where !suspect.isBeingAsked && due.count < limit {
            switch controls[uuid]?.state {
            case .occupied, .error: continue
            case .ok, .job: guard suspect.threads.count < Self.threadsEach else { continue }
            case nil: guard suspect.nextAsk <= now, suspect.threads.count < Self.threadsEach else { continue }
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
    mutating func clear(_ uuid: String) { suspects[uuid] = nil }

    /// Forgets those that are there no more, or do not run any more.
    mutating func keep(_ uuids: Set<String>) { suspects = suspects.filter { uuids.contains($0.key) } }
}
