import Primitives
import Testing

@testable import GPUCollector

@Suite struct CardBookTests {
    private let book = CardBook()
    private let start = ContinuousClock.now

    private func later(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func hello(_ cards: [String], code: Int32 = 0, missing: [ReaderLine.MissingCard] = []) -> ReaderLine {
        var hello = ReaderLine.Hello(code: code)
        (hello.cards, hello.missing, hello.count) = (cards, missing, cards.count + missing.count)
        return .hello(hello)
    }

    private func sample(_ uuid: String, _ condition: CardCondition = .ok, name: String = "H200") -> ReaderLine {
        var identity = CardIdentity(uuid: uuid, index: 0)
        identity.name = name
        return .card(CardSample(identity: identity, condition: condition, facts: condition == .ok ? [.power: 300] : [:]))
    }

    private func state(_ uuid: String, at seconds: Double) -> CardBook.CardState? {
        let view = book.view
        return view.cards.first { $0.identity.uuid == uuid }?.state(view.reader, now: later(seconds), maximumAgeSeconds: 60)
    }

    @Test func `a card is what it was last said to be`() {
        book.take(hello(["a"]), from: 1, now: start)
        book.take(sample("a"), from: 1, now: start)
        #expect(state("a", at: 0) == .ok)
        #expect(state("a", at: 61) == .unknown)
        book.take(sample("a", .lost, name: ""), from: 1, now: later(1))
        #expect(state("a", at: 1) == .lost)
        #expect(book.view.cards.first?.identity.name == "H200")
        book.take(sample("a", .resetRequired), from: 1, now: later(2))
        #expect(state("a", at: 2) == .resetRequired)
        book.take(.stuck(ReaderLine.StuckCall(uuid: "a", call: "x", seconds: 4)), from: 1, now: later(3))
        #expect(state("a", at: 4) == .stuck)
        // That its helper is killed, and the next one comes up, does not mean that it answers.
        book.end(1)
        book.take(hello(["a"]), from: 2, now: later(4))
        #expect(state("a", at: 30) == .stuck)
        book.take(sample("a"), from: 1, now: later(5))
        #expect(state("a", at: 5) == .ok)
    }

    @Test func `a helper that crashes says nothing of the cards`() {
        book.take(hello(["a"]), from: 1, now: start)
        book.take(sample("a"), from: 1, now: start)
        book.noteFailure("crashed")
        #expect(state("a", at: 30) == .ok)
        #expect(state("a", at: 61) == .unknown)
    }

    @Test func `a library that hangs is said to until it says hello`() {
        book.take(.stuck(ReaderLine.StuckCall(uuid: nil, call: "nvmlInitWithFlags", seconds: 4)), from: 1, now: start)
        #expect(book.view.reader.isStuck(now: later(1)))
        #expect(!book.view.reader.isStuck(now: later(6)))
        book.end(1, now: later(1))
        #expect(book.view.reader.isStuck(now: later(60)))
        book.take(hello(["a"]), from: 2, now: later(70))
        #expect(!book.view.reader.isStuck(now: later(70)))
    }

    @Test func `a driver that was changed is said of every card, and mended by the next helper`() {
        book.take(hello(["a"]), from: 1, now: start)
        book.take(sample("a"), from: 1, now: start)
        book.take(.end(code: 18, call: "x"), from: 1, now: later(1))
        book.end(1)
        #expect(state("a", at: 1) == .driverMismatch)
        book.take(hello([], code: 9), from: 2, now: later(2))
        #expect(state("a", at: 2) == .unknown)
        book.take(hello(["a"]), from: 3, now: later(3))
        book.take(sample("a"), from: 3, now: later(3))
        #expect(state("a", at: 3) == .ok)
    }

    @Test func `a card that is counted and not found is lost, keeps its name and comes back`() {
        book.take(hello(["a", "b"]), from: 1, now: start)
        book.take(sample("a"), from: 1, now: start)
        book.take(sample("b"), from: 1, now: start)
        book.end(1)
        book.take(hello(["b"], missing: [ReaderLine.MissingCard(index: 0, condition: .lost)]), from: 2, now: later(10))
        #expect(state("a", at: 10) == .lost)
        #expect(state("a", at: 500) == .lost)
        #expect(book.view.cards.map(\.identity.name) == ["H200", "H200"])
        book.take(hello(["a", "b"]), from: 3, now: later(20))
        book.take(sample("a"), from: 3, now: later(20))
        #expect(state("a", at: 20) == .ok)
    }

    @Test func `a card that is counted no more is not shown, and its XIDs are known when it comes back`() {
        book.take(hello(["a", "b"]), from: 1, now: start)
        book.take(sample("a"), from: 1, now: start)
        book.take(sample("b"), from: 1, now: start)
        book.take(.event(ReaderLine.XIDEvent(uuid: "a", xid: 79, unixSeconds: 10)), from: 1, now: start)
        book.take(hello(["b"]), from: 2, now: later(30))
        #expect(book.view.cards.map(\.identity.uuid) == ["b"])
        book.take(hello(["a", "b"]), from: 3, now: later(60))
        book.take(sample("a"), from: 3, now: later(60))
        #expect(state("a", at: 60) == .ok)
        #expect(book.view.cards.first { $0.identity.uuid == "a" }?.xids[79]?.count == 1)
        // After a day it is forgotten.
        book.take(hello(["b"]), from: 4, now: later(70))
        book.take(hello(["b"]), from: 4, now: later(86_500))
        book.take(hello(["a", "b"]), from: 5, now: later(86_600))
        #expect(book.view.cards.map(\.identity.uuid) == ["b"])
    }

    @Test func `a card that was lost before we began has a state`() {
        let lost = ReaderLine.MissingCard(index: 1, uuid: "c", busID: "00000000:19:00.0", name: "H200", condition: .lost)
        book.take(hello(["b"], missing: [lost, ReaderLine.MissingCard(index: 2, condition: .lost)]), from: 1, now: start)
        #expect(state("c", at: 100) == .lost)
        #expect(state("unknown-2", at: 100) == .lost)
        #expect(book.view.cards.map(\.identity.name) == ["H200", ""])
        // It says its name, and is not there twice.
        book.take(hello(["b", "c", "d"]), from: 2, now: later(110))
        book.take(sample("c"), from: 2, now: later(110))
        #expect(state("c", at: 110) == .ok)
        #expect(state("unknown-2", at: 110) == nil)
    }

    @Test func `what GPU instances did holds until the next helper has measured it`() {
        func divided(_ activity: [String: Double]) -> ReaderLine {
            var sample = CardSample(identity: CardIdentity(uuid: "a", index: 0))
            sample.migs = [MIGSample(uuid: "m", gpuInstance: 1, computeInstance: 0, profile: "", activity: activity)]
            return .card(sample)
        }
        var shown: [String: Double]? { book.view.cards.first?.sample.migs.first?.activity }
        book.take(divided(["sm": 0.5]), from: 1, now: start)
        book.take(divided([:]), from: 2, now: later(3))
        book.take(divided([:]), from: 2, now: later(8))
        #expect(shown == ["sm": 0.5])
        book.take(divided(["sm": 0.25]), from: 2, now: later(10))
        // One that cannot tell any more is believed.
        book.take(divided([:]), from: 2, now: later(11))
        #expect(shown == [:])
        book.take(divided([:]), from: 3, now: later(41))
        #expect(shown == [:])
    }

    @Test func `what no card can have is not shown, and counted`() {
        var sample = CardSample(identity: CardIdentity(uuid: "a", index: 0))
        sample.facts = [
            .utilization: 42_949_672.95, .memoryUtilization: 1.01, .memoryUsed: 9.2e18, .temperature: 1.8e19, .power: -5,
            .remappedCorrectable: -2_013_235_812, .energy: 12,
        ]
        sample.processes = [ProcessSample(pid: 1, memoryBytes: 1e300, utilization: -5)]
        sample.vgpus = [VGPUSample(uuid: "v", smUtilization: 7, framebufferUsed: 5)]
        book.take(.card(sample), from: 1, now: start)
        let shown = book.view.cards.first?.sample
        #expect(shown?.facts == [.memoryUtilization: 1, .energy: 12])
        #expect(shown?.processes == [ProcessSample(pid: 1)])
        #expect(shown?.vgpus == [VGPUSample(uuid: "v", framebufferUsed: 5)])
        #expect(book.view.reader.refusedValues == 8)
    }

    @Test func `no XID has happened that is to come`() {
        let book = CardBook(wallClock: .fixed(1000))
        book.take(sample("a"), from: 1, now: start)
        book.take(.event(ReaderLine.XIDEvent(uuid: "a", xid: 79, unixSeconds: 1e300)), from: 1, now: start)
        #expect(book.view.cards.first?.xids[79]?.last == 1000)
    }

    @Test func `an XID error is said once a minute with its number`() {
        var log = EventLog()
        let event = ReaderLine.XIDEvent(uuid: "a", xid: 13, unixSeconds: 1)
        #expect(log.take(event, now: start) == 1)
        for _ in 0..<1000 { #expect(log.take(event, now: later(1)) == nil) }
        #expect(log.take(ReaderLine.XIDEvent(uuid: "a", xid: 31, unixSeconds: 1), now: later(2)) == 1)
        #expect(log.take(event, now: later(61)) == 1001)
    }

    @Test func `counts of helpers add up`() {
        func calls(_ count: Int) -> ReaderLine { .calls([ReaderLine.CallCount(call: "c", code: 0, count: count)]) }
        let first = book.begin()
        book.take(calls(5), from: first)
        book.take(calls(8), from: first)
        book.take(calls(8), from: first)
        book.end(first)
        let second = book.begin()
        book.take(calls(2), from: second)
        // One that counts backwards is not believed.
        book.take(calls(1), from: second)
        #expect(book.view.reader.calls == [CardBook.CallKey(call: "c", code: 0): 10])
        #expect(book.view.reader.restarts == 1)
    }

    @Test func `XIDs are counted over helpers`() {
        book.take(sample("a"), from: 1, now: start)
        for (helper, time) in [(1, 10.0), (1, 20.0), (2, 30.0)] {
            book.take(.event(ReaderLine.XIDEvent(uuid: "a", xid: 79, unixSeconds: time)), from: helper, now: start)
        }
        book.take(.event(ReaderLine.XIDEvent(uuid: "nobody", xid: 79, unixSeconds: 1)), from: 1, now: start)
        let xids = book.view.cards.first?.xids[79]
        #expect(xids?.count == 3)
        #expect(xids?.last == 30)
    }

    @Test func `more cards than any machine has are not taken`() {
        for number in 0..<200 { book.take(sample("GPU-\(number)"), from: 1, now: start) }
        #expect(book.view.cards.count == ReaderLine.cardLimit)
    }
}
