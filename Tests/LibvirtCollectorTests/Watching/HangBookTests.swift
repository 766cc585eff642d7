import Primitives
import Testing

@testable import LibvirtCollector

@Suite struct HangBookTests {
    private let start = ContinuousClock.now
    private let threads: [ThreadLedger.Ticket]
    private static let twenty = (0..<20).map { "d\($0)" }

    init() {
        var ledger = ThreadLedger(limit: 64)
        threads = (0..<6).compactMap { _ in ledger.begin(.statistics) }
    }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func book(_ hangs: [[String]], mayWait: Bool = false) -> HangBook {
        var book = HangBook()
        for (thread, domains) in zip(threads, hangs) { book.add(thread, call: "c", domains: domains, mayWait: mayWait, now: start) }
        return book
    }

    @Test func `one that was asked alone hangs`() {
        let book = book([["a"]])
        #expect(book.proven(now: start) == ["a"] && book.threads(in: "a") == 1 && book.call(of: "a") == "c")
    }

    @Test func `of many the last hangs that has not answered`() {
        var book = book([["a", "b", "c"]])
        #expect(book.proven(now: start).isEmpty && book.threads(in: "b") == 0)
        book.asked(["a"], passedBy: [])
        #expect(book.proven(now: start).isEmpty)
        book.asked(["b", "c"], passedBy: ["b"])
        #expect(book.proven(now: start) == ["b"] && book.threads(in: "b") == 1)
    }

    /// Of a driver that passes nobody by each half hangs in the same one.
    @Test(arguments: 0..<20)
    func `halving finds exactly the one that hangs`(_ culprit: Int) {
        var (book, plan, hung) = (HangBook(), ShardPlan(Self.twenty, connections: 1), 0)
        while let shard = plan.next() {
            if shard.contains("d\(culprit)") {
                book.add(threads[hung], call: "c", domains: shard, mayWait: false, now: start)
                hung += 1
                plan.hung(shard, known: book.proven(now: start).intersection(shard))
            } else {
                book.asked(shard, passedBy: [])
            }
            #expect(book.proven(now: start).isSubset(of: ["d\(culprit)"]))
        }
        #expect(book.proven(now: start) == ["d\(culprit)"] && hung <= 6 && book.threads(in: "d\(culprit)") == hung)
    }

    @Test func `two that were passed by are not both it`() {
        var book = book([["a", "b", "c"]])
        book.asked(["a", "b", "c"], passedBy: ["a", "b"])
        #expect(book.proven(now: start).isEmpty && book.mayHang(in: "a", now: start) && !book.mayHang(in: "c", now: start))
        book.asked(["a"], passedBy: [])
        #expect(book.proven(now: start) == ["b"])
    }

    @Test func `two threads in two that are passed by are one in each`() {
        var book = book([["a", "b", "c"], ["a", "b"]])
        book.asked(["a", "b", "c"], passedBy: ["a", "b"])
        #expect(book.proven(now: start) == ["a", "b"])
        #expect(book.end(threads[1]) == ["a", "b"] && book.proven(now: start).isEmpty)
        #expect(book.end(threads[1]).isEmpty)
    }

    @Test func `a thread that is named one's is no other's`() {
        var book = book([["a", "b", "c"], ["b", "c"], ["c"]])
        book.asked(["c"], passedBy: ["c"])
        // The third comes back, and answers.
        #expect(book.end(threads[2]) == ["c"] && book.threads(in: "c") == 0)
        book.exclude(["c"])
        #expect(book.proven(now: start) == ["b"] && book.threads(in: "b") == 1 && book.threads(in: "a") == 0)
    }

    @Test func `whoever may wait for a lock hangs only when no lock is waited for so long`() {
        let book = book([["a"]], mayWait: true)
        #expect(book.proven(now: at(59)).isEmpty && !book.mayHang(in: "a", now: at(59)) && book.domains == ["a"])
        #expect(book.proven(now: at(60)) == ["a"] && book.mayHang(in: "a", now: at(60)))
    }
}
