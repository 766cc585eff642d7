import Metrics
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
        /// The names of its models, whatever kind it says to be.
        var models: ModelNames?
        /// Series that there were before any was left out.
        var wantedSeries = 0
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
        var models: ModelNames?
        let memory: CounterMemory
    }

    /// One whose turn it may be.
    private struct Candidate {
        let name, place: String
        let isFound: Bool
        let pace: ServerPace
        /// Since its place was asked, and since it was by this name.
        let waited, waitedByName: Double

        init(_ entry: Entry, _ pace: ServerPace, _ now: ContinuousClock.Instant) {
            (name, place, isFound) = (entry.target.name, entry.target.address.endpoint, entry.target.origin != .configuration)
            (self.pace, waited) = (pace, pace.waited(now))
            waitedByName = entry.askedAt.map { (now - $0).seconds } ?? .infinity
        }
    }

    fileprivate struct State {
        var entries: [String: Entry] = [:]
        /// Those that are not named any more, and since when: who comes back is asked no sooner, and counts on.
        var retired: [String: (entry: Entry, at: ContinuousClock.Instant)] = [:]
        /// When each place was asked, by whatever name: whoever is renamed is asked no sooner.
        var paces: [String: ServerPace] = [:]
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
                if !entry.target.isSamePlace(as: target) { entry = Entry(target) }
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
            let places = Set(entries.values.map(\.target.address.endpoint))
            state.paces = state.paces.filter { places.contains($0.key) || !$0.value.isOver(now, keptSeconds) }
        }
    }

    /// Whose turn it is; they count as asked from now on.
    ///
    /// Those never asked come first, then who waits longest; who hangs is asked less often, and has half of the room, and who was found three
    /// quarters, so that whatever others are there, those of the settings are asked.
    ///
    /// - Parameter limit: how many may be asked at once.
    func turns(now: ContinuousClock.Instant, intervalSeconds: Double, limit: Int) -> [Turn] {
        state.withLock { state in
            var room = ServerPace.Room(limit, state.paces.values)
            let due = state.entries.values.compactMap { entry -> Candidate? in
                let pace = state.paces[entry.target.address.endpoint] ?? ServerPace()
                return !entry.hasEnded && pace.isDue(now, intervalSeconds) ? Candidate(entry, pace, now) : nil
            }.sorted { ($0.waited, $0.waitedByName, $1.name) > ($1.waited, $1.waitedByName, $0.name) }
            return due.compactMap { next in
                let (name, place) = (next.name, next.place)
                // Of two with one place the one that has waited for longer has been asked just now.
                guard state.paces[place]?.isDue(now, intervalSeconds) ?? true else { return nil }
                guard let flight = room.take(next.pace, isFound: next.isFound) else { return nil }
                state.paces[place, default: ServerPace()].begin(flight, now)
                state.entries[name]?.askedAt = now
                state.entries[name]?.round += 1
                return state.entries[name]?.turn
            }
        }
    }

    /// Takes what came of a turn.
    func take(_ poll: ServerPoll.Result, of turn: Turn, now: ContinuousClock.Instant, unixSeconds: Double) {
        state.withLock { state in
            state.paces[turn.target.address.endpoint]?.end(poll)
            guard var entry = state.entries[turn.target.name], entry.target.isSamePlace(as: turn.target) else { return }
            entry.take(poll, now: now, unixSeconds: unixSeconds)
            state.entries[turn.target.name] = entry
            state.makeRoom()
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
        state.withLock { $0.paces[turn.target.address.endpoint]?.giveBack() }
    }

    /// By name.
    var entries: [Entry] {
        state.withLock { $0.entries.values.sorted { $0.target.name < $1.target.name } }
    }
}

extension ServerBook.State {
    /// Series of all servers together: a quarter of what a scrape may have as a rule. Who has more than a fair share loses families.
    private static let seriesLimit = 250_000

    fileprivate mutating func makeRoom() {
        let share = fairShare(of: Self.seriesLimit, entries.values.map { min($0.wantedSeries, ServerBook.Entry.seriesLimit) })
        guard share < ServerBook.Entry.seriesLimit else { return }
        for (name, entry) in entries where entry.wantedSeries > share { entries[name]?.cut(to: share) }
    }
}
