import Metrics
import Primitives
import Reconciling
import Testing

@Suite struct `A work queue` {
    private let clock = TestClock()

    private func queue(_ pace: RetryPace = RetryPace()) -> WorkQueue<String> { WorkQueue(pace: pace, time: clock.source) }

    /// All that is there, each done at once.
    private func drain(_ queue: WorkQueue<String>) async -> [String] {
        var keys: [String] = []
        while queue.facts.waiting > 0, let key = await queue.next() {
            keys.append(key)
            queue.done(key)
        }
        return keys
    }

    @Test func `gives keys in the order in which they came, each once`() async {
        let queue = queue()
        for key in ["b", "a", "b", "c", "a"] { queue.add(key) }
        #expect(queue.facts.depth == 3)
        #expect(queue.facts.adds == 3)
        #expect(await drain(queue) == ["b", "a", "c"])
    }

    @Test func `gives a key that is at work to nobody else, and again when it is done`() async {
        let queue = queue()
        queue.add("a")
        #expect(await queue.next() == "a")
        queue.add("a")
        queue.add("a")
        queue.add("b")
        #expect(queue.facts.waiting == 1)
        #expect(queue.facts.depth == 2)
        #expect(await queue.next() == "b")
        queue.done("b")
        #expect(queue.facts.waiting == 0)
        queue.done("a")
        #expect(await drain(queue) == ["a"])
        #expect(queue.facts.depth == 0)
    }

    @Test func `does not give a key twice that is said to be done twice`() async {
        let queue = queue()
        queue.add("a")
        _ = await queue.next()
        queue.done("a")
        queue.add("a")
        queue.done("a")
        #expect(await drain(queue) == ["a"])
    }

    @Test func `wakes who waits`() async {
        let queue = queue()
        let workers = (0..<20).map { _ in Task { await queue.next() } }
        for key in 0..<20 { queue.add("\(key)") }
        var keys: Set<String> = []
        for worker in workers { if let key = await worker.value { keys.insert(key) } }
        #expect(keys.count == 20)
    }

    @Test func `lets a worker go whose task is cancelled, and keeps its key for another`() async {
        let queue = queue()
        let worker = Task { await queue.next() }
        worker.cancel()
        #expect(await worker.value == nil)
        queue.add("a")
        #expect(await queue.next() == "a")
    }

    // MARK: after a time

    @Test(arguments: [[5.0, 3], [3, 5], [3, 3], [9, 5, 3, 4]]) func `of several times the nearest counts`(_ times: [Double]) async {
        let queue = queue()
        for seconds in times { queue.add("a", afterSeconds: seconds) }
        #expect(queue.facts.delayed == 1)
        clock.advance(2.999)
        #expect(queue.facts.waiting == 0)
        clock.advance(0.002)
        #expect(await drain(queue) == ["a"])
        clock.advance(100)
        #expect(queue.facts.waiting == 0)
        #expect(queue.facts.retries == times.count)
    }

    @Test(arguments: [0.0, -1, .nan, -.infinity]) func `a time that is not above 0 is now`(_ seconds: Double) async {
        let queue = queue()
        queue.add("a", afterSeconds: seconds)
        #expect(await drain(queue) == ["a"])
    }

    @Test func `a time without end is no trap`() {
        let queue = queue()
        queue.add("a", afterSeconds: .infinity)
        clock.advance(1e6)
        #expect(queue.facts.delayed == 1)
    }

    @Test func `gives those whose time has come in the order of their times`() async {
        let queue = queue()
        for (key, seconds) in [("d", 4.0), ("b", 2), ("a", 1), ("c", 3), ("b2", 2)] { queue.add(key, afterSeconds: seconds) }
        clock.advance(10)
        #expect(await drain(queue) == ["a", "b", "b2", "c", "d"])
    }

    @Test func `a key that is added at once keeps its time too`() async {
        let queue = queue()
        queue.add("a", afterSeconds: 5)
        queue.add("a")
        #expect(await drain(queue) == ["a"])
        clock.advance(6)
        #expect(await drain(queue) == ["a"])
    }

    @Test func `a hundred thousand keys that wait have one timer`() async {
        let queue = WorkQueue<Int>(time: clock.source)
        for key in 0..<100_000 { queue.add(key, afterSeconds: Double((key * 7919) % 100_000) / 1000 + 1) }
        #expect(clock.pending == 1)
        #expect(queue.facts.delayed == 100_000)
        clock.advance(51)
        #expect(queue.facts.waiting == 50_001)
        clock.advance(51)
        #expect(queue.facts.waiting == 100_000)
        #expect(clock.pending == 0)
    }

    @Test func `a queue that nobody has any more leaves no timer`() {
        var queue: WorkQueue<String>? = queue()
        queue?.add("a", afterSeconds: 5)
        #expect(clock.pending == 1)
        queue = nil
        #expect(clock.pending == 0)
    }

    // MARK: pace

    @Test func `waits twice as long before each retry of a key, up to a limit`() async {
        let queue = queue(RetryPace(firstSeconds: 0.005, longestSeconds: 1000, perSecond: nil))
        var seconds = 0.005
        for retry in 1...25 {
            queue.addRateLimited("a")
            #expect(queue.retries(of: "a") == retry)
            clock.advance(seconds * 0.99)
            #expect(queue.facts.waiting == 0, "retry \(retry)")
            clock.advance(seconds * 0.02)
            #expect(queue.facts.waiting == 1, "retry \(retry)")
            _ = await drain(queue)
            seconds = min(1000, seconds * 2)
        }
        queue.forget("a")
        #expect(queue.retries(of: "a") == 0)
        queue.addRateLimited("a")
        clock.advance(0.0051)
        #expect(queue.facts.waiting == 1)
    }

    @Test func `lets all keys together have a hundred retries at once and ten a second then`() {
        let queue = queue()
        for key in 0..<150 { queue.addRateLimited("\(key)") }
        clock.advance(0.006)
        #expect(queue.facts.waiting == 100)
        clock.advance(1)
        #expect(queue.facts.waiting == 110)
        clock.advance(4)
        #expect(queue.facts.waiting == 150)
        // The bucket is filled again with time, and not past its burst.
        clock.advance(3600)
        for key in 200..<350 { queue.addRateLimited("\(key)") }
        clock.advance(0.006)
        #expect(queue.facts.waiting == 250)
    }

    @Test func `retries that are not shared take nothing from the others`() {
        let queue = queue()
        for key in 0..<1000 { queue.addRateLimited("\(key)", isShared: false) }
        clock.advance(0.006)
        #expect(queue.facts.waiting == 1000)
        queue.addRateLimited("another")
        clock.advance(0.006)
        #expect(queue.facts.waiting == 1001)
    }

    // MARK: the end

    @Test func `gives out what waits when it is shut down, and takes no more`() async {
        let queue = queue()
        for key in ["a", "b"] { queue.add(key) }
        queue.add("later", afterSeconds: 1)
        #expect(await queue.next() == "a")
        queue.add("a")
        queue.shutDown()
        queue.add("c")
        queue.add("d", afterSeconds: 1)
        queue.addRateLimited("e")
        #expect(await queue.next() == "b")
        queue.done("a")
        #expect(await queue.next() == "a")
        clock.advance(10)
        #expect(await queue.next() == nil)
        #expect(clock.pending == 0)
    }

    @Test func `drops what waits when it is told to`() async {
        let queue = queue()
        for key in ["a", "b"] { queue.add(key) }
        #expect(await queue.next() == "a")
        queue.add("a")
        queue.shutDown(dropping: true)
        #expect(await queue.next() == nil)
        queue.done("a")
        #expect(await queue.next() == nil)
    }

    @Test func `lets all go who wait when it is shut down`() async {
        let queue = queue()
        let workers = (0..<5).map { _ in Task { await queue.next() } }
        queue.shutDown()
        for worker in workers { #expect(await worker.value == nil) }
    }

    @Test func `is drained when the last key is done, and not before`() async {
        let queue = queue()
        #expect(await queue.drained(bySeconds: 1))
        queue.add("a")
        _ = await queue.next()
        let early = Task { await queue.drained(bySeconds: 5) }
        let late = Task { await queue.drained(bySeconds: 50) }
        let cancelled = Task { await queue.drained(bySeconds: 50) }
        // One ring was set for the drain that did not have to wait.
        await clock.set(4)
        cancelled.cancel()
        #expect(await cancelled.value == false)
        clock.advance(6)
        #expect(await early.value == false)
        queue.done("a")
        #expect(await late.value)
    }

    // MARK: what it tells

    @Test func `measures how long keys wait and are worked on`() async {
        let queue = queue()
        queue.add("a")
        clock.advance(3)
        queue.add("b")
        _ = await queue.next()
        clock.advance(2)
        _ = await queue.next()
        clock.advance(1)
        var facts = queue.facts
        #expect(abs(facts.queueDurations.sum - 5) < 1e-6)
        #expect(facts.queueDurations.count == 2)
        #expect(facts.working == 2)
        #expect(abs(facts.unfinishedSeconds - 4) < 1e-6)
        #expect(abs(facts.longestSeconds - 3) < 1e-6)
        queue.done("a")
        queue.done("b")
        facts = queue.facts
        #expect(abs(facts.workDurations.sum - 4) < 1e-6)
        #expect(facts.unfinishedSeconds == 0)
        #expect(facts.workDurations.bounds.count == 12)
        #expect(facts.workDurations.bounds.last == 1000)
    }

    @Test func `a key that is added while it is at work has waited since then`() async {
        let queue = queue()
        queue.add("a")
        _ = await queue.next()
        queue.add("a")
        clock.advance(7)
        queue.done("a")
        _ = await queue.next()
        #expect(abs(queue.facts.queueDurations.sum - 7) < 1e-6)
    }
}
