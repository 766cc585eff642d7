/// The threads that ask a hypervisor, and those of them that were given up. There are never more of both than the limit and a few places that it has for what
/// needs no QEMU.
struct ThreadLedger: Sendable {
    /// What a thread is there for.
    enum Purpose: Sendable, Hashable {
        /// The list of domains, with all that needs no QEMU.
        case list
        /// Definitions and snapshots.
        case definitions
        /// Pools and networks.
        case storage
        /// Whether the monitors of some domains owe an answer.
        case monitors
        /// Statistics of domains, for which their QEMUs are asked.
        case statistics

        /// Threads of it that may hang: with the one and another the daemon as a whole does not answer.
        fileprivate var hangingLimit: Int {
            switch self {
            case .list: 2
            case .definitions, .storage, .monitors: 1
            case .statistics: .max
            }
        }
    }

    /// A thread, as the ledger knows it.
    struct Ticket: Sendable, Hashable {
        fileprivate let number: Int
        fileprivate let purpose: Purpose
    }

    /// Threads that may ask for statistics, or hang.
    let limit: Int
    /// How many were ever given up.
    private(set) var total = 0
    private var atWork: Set<Ticket> = []
    /// At work, and nobody waits for them, as who did was cancelled.
    private var left: Set<Ticket> = []
    private var givenUp: Set<Ticket> = []
    private var next = 0

    /// Places for the rest, one for each purpose, so that what needs no QEMU is known however many of them hang.
    static let reserve = 4

    init(limit: Int) { self.limit = max(1, limit) }

    /// Threads that were given up and have not come back.
    var hanging: Int { givenUp.count }

    func isHanging(_ ticket: Ticket) -> Bool { givenUp.contains(ticket) }

    /// A place for one more; nil when there is none.
    mutating func begin(_ purpose: Purpose) -> Ticket? {
        let isStatistics = purpose == .statistics
        let busy = givenUp.count + (atWork.union(left)).count { !isStatistics || $0.purpose == .statistics }
        guard busy < (isStatistics ? limit : limit + Self.reserve) else { return nil }
        guard isStatistics || !atWork.contains(where: { $0.purpose == purpose }) else { return nil }
        guard givenUp.count(where: { $0.purpose == purpose }) < purpose.hangingLimit else { return nil }
        next += 1
        let ticket = Ticket(number: next, purpose: purpose)
        atWork.insert(ticket)
        return ticket
    }

    /// It has come back, in time or late.
    ///
    /// - Returns: whether it had been given up.
    @discardableResult
    mutating func end(_ ticket: Ticket) -> Bool {
        atWork.remove(ticket)
        left.remove(ticket)
        return givenUp.remove(ticket) != nil
    }

    /// Nobody waits for it any more, though its time has not passed: it may be well.
    mutating func leave(_ ticket: Ticket) {
        if atWork.remove(ticket) != nil { left.insert(ticket) }
    }

    /// It hangs.
    mutating func giveUp(_ ticket: Ticket) {
        guard atWork.remove(ticket) ?? left.remove(ticket) != nil else { return }
        givenUp.insert(ticket)
        total += 1
    }
}
