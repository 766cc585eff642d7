import Metrics
import Primitives
import Synchronization

/// What the counters and histograms of a server counted, series by series as the server has them, so that several of them (of engines, ranks,
/// versions, models past the limit) can be shown as one without that one ever telling of events that never were.
///
/// A series that goes takes nothing away, one that is smaller than it was has begun anew and adds what it has, and a new one adds all that it
/// has. What is shown of only one series is that series, unchanged. Where all series of one of ours began anew, as when the whole server did,
/// so does ours: Prometheus takes that for what it is, and our number is the server's own again, with nothing of long ago in it. That is found
/// by the values, not by the time of the start, which of several processes behind one port is another one with each answer.
final class CounterMemory: Sendable {
    /// One of our series: where it comes from, the model as it is shown, and labels.
    struct Target: Hashable, Sendable {
        let source: Int
        let model: String?
        let labels: [String]
    }

    /// A series of the server's.
    struct Key: Hashable, Sendable {
        /// A hash of its name and labels.
        let series: Int
        let source: Int
    }

    /// What an exposition has of a series.
    struct Count: Sendable {
        let key: Key
        let target: Target
        let value: ServerPicture.Value
    }

    fileprivate struct Record {
        let target: Int
        var last: ServerPicture.Value
        /// What it counted before it began anew.
        var carried: ServerPicture.Value?
        /// What it had when all the others began anew, which is not counted any more.
        var forgotten: ServerPicture.Value?
        var round: Int
        var seenAt: ContinuousClock.Instant

        /// Its part of the sum.
        var share: ServerPicture.Value {
            var share = last
            if let forgotten { share = share.since(forgotten) ?? share }
            if let carried { share = share.adding(carried) ?? share }
            return share
        }
    }

    fileprivate struct Sum {
        let target: Target
        /// Of series that went long ago.
        var folded: ServerPicture.Value?
        /// What was shown last, and of a histogram its sum.
        var shown = 0.0
        var shownSum = -Double.infinity
        var seenAt: ContinuousClock.Instant
        // Of the present round.
        var round = 0
        var value: ServerPicture.Value?
        var plain = 0.0
        var hasGrown = false
        var hasBegunAnew = false
        var isNew = false
    }

    /// Of one exposition; a server may have one for each model.
    fileprivate struct Scope {
        var records: [Key: Record] = [:]
        var sums: [Int: Sum] = [:]
        var places: [Target: Int] = [:]
        var nextPlace = 0
        var round = 0
        var absent = 0
        var tidiedAt: ContinuousClock.Instant?
        var readAt: ContinuousClock.Instant?
    }

    /// How long a series that is gone is remembered by itself.
    fileprivate static let keptSeconds = 3600.0
    fileprivate static let tidySeconds = 60.0
    /// Most series that are gone and remembered.
    fileprivate static let absentLimit = 10_000

    private let scopes = Mutex<[String: Scope]>([:])

    /// Begins from nothing: what answers there is another server.
    func clear() { scopes.withLock { $0.removeAll() } }

    /// How many series are remembered.
    var count: Int { scopes.withLock { $0.values.reduce(0) { $0 + $1.records.count } } }

    /// Takes what an exposition has, and returns what is to be shown.
    ///
    /// - Parameter name: of the exposition, where a server has several.
    func take(_ counts: [Count], scope name: String = "", now: ContinuousClock.Instant) -> [(target: Target, value: ServerPicture.Value)] {
        scopes.withLock { scopes in
            scopes = scopes.filter { $0.key == name || $0.value.readAt.map { (now - $0).seconds < Self.keptSeconds } ?? false }
            return scopes[name, default: Scope()].take(counts, now)
        }
    }
}

extension CounterMemory.Scope {
    fileprivate mutating func take(
        _ counts: [CounterMemory.Count], _ now: ContinuousClock.Instant
    ) -> [(target: CounterMemory.Target, value: ServerPicture.Value)] {
        round += 1
        readAt = now
        for count in counts { look(at: count, now) }
        for place in sums.keys { sums[place]?.decide(round) }
        for count in counts { add(count, now) }
        addAbsent()
        let isTime = tidiedAt.map { (now - $0).seconds >= CounterMemory.tidySeconds } ?? true
        if isTime || absent > CounterMemory.absentLimit { tidy(now) }
        return sums.values.compactMap { sum in sum.round == round ? sum.value.map { (sum.target, $0) } : nil }
    }

    /// What became of a series since the round before.
    private mutating func look(at count: CounterMemory.Count, _ now: ContinuousClock.Instant) {
        let amount = count.value.amount
        let record = records[count.key]
        let place = record?.target ?? place(of: count.target, now)
        sums[place]?.meet(round, amount, last: record?.last.amount, now)
    }

    private mutating func place(of target: CounterMemory.Target, _ now: ContinuousClock.Instant) -> Int {
        if let place = places[target] { return place }
        let place = nextPlace
        nextPlace += 1
        places[target] = place
        sums[place] = CounterMemory.Sum(target: target, seenAt: now)
        return place
    }

    private mutating func add(_ count: CounterMemory.Count, _ now: ContinuousClock.Instant) {
        guard var record = records[count.key] else {
            guard let place = places[count.target] else { return }
            records[count.key] = CounterMemory.Record(target: place, last: count.value, round: round, seenAt: now)
            sums[place]?.add(count.value)
            return
        }
        if sums[record.target]?.isNew == true {
            (record.carried, record.forgotten) = (nil, nil)
        } else if count.value.amount < record.last.amount {
            (record.carried, record.forgotten) = (record.share, nil)
        }
        (record.last, record.round, record.seenAt) = (count.value, round, now)
        records[count.key] = record
        sums[record.target]?.add(record.share)
    }

    private mutating func addAbsent() {
        absent = 0
        for (key, record) in records where record.round != round {
            absent += 1
            guard let sum = sums[record.target], sum.round == round else { continue }
            if sum.isNew {
                records[key]?.carried = nil
                records[key]?.forgotten = record.last
            } else {
                sums[record.target]?.add(record.share)
            }
        }
        for place in sums.keys { sums[place]?.finish(round) }
    }

    /// Keeps of what went long ago the sum only, and of what nobody shows any more nothing.
    private mutating func tidy(_ now: ContinuousClock.Instant) {
        tidiedAt = now
        let isCrowded = absent > CounterMemory.absentLimit
        func isOld(_ instant: ContinuousClock.Instant) -> Bool { (now - instant).seconds >= CounterMemory.keptSeconds }
        for (place, sum) in sums where sum.round != round && isOld(sum.seenAt) {
            sums[place] = nil
            places[sum.target] = nil
        }
        for (key, record) in records where record.round != round && (isCrowded || isOld(record.seenAt)) {
            sums[record.target]?.fold(record.share)
            records[key] = nil
        }
        for (key, record) in records where sums[record.target] == nil { records[key] = nil }
    }
}

extension CounterMemory.Sum {
    fileprivate mutating func meet(_ round: Int, _ amount: Double, last: Double?, _ now: ContinuousClock.Instant) {
        if self.round != round {
            (self.round, value, plain, hasGrown, hasBegunAnew, isNew) = (round, nil, 0, false, false, false)
            seenAt = now
        }
        plain += amount
        guard let last, last > 0 else { return }
        if amount < last { hasBegunAnew = true } else { hasGrown = true }
    }

    /// Whether ours begins anew, as all that it is made of did.
    fileprivate mutating func decide(_ round: Int) {
        guard self.round == round, hasBegunAnew, !hasGrown, plain < shown else { return }
        isNew = true
        folded = nil
    }

    fileprivate mutating func add(_ share: ServerPicture.Value) { value = value.map { $0.adding(share) ?? $0 } ?? share }

    fileprivate mutating func finish(_ round: Int) {
        guard self.round == round else { return }
        if let folded { add(folded) }
        // In another order the same numbers may add up to a little less, which Prometheus would take for a new beginning.
        if !isNew { value = value?.raised(to: shown, sum: shownSum) }
        shown = value?.amount ?? 0
        if case .distribution(let distribution) = value { shownSum = distribution.sum }
    }

    fileprivate mutating func fold(_ share: ServerPicture.Value) { folded = folded.map { $0.adding(share) ?? $0 } ?? share }
}
