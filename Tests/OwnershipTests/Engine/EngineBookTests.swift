import Testing

@testable import Ownership

@Suite struct EngineBookTests {
    private static let id = CgroupPlaceTests.id
    private static let other = CgroupPlaceTests.other

    private static func event(_ action: String, _ id: String = Self.id) throws -> EngineEvent {
        try #require(EngineEvent(line: Array(#"{"Type":"container","Action":"\#(action)","Actor":{"ID":"\#(id)"}}"#.utf8)))
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
