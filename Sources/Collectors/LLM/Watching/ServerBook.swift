import Primitives
import Synchronization

/// What is known of all servers, and when each was asked. It says whose turn it is; so that none is asked twice within the interval, also
/// while a reload puts one collector in another's place, both have the same book.
final class ServerBook: Sendable {
    /// Of one server.
    struct Entry: Sendable {
        var target: ServerTarget
        /// Found out, or given. What was found out is kept until something else is.
        var kind: String?
        /// It did not answer as its kind does, so what it is must be found out anew.
        var isSought = false
        /// What its counters were.
        let memory = CounterMemory()
        /// What it told last, of each part of it.
        var picture: ServerPicture?
        /// When each family was told, when the exposition was, and when anything was.
        var toldAt: [ServingFamily: ContinuousClock.Instant] = [:]
        var expositionAt: ContinuousClock.Instant?
        var answeredAt: ContinuousClock.Instant?
        /// When everything was told that it was asked for.
        var answeredUnixSeconds: Double?
        /// Families that have been seen of this version, by its exposition and by its answers.
        var seenOfExposition: Set<ServingFamily> = []
        var seenOfAnswers: Set<ServingFamily> = []
        var askedAt: ContinuousClock.Instant?
        var isInFlight = false
        var round = 0
        var durationSeconds: Double?
        var isUp: Bool?
        var isReady: Bool?
        var problem: PollProblem?
        var outcomes: [PollOutcome: Int] = [:]
        var losses = ServerPicture.Losses()
        /// Whether it is shown: at a port of ours there may be anything, until it has answered as a server.
        var isKnown: Bool
        /// When it answered last.
        var upAt: ContinuousClock.Instant?
        /// Its container has ended, and it is asked nothing until that runs again.
        var hasEnded = false
        /// What has been said of it in the log.
        fileprivate var said = ServerNews.Said()

        init(_ target: ServerTarget) {
            self.target = target
            kind = target.kind
            isKnown = target.origin != .port
        }
    }

    /// A turn to ask.
    struct Turn: Sendable {
        let target: ServerTarget
        /// nil where it is to be found out.
        let kind: String?
        /// What it was so far.
        var formerKind: String?
        let round: Int
        let former: ServerPicture?
        let memory: CounterMemory
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Those that are not named any more, and since when: who comes back is asked no sooner, and counts on.
        var retired: [String: (entry: Entry, at: ContinuousClock.Instant)] = [:]
        var owner = 0
    }

    private let state = Mutex(State())

    /// Makes a collector the one who says which servers there are; who was it before says nothing any more.
    func take() -> Int {
        state.withLock { state in
            state.owner += 1
            return state.owner
        }
    }

    /// Says which servers there are. Of a name that is there twice the first counts; who is not named is forgotten after a while, and who is
    /// in a container that has ended is down.
    ///
    /// - Parameter keptSeconds: how long who is not named is remembered.
    /// - Parameter hasEnded: whether a target that is not named is in a container that is still there, and does not run.
    func set(
        _ targets: [ServerTarget], owner: Int, now: ContinuousClock.Instant = .now, keptSeconds: Double = 30,
        hasEnded: (ServerTarget) -> Bool = { _ in false }
    ) {
        state.withLock { state in
            guard state.owner == owner else { return }
            var entries: [String: Entry] = [:]
            for target in targets where entries[target.name] == nil {
                var entry = state.entries[target.name] ?? state.retired[target.name]?.entry ?? Entry(target)
                if !entry.target.isSamePlace(as: target) {
                    let (askedAt, isInFlight) = (entry.askedAt, entry.isInFlight)
                    let isSameServer = entry.target.address.url == target.address.url
                    entry = Entry(target)
                    if isSameServer { (entry.askedAt, entry.isInFlight) = (askedAt, isInFlight) }
                }
                (entry.target, entry.hasEnded) = (target, false)
                entries[target.name] = entry
            }
            for (name, entry) in state.entries where entries[name] == nil {
                if entry.target.origin == .container, hasEnded(entry.target) {
                    entries[name] = entry.ended()
                } else {
                    state.retired[name] = (entry, now)
                }
            }
            state.retired = state.retired.filter { entries[$0.key] == nil && (now - $0.value.at).seconds < keptSeconds }
            state.entries = entries
        }
    }

    /// Whose turn it is; they count as asked from now on.
    ///
    /// - Parameter limit: how many may be asked at once.
    func turns(now: ContinuousClock.Instant, intervalSeconds: Double, limit: Int) -> [Turn] {
        state.withLock { state in
            var room = limit - state.entries.values.count(where: \.isInFlight)
            let due = state.entries.values.filter { entry in
                !entry.isInFlight && !entry.hasEnded && entry.askedAt.map { (now - $0).seconds >= intervalSeconds } ?? true
            }
            return due.sorted { ($0.askedAt ?? now, $0.target.name) < ($1.askedAt ?? now, $1.target.name) }.compactMap { entry in
                guard room > 0 else { return nil }
                room -= 1
                let name = entry.target.name
                state.entries[name]?.askedAt = now
                state.entries[name]?.isInFlight = true
                state.entries[name]?.round += 1
                return entry.turn
            }
        }
    }

    /// Takes what came of a turn.
    func take(_ poll: ServerPoll.Result, of turn: Turn, now: ContinuousClock.Instant, unixSeconds: Double) {
        state.withLock { state in
            if var entry = state.entries[turn.target.name] {
                guard entry.target.isSamePlace(as: turn.target) else { return }
                entry.isInFlight = false
                entry.take(poll, now: now, unixSeconds: unixSeconds)
                state.entries[turn.target.name] = entry
            } else {
                state.retired[turn.target.name]?.entry.isInFlight = false
            }
        }
    }

    /// What has begun or ended since this was asked for last.
    func news() -> [ServerNews] {
        state.withLock { state in
            state.entries.values.filter(\.isKnown).sorted { $0.target.name < $1.target.name }.flatMap { entry in
                let now = ServerNews.Said(entry)
                state.entries[entry.target.name]?.said = now
                return ServerNews.between(entry.said, now, entry)
            }
        }
    }

    /// A turn that was not used, as whoever had it was stopped.
    func giveBack(_ turn: Turn) {
        state.withLock { state in
            state.entries[turn.target.name]?.isInFlight = false
            state.retired[turn.target.name]?.entry.isInFlight = false
        }
    }

    /// By name.
    var entries: [Entry] {
        state.withLock { $0.entries.values.sorted { $0.target.name < $1.target.name } }
    }
}
