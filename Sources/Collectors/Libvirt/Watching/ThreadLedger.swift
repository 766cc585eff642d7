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
        /// Statistics of domains, for which their QEMUs are asked.
        case statistics

        /// Threads of it that may hang: with the one and another the daemon as a whole does not answer.
        fileprivate var hangingLimit: Int {
            switch self {
            case .list: 2
            case .definitions, .storage: 1
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
    private var givenUp: Set<Ticket> = []
    private var next = 0

    /// Places for the rest, so that what needs no QEMU is known however many of them hang.
    static let reserve = 3

    init(limit: Int) { self.limit = max(1, limit) }

    /// Threads that were given up and have not come back.
    var hanging: Int { givenUp.count }

    /// A place for one more; nil when there is none.
    mutating func begin(_ purpose: Purpose) -> Ticket? {
        let isStatistics = purpose == .statistics
        let busy = givenUp.count + atWork.count { !isStatistics || $0.purpose == .statistics }
        guard busy < (isStatistics ? limit : limit + Self.reserve) else { return nil }
        guard isStatistics || atWork.count(where: { $0.purpose != .statistics }) < Self.reserve else { return nil }
        guard givenUp.count(where: { $0.purpose == purpose }) < purpose.hangingLimit else { return nil }
        next += 1
        let ticket = Ticket(number: next, purpose: purpose)
        atWork.insert(ticket)
        return ticket
    }

    /// It has come back, in time or late.
    mutating func end(_ ticket: Ticket) {
        atWork.remove(ticket)
        givenUp.remove(ticket)
    }

    /// Nobody waits for it any more.
    mutating func giveUp(_ ticket: Ticket) {
        guard atWork.remove(ticket) != nil else { return }
        givenUp.insert(ticket)
        total += 1
    }
}
