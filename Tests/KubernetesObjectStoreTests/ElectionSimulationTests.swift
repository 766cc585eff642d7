import ObjectStore
import Objects
import Primitives
import TestSupport
import Testing

@testable import KubernetesObjectStore

/// Candidates, a Lease and a network as a list of events in a time of their own, so that thousands of years of bad luck take a second.
private struct World {
    private struct Event {
        let at: Double
        let number: Int
        let what: What
    }

    private enum What {
        case ask(Int)
        case readReached(Int, round: Int)
        case readAnswered(Int, round: Int, APIObject?)
        case writeReached(Int, round: Int, APIObject, sentAt: Double)
        case writeAnswered(Int, round: Int, APIObject?, sentAt: Double)
        case wake(Int)
    }

    private struct Player {
        var candidate: Candidate
        /// Answers of earlier rounds were given up.
        var round = 0
        var isFrozen = false
        /// What came while it was frozen.
        var missed: [What] = []
        var wallOffset = 0.0
    }

    static let key = ObjectKey(.lease, "default", "manager")

    private let start = ContinuousClock.now
    private var random: SeededGenerator
    private var events: [Event] = []
    private var number = 0
    private var players: [Player]
    private var lease: APIObject?
    private var version = 0
    private(set) var now = 0.0
    /// Chance that a message is lost, and its longest way.
    let loss: Double
    let delay: Double
    let freezes: Bool
    /// Times at which somebody became the leader, and who.
    private(set) var turns: [(at: Double, who: Int)] = []
    private(set) var violations: [String] = []

    init(seed: UInt64, players count: Int, loss: Double, delay: Double, freezes: Bool, times: ElectionTimes = .standard) {
        random = SeededGenerator(seed: seed)
        (self.loss, self.delay, self.freezes) = (loss, delay, freezes)
        players = (0..<count).map { Player(candidate: Candidate(identity: "m\($0)", times: times), wallOffset: Double($0) * -86_400) }
        for index in 0..<count { post(Double.random(in: 0...2, using: &random), .ask(index)) }
    }

    private func instant(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private mutating func post(_ after: Double, _ what: What) {
        number += 1
        events.append(Event(at: now + after, number: number, what: what))
    }

    /// Sends a message, which may be lost.
    private mutating func send(_ what: What) {
        guard Double.random(in: 0...1, using: &random) >= loss else { return }
        post(Double.random(in: 0...delay, using: &random), what)
    }

    func leads(_ index: Int) -> Bool { players[index].candidate.leadsUntil.map { instant(now) < $0 } ?? false }

    mutating func kill(_ index: Int) {
        players[index].round = .max
        events.removeAll { if case .ask(index) = $0.what { true } else { false } }
    }

    var leader: Int? { players.indices.first(where: leads) }

    mutating func run(until end: Double) {
        while let next = events.indices.min(by: { (events[$0].at, events[$0].number) < (events[$1].at, events[$1].number) }),
            events[next].at <= end
        {
            let event = events.remove(at: next)
            now = event.at
            handle(event.what)
            let leaders = players.indices.filter(leads)
            if leaders.count > 1 { violations.append("\(now): \(leaders) lead") }
        }
        now = end
    }

    private mutating func handle(_ what: What) {
        switch what {
        case .ask(let index):
            guard hears(index, what) else { return }
            players[index].round += 1
            send(.readReached(index, round: players[index].round))
            post(Double.random(in: 2...4.4, using: &random), .ask(index))
            // The wall clock is set back and forth, and stands still.
            if Int.random(in: 0..<10, using: &random) == 0 { players[index].wallOffset = Double.random(in: -1e6...1e6, using: &random) }
            if freezes, Int.random(in: 0..<40, using: &random) == 0 {
                players[index].isFrozen = true
                post(Double.random(in: 0...60, using: &random), .wake(index))
            }
        case .readReached(let index, let round): send(.readAnswered(index, round: round, lease))
        case .readAnswered(let index, let round, let found):
            guard hears(index, what), players[index].round == round else { return }
            let wall = 1.8e9 + (now + players[index].wallOffset).rounded()
            let plan = players[index].candidate.plan(found, key: Self.key, now: instant(now), wallSeconds: wall)
            if case .write(let next) = plan { send(.writeReached(index, round: round, next, sentAt: now)) }
        case .writeReached(let index, let round, let next, let sentAt):
            var answer: APIObject?
            if next.metadata.resourceVersion == lease?.metadata.resourceVersion ?? "" {
                version += 1
                lease = next
                lease?.metadata.resourceVersion = String(version)
                answer = lease
            }
            send(.writeAnswered(index, round: round, answer, sentAt: sentAt))
        case .writeAnswered(let index, let round, let answer, let sentAt):
            guard hears(index, what), players[index].round == round else { return }
            guard answer != nil else { return players[index].candidate.wasRefused() }
            let didLead = leads(index)
            players[index].candidate.wrote(sentAt: instant(sentAt))
            if !didLead, leads(index) { turns.append((now, index)) }
        case .wake(let index):
            players[index].isFrozen = false
            let missed = players[index].missed
            players[index].missed = []
            for what in missed { handle(what) }
        }
    }

    /// A machine that sleeps hears everything when it wakes.
    private mutating func hears(_ index: Int, _ what: What) -> Bool {
        guard players[index].isFrozen else { return true }
        players[index].missed.append(what)
        return false
    }
}

@Suite struct ElectionSimulationTests {
    @Test(arguments: [(0.0, 0.05, false), (0.3, 1.0, false), (0.5, 3.0, true), (0.1, 6.0, true), (0.0, 0.01, true)])
    func `two never lead, whatever is lost, late, asleep or wrong about the time`(loss: Double, delay: Double, freezes: Bool) {
        var turns = 0
        for seed in 0..<10 {
            var world = World(seed: UInt64(seed), players: 3, loss: loss, delay: delay, freezes: freezes)
            world.run(until: 1200)
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.first ?? "")")
            turns += world.turns.count
        }
        // Else nothing was tried.
        #expect(turns >= 5)
    }

    @Test func `a leader that nothing disturbs leads on`() {
        var world = World(seed: 5, players: 2, loss: 0, delay: 0.1, freezes: false)
        world.run(until: 1800)
        #expect(world.turns.count == 1)
        #expect(world.leader != nil)
    }

    @Test(arguments: 0..<10) func `another leads when a leader is gone for as long as a Lease lasts, and not before`(seed: Int) {
        var world = World(seed: UInt64(seed), players: 2, loss: 0, delay: 0.1, freezes: false)
        world.run(until: 100)
        let first = world.leader ?? 0
        world.kill(first)
        world.run(until: 200)
        let taken = world.turns.last
        #expect(taken?.who == 1 - first)
        // The last renewal came up to 4.4 s before and was seen up to 4.4 s after, and the next attempt is up to 4.4 s late.
        #expect((110...124.2).contains(taken?.at ?? 0))
    }
}
