import Primitives
import Testing

@testable import LibvirtCollector

@Suite struct SuspectBookTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    /// A book with one that hangs, and the thread that hangs in it.
    private func book() throws -> (book: SuspectBook, thread: ThreadLedger.Ticket) {
        var ledger = ThreadLedger(limit: 64)
        let ticket = ledger.begin(.statistics)
        let thread = try #require(ticket)
        var book = SuspectBook()
        book.hangs.add(thread, call: "virDomainListGetStats", domains: ["a"], mayWait: false, now: start)
        book.name("a", call: "virDomainListGetStats", now: start, unixSeconds: 1000)
        return (book, thread)
    }

    @Test func `while it owes an answer it is not asked, however long`() throws {
        var (book, _) = try book()
        for seconds in [1.0, 100, 10_000] {
            #expect(book.due(now: at(seconds), controls: ["a": DomainControl(state: .occupied, seconds: seconds)]).isEmpty)
        }
    }

    @Test func `when it owes none it is asked at once, and once`() throws {
        var (book, thread) = try book()
        let free = ["a": DomainControl(state: .ok, seconds: 0)]
        book.threadIsBack(thread, now: at(7))
        #expect(book.due(now: at(7), controls: free) == ["a"])
        #expect(book.due(now: at(8), controls: free).isEmpty)
        book.clear("a")
        #expect(book["a"] == nil && book.due(now: at(9), controls: free).isEmpty)
    }

    @Test func `it keeps the call and the time that were said first`() throws {
        var (book, _) = try book()
        book.name("a", call: "virDomainGetJobStats", now: at(50), unixSeconds: 1050)
        #expect(book["a"]?.call == "virDomainListGetStats" && book["a"]?.sinceUnixSeconds == 1000 && book["a"]?.since == start)
    }

    @Test func `where libvirt says nothing of monitors it is asked less and less often`() throws {
        var (book, _) = try book()
        var times: [Double] = []
        for seconds in stride(from: 0.0, through: 3600, by: 1) where book.due(now: at(seconds), controls: [:]) == ["a"] {
            times.append(seconds)
            book.askEnded("a")
        }
        #expect(times == [60, 180, 420, 900, 1500, 2100, 2700, 3300])
    }

    @Test func `it takes two threads at most`() throws {
        var ledger = ThreadLedger(limit: 64)
        _ = ledger.begin(.statistics)
        var (book, first) = try book()
        let second = ledger.begin(.statistics)
        #expect(book.due(now: at(60), controls: [:]) == ["a"])
        book.hangs.add(try #require(second), call: "c", domains: ["a"], mayWait: false, now: at(65))
        book.askEnded("a")
        #expect(book.due(now: at(10_000), controls: [:]).isEmpty)
        #expect(book.due(now: at(10_000), controls: ["a": DomainControl(state: .ok, seconds: 0)]).isEmpty)
        book.threadIsBack(first, now: at(10_001))
        #expect(book.due(now: at(10_001), controls: [:]) == ["a"])
    }

    @Test func `a thread that comes back makes one due`() throws {
        var (book, thread) = try book()
        #expect(book.due(now: at(1), controls: [:]).isEmpty)
        book.threadIsBack(thread, now: at(2))
        #expect(book.due(now: at(2), controls: [:]) == ["a"])
    }

    @Test func `who is gone is forgotten`() throws {
        var (book, _) = try book()
        book.keep(["b"], changed: [])
        #expect(book.suspects.isEmpty)
        book.askEnded("a")
        book.clear("a")
        #expect(book.suspects.isEmpty)
    }

    @Test func `another instance is not suspect, and no thread hangs in it`() throws {
        var (book, thread) = try book()
        book.keep(["a"], changed: ["a"])
        #expect(book["a"] == nil && book.hangs.threads(in: "a") == 0 && book.hangs.proven(now: at(1000)).isEmpty)
        book.threadIsBack(thread, now: at(2))
        #expect(book.suspects.isEmpty)
    }

    @Test(arguments: [true, false])
    func `one that a job holds is released, unless a thread of ours hangs in it`(_ hangs: Bool) throws {
        var (book, thread) = try book()
        if !hangs { book.threadIsBack(thread, now: at(1)) }
        #expect(book.release(["a": DomainControl(state: .occupied, seconds: 9)], now: at(2)).isEmpty)
        #expect(book.release(["a": DomainControl(state: .job, seconds: 9)], now: at(2)) == (hangs ? [] : ["a"]))
        #expect((book["a"] != nil) == hangs)
    }
}
