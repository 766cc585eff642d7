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

    private static let silence = ServerPoll.Result(kind: nil, picture: nil, problem: PollProblem(.timeout, "late"), durationSeconds: 5)

    /// A world in which servers answer at once or hang for five seconds, and how often each was asked.
    private static func rounds(_ targets: [ServerTarget], hanging: (String) -> Bool, seconds: Int) -> [String: Int] {
        let (book, start) = (ServerBook(), ContinuousClock.now)
        book.set(targets, owner: book.take())
        var counts: [String: Int] = [:]
        var asked: [(turn: ServerBook.Turn, until: Int)] = []
        for second in 0..<seconds {
            let now = start.advanced(by: .seconds(second))
            for (turn, until) in asked where until <= second {
                book.take(hanging(turn.target.name) ? silence : answer, of: turn, now: now, unixSeconds: 0)
            }
            asked.removeAll { $0.until <= second }
            for turn in book.turns(now: now, intervalSeconds: 30, limit: 16) {
                counts[turn.target.name, default: 0] += 1
                asked.append((turn, second + (hanging(turn.target.name) ? 5 : 1)))
            }
        }
        return counts
    }

    @Test("However many hang, each is asked, and who answers is asked in time")
    func starving() {
        let found = (0..<200).map { number in
            var target = Self.target("c\(number)", port: 10_000 + number, kind: nil)
            target.origin = .container
            return target
        }
        let named = [Self.target("zgood", port: 1)]
        let counts = Self.rounds(found + named, hanging: { $0 != "zgood" }, seconds: 150)
        #expect(counts.count == 201 && counts["zgood"] == 5)
        let configured = (0..<60).map { Self.target("a\($0)", port: 20_000 + $0) } + named
        let others = Self.rounds(configured, hanging: { $0 != "zgood" }, seconds: 150)
        #expect(others.count == 61 && others["zgood"] == 5)
    }

    @Test("Who hangs is asked less often, and as often as others once there is an answer")
    func hanging() {
        let (book, start) = (ServerBook(), ContinuousClock.now)
        book.set([Self.target("a")], owner: book.take())
        func ask(_ seconds: Double, _ result: ServerPoll.Result) -> Bool {
            let now = start.advanced(by: .seconds(seconds))
            guard let turn = book.turns(now: now, intervalSeconds: 30, limit: 16).first else { return false }
            book.take(result, of: turn, now: now, unixSeconds: 0)
            return true
        }
        #expect(ask(0, Self.silence) && !ask(59, Self.silence) && ask(60, Self.silence) && !ask(149, Self.silence))
        #expect(ask(150, Self.silence) && !ask(239, Self.answer) && ask(240, Self.answer) && ask(270, Self.answer))
    }

    @Test("Whoever is renamed is asked no sooner, and no other name of the same place is")
    func renaming() {
        let (book, start) = (ServerBook(), ContinuousClock.now)
        let owner = book.take()
        var count = 0
        for step in 0..<120 {
            let now = start.advanced(by: .milliseconds(500 * step))
            var target = Self.target("aa-\(step)", kind: nil)
            target.origin = .container
            book.set([target], owner: owner, now: now)
            for turn in book.turns(now: now, intervalSeconds: 30, limit: 16) {
                count += 1
                book.take(Self.answer, of: turn, now: now, unixSeconds: 0)
            }
        }
        #expect(count == 2)
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
