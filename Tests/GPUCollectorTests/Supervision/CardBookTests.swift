import Primitives
import Testing

@testable import GPUCollector

@Suite struct CardBookTests {
    private let book = CardBook()
    private let start = ContinuousClock.now

    private func later(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func hello(_ cards: [String], code: Int32 = 0) -> ReaderLine {
        var hello = ReaderLine.Hello(code: code)
        (hello.cards, hello.count) = (cards, cards.count)
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

    @Test func `a card that is found no more is lost, keeps its name and comes back`() {
        book.take(hello(["a", "b"]), from: 1, now: start)
        book.take(sample("a"), from: 1, now: start)
        book.take(sample("b"), from: 1, now: start)
        book.end(1)
        book.take(hello(["b"]), from: 2, now: later(10))
        #expect(state("a", at: 10) == .lost)
        #expect(book.view.cards.map(\.identity.name) == ["H200", "H200"])
        book.take(hello(["a", "b"]), from: 3, now: later(20))
        book.take(sample("a"), from: 3, now: later(20))
        #expect(state("a", at: 20) == .ok)
        // After a day it is forgotten.
        book.take(hello(["b"]), from: 4, now: later(30))
        book.take(hello(["b"]), from: 4, now: later(86_500))
        #expect(book.view.cards.map(\.identity.uuid) == ["b"])
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
