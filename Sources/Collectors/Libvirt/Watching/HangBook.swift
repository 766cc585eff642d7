import Primitives

/// Threads of ours that hang, and the domains in which each may do so.
///
/// A thread that asks many domains at once hangs in one of them, and nobody says in which. But a domain whose lock a command holds is passed by
/// when others ask, and tells them less: who tells everything is not the one, and the last that is left is.
struct HangBook: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Hang: Sendable {
        let call: String
        let since: Instant
        /// It may wait for the domain's lock, which a job holds that is well.
        let mayWait: Bool
        var domains: Set<String>
    }

    private var hangs: [ThreadLedger.Ticket: Hang] = [:]
    /// Domains that were passed by when they were asked last.
    private var passedBy: Set<String> = []

    /// Past this whoever waits for a lock has got it, or been sent away: half a minute for a lock, and calls that take it twice.
    static let lockSeconds = 60.0

    /// A thread hangs in one of these domains.
    ///
    /// - Parameter mayWait: whether its call waits where the domain's lock is held.
    mutating func add(_ thread: ThreadLedger.Ticket, call: String, domains: [String], mayWait: Bool, now: Instant) {
        if !domains.isEmpty { hangs[thread] = Hang(call: call, since: now, mayWait: mayWait, domains: Set(domains)) }
    }

    /// It has come back.
    ///
    /// - Returns: the domains in which it may have hung.
    mutating func end(_ thread: ThreadLedger.Ticket) -> Set<String> { hangs.removeValue(forKey: thread)?.domains ?? [] }

    /// These were asked.
    ///
    /// - Parameter passedBy: those of them that were passed by, and told less.
    mutating func asked(_ domains: [String], passedBy partial: Set<String>) {
        passedBy.formUnion(partial)
        exclude(Set(domains).subtracting(partial))
    }

    /// No thread hangs in these: they have answered, or are others than those that were asked.
    mutating func exclude(_ domains: Set<String>) {
        passedBy.subtract(domains)
        for (thread, hang) in hangs where !hang.domains.isDisjoint(with: domains) {
            let rest = hang.domains.subtracting(domains)
            hangs[thread] = rest.isEmpty ? nil : Hang(call: hang.call, since: hang.since, mayWait: hang.mayWait, domains: rest)
        }
    }

    /// The call in which a thread may hang in a domain.
    func call(of uuid: String) -> String? {
        hangs.values.filter { $0.domains.contains(uuid) }.min { $0.since < $1.since }?.call
    }

    /// Threads that can hang in this domain only.
    func threads(in uuid: String) -> Int { hangs.values.count { $0.domains == [uuid] } }

    /// Those in which threads hang for sure.
    func proven(now: Instant) -> Set<String> {
        let sure = hangs.values.filter { !$0.mayWait || (now - $0.since).seconds >= Self.lockSeconds }
        var proven: Set<String> = []
        for hang in sure where !hang.domains.isSubset(of: proven) {
            // Each domain that is passed by holds one thread: as many threads as domains are one in each.
            let isSo =
                hang.domains.count == 1
                || hang.domains.isSubset(of: passedBy) && sure.count { $0.domains.isSubset(of: hang.domains) } >= hang.domains.count
            if isSo { proven.formUnion(hang.domains) }
        }
        return proven
    }

    /// Whether a thread hangs that may do so in this domain, and does not wait for its lock.
    func mayHang(in uuid: String, now: Instant) -> Bool {
        hangs.values.contains { $0.domains.contains(uuid) && (!$0.mayWait || (now - $0.since).seconds >= Self.lockSeconds) }
    }

    /// Those in whose calls a thread of ours is.
    var domains: Set<String> { hangs.values.reduce(into: []) { if $1.domains.count == 1 { $0.formUnion($1.domains) } } }
}
