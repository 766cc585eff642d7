import Primitives
import Synchronization

/// All that is known of the cards and of the helper that reads them: written line by line, read at each scrape.
final class CardBook: Sendable {
    /// A card, also one that is there no more.
    struct Card: Sendable {
        var identity: CardIdentity
        /// The last that came, and when.
        var sample: CardSample
        var takenAt: ContinuousClock.Instant
        /// Counts the samples, so that a new one can be told.
        var generation = 0
        /// When it was last among the cards that the library found.
        var foundAt: ContinuousClock.Instant
        var isFound = true
        /// NVML counts it no more: it is not shown, and forgotten after a day.
        var isGone = false
        /// Whether a sample of it has ever come; else there is only what the driver's files know.
        var hasAnswered = true
        /// What GPU instances did, by the MIG device's UUID, with who said so and when.
        var activities: [String: Activity] = [:]
        /// Whether its XIDs have ever been listened for; then there are zeros of those that are watched.
        var hasListened = false
        /// How often each XID was seen, and when last (seconds since 1970).
        var xids: [Int: (count: Int, last: Double)] = [:]
        /// The call that did not come back, until the card answers: a helper that was killed for it is no answer.
        var stuck: (call: String, seconds: Double)?
        /// Who works on it, by the last sample that was resolved.
        var owners: (usage: OwnerUsage, takenAt: ContinuousClock.Instant)?

        typealias Activity = (values: [String: Double], helper: Int, takenAt: ContinuousClock.Instant)

        func state(_ reader: Reader, now: ContinuousClock.Instant, maximumAgeSeconds: Double) -> CardState {
            if reader.code == .versionMismatch { return .driverMismatch }
            if stuck != nil { return .stuck }
            // A helper that crashed says nothing of the cards; a driver that is gone does.
            let isDriverGone = reader.code.map { $0.meaning == .stale || $0 == .libraryNotFound } ?? true
            // One that was not found is as the library said then.
            if isDriverGone || isFound && (now - takenAt).seconds > maximumAgeSeconds { return .unknown }
            switch sample.condition {
            case .ok: return .ok
            case .lost: return .lost
            case .resetRequired: return .resetRequired
            case .unknown: return .unknown
            }
        }
    }

    enum CardState: String, Sendable, CaseIterable {
        case ok, lost
        case resetRequired = "reset_required"
        case driverMismatch = "driver_mismatch"
        case stuck
        /// Neither good nor bad is known of it: the driver is not loaded, or nothing has come for too long.
        case unknown
    }

    /// The helper.
    struct Reader: Sendable {
        /// What the library said when it was asked last whether it works; nil before the first word.
        var code: ReturnCode?
        var reason = ""
        /// Whether a helper is there whose library works.
        var isUp = false
        var hello: ReaderLine.Hello?
        /// A call of no card that did not come back when that was said last; it holds for ever when its helper is gone.
        var stuck: (call: String, saidAt: ContinuousClock.Instant, holds: Bool)?
        var restarts = 0
        /// Lines that could not be read.
        var badLines = 0
        /// Numbers that no card can have.
        var refusedValues = 0
        /// Helpers that were killed and are still there.
        var unkillable = 0
        /// By call and code.
        var calls: [CallKey: Int] = [:]

        func isStuck(now: ContinuousClock.Instant) -> Bool {
            stuck.map { $0.holds || (now - $0.saidAt).seconds < CardBook.stuckSeconds } ?? false
        }
    }

    struct CallKey: Hashable, Sendable {
        let call: String
        let code: Int32
    }

    struct View: Sendable {
        var reader: Reader
        /// By index, then UUID.
        var cards: [Card]
    }

    private struct State {
        var reader = Reader()
        var cards: [String: Card] = [:]
        /// What the present helpers have counted so far, by their numbers.
        var counted: [Int: [CallKey: Int]] = [:]
        var generation = 0
        var helpers = 0
    }

    /// How long the word that a call of no card hangs holds; the helper repeats it each second.
    static let stuckSeconds = 5.0
    /// A card that is found no more is forgotten after a day.
    private static let keptSeconds = 86_400.0
    private static let xidLimit = 200
    private static let callLimit = 4096

    /// How long what GPU instances did holds while the next helper has not measured it yet.
    private static let activitySeconds = 30.0
    private let wallClock: WallClock
    private let state = Mutex(State())

    init(wallClock: WallClock = .system) { self.wallClock = wallClock }

    // MARK: what the helper says

    /// A helper was started; the number is its own.
    func begin() -> Int {
        state.withLock { state in
            state.helpers += 1
            if state.helpers > 1 { state.reader.restarts += 1 }
            return state.helpers
        }
    }

    /// It has ended, or was given up.
    func end(_ helper: Int, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            state.counted[helper] = nil
            state.reader.isUp = false
            // Until the next says hello nobody knows better.
            let holds = state.reader.isStuck(now: now)
            state.reader.stuck?.holds = holds
        }
    }

    func note(unkillable: Int) { state.withLock { $0.reader.unkillable = unkillable } }

    func noteBadLine() { state.withLock { $0.reader.badLines += 1 } }

    /// A helper cannot even be started, or ends without a word.
    func noteFailure(_ reason: String) {
        state.withLock { state in
            state.reader.code = .unknown
            state.reader.reason = reason
            state.reader.isUp = false
        }
    }

    func take(_ line: ReaderLine, from helper: Int, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            switch line {
            case .hello(let hello): Self.take(hello, &state, now)
            case .card(let sample): Self.take(sample, from: helper, &state, now)
            case .event(let event):
                guard var card = state.cards[event.uuid], card.xids[event.xid] != nil || card.xids.count < Self.xidLimit else { return }
                // None has happened that is to come.
                card.xids[event.xid] = ((card.xids[event.xid]?.count ?? 0) + 1, min(event.unixSeconds, wallClock.unixSeconds))
                state.cards[event.uuid] = card
            case .calls(let counts): Self.take(counts, from: helper, &state)
            case .stuck(let stuck):
                if let uuid = stuck.uuid {
                    state.cards[uuid]?.stuck = (stuck.call, stuck.seconds)
                } else {
                    state.reader.stuck = (stuck.call, now, false)
                }
            case .end(let code, _):
                // One that leaves to be begun anew has a library that works.
                let code = ReturnCode(code)
                if code.meaning == .stale { state.reader.code = code }
                state.reader.isUp = false
            }
        }
    }

    private static func take(_ hello: ReaderLine.Hello, _ state: inout State, _ now: ContinuousClock.Instant) {
        state.reader.code = ReturnCode(hello.code)
        state.reader.reason = hello.reason
        state.reader.isUp = hello.code == 0
        state.reader.stuck = nil
        guard hello.code == 0 else { return }
        state.reader.hello = hello
        let found = Set(hello.cards)
        for uuid in state.cards.keys {
            state.cards[uuid]?.isFound = found.contains(uuid)
            state.cards[uuid]?.isGone = !found.contains(uuid)
            if found.contains(uuid) { state.cards[uuid]?.foundAt = now }
        }
        for missing in hello.missing { take(missing, &state, now) }
        state.cards = state.cards.filter { !$0.value.isGone || $0.value.hasAnswered && (now - $0.value.foundAt).seconds < keptSeconds }
    }

    /// A card that NVML counts and that does not answer: one that we know, or one of which its place is all that is known.
    private static func take(_ missing: ReaderLine.MissingCard, _ state: inout State, _ now: ContinuousClock.Instant) {
        let silent = state.cards.values.filter { !$0.isFound && $0.isGone }
        let known =
            missing.uuid.isEmpty
            ? silent.first { $0.identity.index == missing.index || !missing.busID.isEmpty && $0.identity.busID == missing.busID }?
                .identity.uuid
            : missing.uuid
        let uuid = known ?? "unknown-\(missing.index)"
        guard state.cards[uuid] != nil || state.cards.count < ReaderLine.cardLimit, state.cards[uuid]?.isFound != true else { return }
        var identity = CardIdentity(uuid: uuid, index: missing.index)
        (identity.name, identity.busID) = (missing.name, missing.busID)
        if let old = state.cards[uuid]?.identity { identity = merged(identity, with: old) }
        var card =
            state.cards[uuid]
            ?? Card(identity: identity, sample: CardSample(identity: identity), takenAt: now, foundAt: now, hasAnswered: false)
        (card.identity, card.sample) = (identity, CardSample(identity: identity, condition: missing.condition))
        (card.isFound, card.isGone, card.foundAt, card.stuck, card.owners) = (false, false, now, nil, nil)
        state.cards[uuid] = card
    }

    /// What a card is stays known when it cannot say it any more.
    private static func merged(_ new: CardIdentity, with old: CardIdentity) -> CardIdentity {
        CardIdentity(
            uuid: new.uuid, index: new.index, name: new.name.isEmpty ? old.name : new.name,
            busID: new.busID.isEmpty ? old.busID : new.busID, minorNumber: new.minorNumber ?? old.minorNumber,
            virtualizationMode: new.virtualizationMode.isEmpty ? old.virtualizationMode : new.virtualizationMode,
            architecture: new.architecture.isEmpty ? old.architecture : new.architecture)
    }

    private static func take(_ sample: CardSample, from helper: Int, _ state: inout State, _ now: ContinuousClock.Instant) {
        let uuid = sample.identity.uuid
        var sample = sample
        let (refused, isTooMuch) = state.reader.refusedValues.addingReportingOverflow(sample.refuseAbsurd())
        state.reader.refusedValues = isTooMuch ? Int.max : refused
        state.generation += 1
        guard var card = state.cards[uuid] else {
            guard state.cards.count < ReaderLine.cardLimit else { return }
            state.cards[uuid] = Card(
                identity: sample.identity, sample: sample, takenAt: now, generation: state.generation, foundAt: now,
                activities: activities(of: sample, helper, [:], now), hasListened: sample.facts[.listensForXIDs] == 1)
            return
        }
        card.identity = merged(sample.identity, with: card.identity)
        card.activities = activities(of: sample, helper, card.activities, now)
        for (place, mig) in sample.migs.enumerated() where mig.activity.isEmpty {
            // The next helper needs two samples before it can tell.
            if let last = card.activities[mig.uuid], last.helper != helper { sample.migs[place].activity = last.values }
        }
        card.sample = sample
        if sample.facts[.listensForXIDs] == 1 { card.hasListened = true }
        card.takenAt = now
        card.generation = state.generation
        (card.isFound, card.isGone, card.hasAnswered) = (true, false, true)
        card.foundAt = now
        card.stuck = nil
        state.cards[uuid] = card
    }

    private static func activities(
        of sample: CardSample, _ helper: Int, _ known: [String: Card.Activity], _ now: ContinuousClock.Instant
    ) -> [String: Card.Activity] {
        var activities = known.filter { (now - $0.value.takenAt).seconds < activitySeconds }
        for mig in sample.migs where !mig.activity.isEmpty {
            activities[mig.uuid] = (mig.activity, helper, now)
        }
        return activities
    }

    /// A helper counts from 0; what it says is added as far as it is more than it said before.
    private static func take(_ counts: [ReaderLine.CallCount], from helper: Int, _ state: inout State) {
        var known = state.counted[helper] ?? [:]
        for count in counts {
            let key = CallKey(call: count.call, code: count.code)
            let more = count.count - (known[key] ?? 0)
            guard more > 0, state.reader.calls[key] != nil || state.reader.calls.count < callLimit else { continue }
            known[key] = count.count
            let (sum, isTooMuch) = (state.reader.calls[key] ?? 0).addingReportingOverflow(more)
            state.reader.calls[key] = isTooMuch ? Int.max : sum
        }
        state.counted[helper] = known
    }

    // MARK: what others ask

    var view: View {
        state.withLock { state in
            View(
                reader: state.reader,
                cards: state.cards.values.filter { !$0.isGone }.sorted {
                    ($0.identity.index, $0.identity.uuid) < ($1.identity.index, $1.identity.uuid)
                })
        }
    }

    /// Whose samples are newer than those of these generations.
    func samples(newerThan known: [String: Int]) -> [Card] {
        state.withLock { state in state.cards.values.filter { $0.generation > known[$0.identity.uuid] ?? 0 } }
    }

    func set(_ usage: OwnerUsage, of uuid: String, takenAt: ContinuousClock.Instant) {
        state.withLock { $0.cards[uuid]?.owners = (usage, takenAt) }
    }
}
