import Testing

@testable import Ownership

@Suite struct EngineBookTests {
    private static let id = CgroupPlaceTests.id
    private static let other = CgroupPlaceTests.other

    private static func event(_ action: String, _ id: String = Self.id, code: Int? = nil) throws -> EngineEvent {
        let attributes = code.map { #","Attributes":{"exitCode":"\#($0)"}"# } ?? ""
        return try #require(
            EngineEvent(line: Array(#"{"Type":"container","Action":"\#(action)","Actor":{"ID":"\#(id)"\#(attributes)}}"#.utf8)))
    }

    private static func id(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 64 - digits.count) + digits
    }

    private static func restarts(_ book: EngineBook, _ id: String = Self.id) -> Int? { book.containers[id]?.restarts }

    @Test func `restarts are counted over events, misses and new containers of the name`() throws {
        var book = EngineBook()
        func started(_ second: Int, id: String = Self.id, count: Int = 0) throws -> EngineContainer {
            try #require(try container(inspection(id: id, started: "2026-11-22T16:24:\(second)Z", restartCount: count)))
        }
        // Two by policy before we came.
        book.take(try started(10, count: 2), now: 0)
        #expect(Self.restarts(book) == 2)
        // Nothing has happened.
        book.take(try started(10, count: 2), now: 1)
        #expect(Self.restarts(book) == 2)
        // By hand, heard of.
        _ = book.take(try Self.event("restart"))
        _ = book.take(try Self.event("start"))
        book.take(try started(11, count: 2), now: 2)
        #expect(Self.restarts(book) == 3)
        // Three quick ones.
        for _ in 0..<3 { _ = book.take(try Self.event("start")) }
        book.take(try started(12, count: 2), now: 3)
        #expect(Self.restarts(book) == 6)
        // Four by policy while the socket was gone, then one by hand then.
        book.take(try started(13, count: 6), now: 4)
        #expect(Self.restarts(book) == 10)
        book.take(try started(14, count: 6), now: 5)
        #expect(Self.restarts(book) == 11)
        // Made anew under the same name.
        _ = book.take(try Self.event("destroy"))
        #expect(book.containers.isEmpty)
        book.take(try started(20, id: Self.other), now: 6)
        #expect(Self.restarts(book, Self.other) == 12)
    }

    /// Ends: the events of the former container of the name, and whether the next is a restart.
    static let ends: [(what: String, events: [(String, Int?)], restarts: Int)] = [
        ("ended by itself and removed", [("die", 0), ("destroy", nil)], 0),
        ("failed by itself and removed", [("die", 1), ("remove", nil)], 0),
        ("stopped, and it ended well", [("kill", nil), ("die", 0), ("stop", nil), ("destroy", nil)], 1),
        ("killed", [("died", 137), ("remove", nil)], 1),
        ("removed while it ran", [("remove", nil)], 1),
        ("nothing was heard", [], 0),
    ]

    @Test(arguments: ends)
    func `a job that is made anew is no restart, one in place of a running one is`(
        _ example: (what: String, events: [(String, Int?)], restarts: Int)
    ) throws {
        var book = EngineBook()
        for round in 0..<5 {
            let id = Self.id(round)
            _ = book.take(try Self.event("start", id))
            book.take(try #require(try container(inspection(id: id, started: "2026-11-22T16:24:1\(round)Z"))), now: Double(round))
            #expect(Self.restarts(book, id) == round * example.restarts, "\(example.what)")
            for (action, code) in example.events { _ = book.take(try Self.event(action, id, code: code)) }
            // What is gone answers no more, before or after it is heard of.
            book.forget(id: id)
        }
    }

    @Test func `one that is only made takes nobody's place`() throws {
        var book = EngineBook()
        book.take(try #require(try container(inspection())), now: 0)
        for (action, code) in [("die", 0), ("destroy", nil)] { _ = book.take(try Self.event(action, code: code)) }
        // The next is looked at between its making and its start.
        let made = inspection(id: Self.other, state: "created", started: "0001-01-01T00:00:00Z")
        book.take(try #require(try container(made)), now: 1)
        _ = book.take(try Self.event("start", Self.other))
        book.take(try #require(try container(inspection(id: Self.other, started: "2026-11-22T16:25:00Z"))), now: 2)
        #expect(Self.restarts(book, Self.other) == 0)
    }

    @Test func `the answer that it is gone may come before the word of its end`() throws {
        var book = EngineBook()
        book.take(try #require(try container(inspection())), now: 0)
        book.forget(id: Self.id)
        for (action, code) in [("died", 137), ("remove", nil)] { _ = book.take(try Self.event(action, code: code)) }
        book.take(try #require(try container(inspection(id: Self.other, started: "2026-11-22T16:25:00Z"))), now: 1)
        #expect(Self.restarts(book, Self.other) == 1)
    }

    @Test func `a flood of events leaves nothing behind`() throws {
        var book = EngineBook()
        book.take(try #require(try container(inspection())), now: 0)
        var inspected = 0
        for number in 0..<20_000 where book.take(try Self.event("start", Self.id(number))) == .inspect { inspected += 1 }
        #expect(inspected == EngineBook.strangerLimit && book.newsCount <= EngineBook.strangerLimit)
        // Who is known is heard all the same.
        let known = book.take(try Self.event("start"))
        #expect(known == .inspect)
        // With the next list there is room again, and what was kept of strangers is gone.
        _ = book.take(list: [.init(id: Self.id, state: "running")], now: 1)
        #expect(book.newsCount == 1)
        let again = book.take(try Self.event("start", Self.id(5)))
        #expect(again == .inspect)
    }

    @Test func `of very many lines the rest is left out and known to be missing`() {
        var pace = LinePace()
        let start = ContinuousClock.now
        let first = pace.room(for: LinePace.linesPerSecond - 1, now: start)
        #expect(first == LinePace.linesPerSecond - 1 && !pace.isLost)
        let rest = pace.room(for: 5, now: start.advanced(by: .milliseconds(900)))
        let isLost = pace.takeIsLost()
        #expect(rest == 1 && isLost && !pace.isLost)
        let next = pace.room(for: 5, now: start.advanced(by: .seconds(2)))
        #expect(next == 5)
    }

    @Test func `the first start is none again`() throws {
        var book = EngineBook()
        let created = inspection(state: "created", started: "0001-01-01T00:00:00Z")
        book.take(try #require(try container(created)), now: 0)
        _ = book.take(try Self.event("start"))
        book.take(try #require(try container(inspection())), now: 1)
        #expect(Self.restarts(book) == 0)
    }

    @Test func `kills for want of memory are counted once`() throws {
        var book = EngineBook()
        func run(_ second: Int, killed: Bool) throws -> EngineContainer {
            let more = killed ? #","OOMKilled":true"# : ""
            return try #require(try container(inspection(started: "2026-11-22T16:24:\(second)Z", more: more)))
        }
        book.take(try run(10, killed: false), now: 0)
        #expect(book.containers[Self.id]?.oomKills == 0)
        // Heard of, and the engine's word about the end is of the same.
        _ = book.take(try Self.event("oom"))
        book.take(try run(10, killed: false), now: 1)
        book.take(try run(10, killed: true), now: 2)
        #expect(book.containers[Self.id]?.oomKills == 1)
        #expect(book.containers[Self.id]?.oomKillsOfRun == 1)
        // The next run ends so, unheard, as Podman has no such event.
        book.take(try run(11, killed: false), now: 3)
        #expect(book.containers[Self.id]?.oomKillsOfRun == 0)
        book.take(try run(11, killed: true), now: 4)
        book.take(try run(11, killed: true), now: 5)
        #expect(book.containers[Self.id]?.oomKills == 2)
    }

    @Test func `who has ended is forgotten after ten minutes`() throws {
        var book = EngineBook()
        let ended = inspection(state: "exited").replacing("0001-01-01T00:00:00Z", with: "2026-11-22T16:24:50Z")
        book.take(try #require(try container(ended)), now: 0)
        #expect(book.shown(now: 1_795_364_690 + 599).count == 1)
        #expect(book.shown(now: 1_795_364_690 + 601).isEmpty)
    }

    @Test func `of a list the new and the changed are inspected, the others forgotten`() throws {
        var book = EngineBook()
        let list = [Self.id, Self.other].map { EngineBook.Listed(id: $0, state: "running") }
        #expect(book.take(list: list, now: 0) == [Self.id, Self.other])
        book.take(try #require(try container(inspection())), now: 0)
        #expect(book.take(list: list, now: 0) == [Self.other])
        #expect(book.take(list: list, now: 0, afterSilence: true) == [Self.id, Self.other])
        #expect(book.take(list: [.init(id: Self.id, state: "exited")], now: 0) == [Self.id])
        #expect(book.take(list: [], now: 0) == [] && book.containers.isEmpty)
    }

    @Test func `there is an end to how many are known`() throws {
        var book = EngineBook()
        for number in 0..<(EngineBook.limit + 50) {
            let digits = String(number)
            let id = String(repeating: "0", count: 64 - digits.count) + digits
            book.take(try #require(try container(inspection(id: id, name: "c\(number)"))), now: 0)
        }
        #expect(book.containers.count == EngineBook.limit)
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
