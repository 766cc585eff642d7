import Primitives
import Synchronization

/// What is known of all servers, and when each was asked. It says whose turn it is; so that none is asked twice within the interval, also
/// while a reload puts one collector in another's place, both have the same book.
final class ServerBook: Sendable {
    /// Of one server.
    struct Entry: Sendable {
        var target: ServerTarget
        /// Found out, or given.
        var kind: String?
        var picture: ServerPicture?
        /// When the picture was taken, by either clock.
        var answeredAt: ContinuousClock.Instant?
        var answeredUnixSeconds: Double?
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

        init(_ target: ServerTarget) {
            self.target = target
            kind = target.kind
            isKnown = target.origin != .port
        }
    }

    /// A turn to ask.
    struct Turn: Sendable {
        let target: ServerTarget
        let kind: String?
        let round: Int
        let former: ServerPicture?
    }

    private struct State {
        var entries: [String: Entry] = [:]
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

    /// Says which servers there are. Of a name that is there twice the first counts; who is not named is forgotten.
    func set(_ targets: [ServerTarget], owner: Int) {
        state.withLock { state in
            guard state.owner == owner else { return }
            var entries: [String: Entry] = [:]
            for target in targets where entries[target.name] == nil {
                var entry = state.entries[target.name] ?? Entry(target)
                if !entry.target.isSamePlace(as: target) {
                    let (askedAt, isInFlight) = (entry.askedAt, entry.isInFlight)
                    let isSameServer = entry.target.address.url == target.address.url
                    entry = Entry(target)
                    if isSameServer { (entry.askedAt, entry.isInFlight) = (askedAt, isInFlight) }
                }
                entry.target = target
                entries[target.name] = entry
            }
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
                !entry.isInFlight && entry.askedAt.map { (now - $0).seconds >= intervalSeconds } ?? true
            }
            return due.sorted { ($0.askedAt ?? now, $0.target.name) < ($1.askedAt ?? now, $1.target.name) }.compactMap { entry in
                guard room > 0 else { return nil }
                room -= 1
                let name = entry.target.name
                state.entries[name]?.askedAt = now
                state.entries[name]?.isInFlight = true
                state.entries[name]?.round += 1
                return Turn(target: entry.target, kind: entry.kind, round: entry.round, former: entry.picture)
            }
        }
    }

    /// Takes what came of a turn.
    func take(_ poll: ServerPoll.Result, of turn: Turn, now: ContinuousClock.Instant, unixSeconds: Double) {
        state.withLock { state in
            guard var entry = state.entries[turn.target.name], entry.target.isSamePlace(as: turn.target) else { return }
            entry.isInFlight = false
            entry.take(poll, now: now, unixSeconds: unixSeconds)
            state.entries[turn.target.name] = entry
        }
    }

    /// A turn that was not used, as whoever had it was stopped.
    func giveBack(_ turn: Turn) {
        state.withLock { $0.entries[turn.target.name]?.isInFlight = false }
    }

    /// By name.
    var entries: [Entry] {
        state.withLock { $0.entries.values.sorted { $0.target.name < $1.target.name } }
    }
}

extension ServerBook.Entry {
    /// Those whose labels were left out, by name, are no more than this; the rest is `other`.
    private static let lossNames = 100

    mutating func take(_ poll: ServerPoll.Result, now: ContinuousClock.Instant, unixSeconds: Double) {
        durationSeconds = poll.durationSeconds
        kind = target.kind ?? poll.kind
        if poll.kind != nil { isKnown = true }
        let outcome = poll.problem?.outcome ?? .ok
        outcomes[outcome, default: 0] += 1
        problem = poll.problem
        isUp = poll.picture?.isUp ?? false
        isReady = isUp == true ? poll.picture?.isReady : false
        guard let told = poll.picture else { return }
        for (name, count) in told.losses.labels {
            let isRoom = losses.labels[name] != nil || losses.labels.count < Self.lossNames
            losses.labels[isRoom ? name : ModelNames.other, default: 0] += count
        }
        for (reason, count) in told.losses.series { losses.series[reason, default: 0] += count }
        // Of an answer that is not whole the one before is the better one, as long as it is true.
        guard told.isUp, outcome == .ok || picture == nil else { return }
        picture = told
        (answeredAt, answeredUnixSeconds) = (now, unixSeconds)
    }
}
