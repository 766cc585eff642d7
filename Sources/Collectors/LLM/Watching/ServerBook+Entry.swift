import Primitives

extension ServerBook.Entry {
    /// Those whose labels were left out, by name, are no more than this; the rest is `other`.
    private static let lossNames = 100
    /// Series of a server, without the few that the collector has of its own. LiteLLM with two hundred models has some thirty thousand.
    static let seriesLimit = 50_000
    /// How long a server that was found at a port is down before there is none.
    private static let portSeconds = 3600.0

    /// A turn to ask it.
    var turn: ServerBook.Turn {
        ServerBook.Turn(
            target: target, kind: isSought ? nil : kind, formerKind: kind, round: round, former: picture, models: models, memory: memory)
    }

    /// The same when its container has ended.
    func ended() -> ServerBook.Entry {
        var entry = self
        (entry.hasEnded, entry.isUp, entry.isReady) = (true, false, false)
        entry.problem = PollProblem(.refused, "its container \(target.container) has ended")
        return entry
    }

    mutating func take(_ poll: ServerPoll.Result, now: ContinuousClock.Instant, unixSeconds: Double) {
        durationSeconds = poll.durationSeconds
        become(poll.kind)
        if poll.kind != nil { isKnown = true }
        let outcome = poll.problem?.outcome ?? .ok
        outcomes[outcome, default: 0] += 1
        problem = poll.problem
        isUp = poll.picture?.isUp ?? false
        isReady = isUp == true ? poll.picture?.isReady : false
        if isUp == true { upAt = now }
        if target.origin == .port, let upAt, (now - upAt).seconds >= Self.portSeconds { return forget() }
        guard let told = poll.picture else { return }
        for (name, count) in told.losses.labels {
            let isRoom = losses.labels[name] != nil || losses.labels.count < Self.lossNames
            losses.labels[isRoom ? name : ModelNames.other, default: 0] += count
        }
        for (reason, count) in told.losses.series { losses.series[reason, default: 0] += count }
        guard told.isUp else { return }
        if outcome == .ok || answeredUnixSeconds == nil { answeredUnixSeconds = unixSeconds }
        take(told, now)
    }

    /// What was found out is kept where nothing else is.
    private mutating func become(_ found: String?) {
        isSought = target.kind == nil && found == nil
        guard let found = target.kind ?? found, found != kind else { return }
        (picture, toldAt, expositionAt, answeredAt, answeredUnixSeconds) = (nil, [:], nil, nil, nil)
        (seenOfExposition, seenOfAnswers) = ([], [])
        kind = found
    }

    /// At a port where somebody was there may be anything again.
    private mutating func forget() {
        var fresh = ServerBook.Entry(target)
        (fresh.askedAt, fresh.round) = (askedAt, round)
        self = fresh
    }

    private mutating func take(_ told: ServerPicture, _ now: ContinuousClock.Instant) {
        var told = told
        if let version = picture?.version, !told.version.isEmpty, version != told.version {
            (seenOfExposition, seenOfAnswers) = ([], [])
        }
        let families = Set(told.ordered.map(\.series.family))
        for family in families { toldAt[family] = now }
        seenOfExposition.formUnion(told.familiesOfExposition)
        seenOfAnswers.formUnion(families.subtracting(told.familiesOfExposition))
        if let picture { told.complete(from: picture) }
        if !told.lacksExposition { expositionAt = now }
        answeredAt = now
        picture = told
        models = told.models
        wantedSeries = told.wantedSeries
        cut(to: Self.seriesLimit)
    }

    /// Leaves out what there is no room for.
    mutating func cut(to limit: Int) {
        guard let count = picture?.cut(to: limit), count > 0 else { return }
        losses.count("series", count)
    }

    /// Whether what was told then may still be shown.
    static func isFresh(_ instant: ContinuousClock.Instant?, _ now: ContinuousClock.Instant, _ maximumAgeSeconds: Double) -> Bool {
        instant.map { (now - $0).seconds <= maximumAgeSeconds } ?? false
    }
}
