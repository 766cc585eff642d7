import Primitives
import Testing

@testable import LLMCollector

@Suite("Whose turn it is") struct BookTests {
    private static func target(_ name: String, port: Int = 8000, kind: String? = "vllm") -> ServerTarget {
        ServerTarget(name: name, address: ServerAddress(url: "http://127.0.0.1:\(port)"), kind: kind)
    }

    private static let answer = ServerPoll.Result(kind: "vllm", picture: nil, problem: nil, durationSeconds: 0)

    @Test("Nobody is asked twice within the interval, nor while an answer is on its way")
    func interval() {
        let book = ServerBook()
        let owner = book.take()
        book.set([Self.target("a"), Self.target("b", port: 8001)], owner: owner)
        let start = ContinuousClock.now
        func turns(_ seconds: Double, limit: Int = 10) -> [ServerBook.Turn] {
            book.turns(now: start.advanced(by: .seconds(seconds)), intervalSeconds: 30, limit: limit)
        }
        let first = turns(0)
        #expect(first.map(\.target.name) == ["a", "b"] && turns(1).isEmpty)
        #expect(turns(31).isEmpty)
        for turn in first { book.take(Self.answer, of: turn, now: start, unixSeconds: 0) }
        #expect(turns(29).isEmpty)
        #expect(turns(30, limit: 1).map(\.target.name) == ["a"])
        #expect(turns(30).map(\.target.name) == ["b"])
    }

    @Test("A reload asks nobody before the time, and the collector before it says nothing any more")
    func reload() {
        let book = ServerBook()
        let owner = book.take()
        book.set([Self.target("a")], owner: owner)
        let start = ContinuousClock.now
        let turn = book.turns(now: start, intervalSeconds: 30, limit: 10)[0]
        book.take(Self.answer, of: turn, now: start, unixSeconds: 0)
        let next = book.take()
        book.set([Self.target("a"), Self.target("c", port: 8002)], owner: next)
        book.set([], owner: owner)
        #expect(book.entries.map(\.target.name) == ["a", "c"] && book.entries[0].outcomes[.ok] == 1)
        #expect(book.turns(now: start.advanced(by: .seconds(1)), intervalSeconds: 30, limit: 10).map(\.target.name) == ["c"])
        // Another kind at the same place is the same server, which is asked no sooner; what was known of it is not true any more.
        book.set([Self.target("a", kind: "sglang")], owner: next)
        #expect(
            book.turns(now: start.advanced(by: .seconds(2)), intervalSeconds: 30, limit: 10).isEmpty && book.entries[0].outcomes.isEmpty)
        // An answer to who is not asked any more changes nothing.
        book.take(Self.answer, of: turn, now: start, unixSeconds: 0)
        #expect(book.entries[0].outcomes.isEmpty)
    }

    @Test("What fails leaves what is known; what is not known is not shown")
    func failures() {
        let book = ServerBook()
        book.tell("vllm", VLLM.self, "vllm:num_requests_running{model_name=\"m\"} 1\n", problem: nil)
        book.tell("vllm", VLLM.self, nil, problem: PollProblem(.timeout, "late"))
        let entry = book.entries[0]
        #expect(entry.picture != nil && entry.isUp == false && entry.isReady == false && entry.outcomes == [.ok: 1, .timeout: 1])
    }
}
