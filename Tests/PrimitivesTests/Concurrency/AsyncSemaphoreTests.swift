import Primitives
import Synchronization
import Testing

@Suite("AsyncSemaphore")
struct AsyncSemaphoreTests {
    /// Who is inside, and who was.
    private final class Census: Sendable {
        struct Counts {
            var inside = 0
            var most = 0
            var served = 0
        }

        private let state = Mutex(Counts())

        var counts: Counts { state.withLock { $0 } }

        func enter() {
            state.withLock { counts in
                counts.inside += 1
                counts.most = max(counts.most, counts.inside)
            }
        }

        func leave() {
            state.withLock { counts in
                counts.inside -= 1
                counts.served += 1
            }
        }
    }

    @Test("Never more than the limit inside, and all are served", arguments: [(1, 1), (2, 2), (7, 7), (0, 1), (-5, 1), (1000, 400)])
    func limit(_ limit: Int, _ bound: Int) async {
        let semaphore = AsyncSemaphore(limit: limit)
        let census = Census()
        await withTaskGroup { group in
            for number in 0..<400 {
                group.addTask {
                    await semaphore.withPermit(by: .after(seconds: 60)) {
                        census.enter()
                        for _ in 0..<(number % 5) { await Task.yield() }
                        census.leave()
                    }
                }
            }
        }
        let result = census.counts
        #expect(result.most <= bound)
        #expect(result.most >= 1)
        #expect(result.inside == 0)
        #expect(result.served == 400)
    }

    @Test("A body that throws gives its place back")
    func throwing() async {
        let semaphore = AsyncSemaphore(limit: 1)
        for _ in 0..<3 {
            await #expect(throws: Failure.self) {
                try await semaphore.withPermit(by: .after(seconds: 60)) { throw Failure(.limit, "no") }
            }
        }
        #expect(await semaphore.withPermit(by: .after(seconds: 0)) { 42 } == 42)
    }

    /// Holds the only place until `body` is over.
    private func whileFull(_ body: @Sendable (AsyncSemaphore) async -> Void) async {
        let semaphore = AsyncSemaphore(limit: 1)
        await semaphore.withPermit(by: .after(seconds: 60)) { await body(semaphore) }
        // Whoever gave up has left no trace in the line.
        #expect(await semaphore.withPermit(by: .after(seconds: 60)) { true } == true)
    }

    @Test("Cancelled waiters leave the line")
    func cancelledWaiters() async {
        await whileFull { semaphore in
            let served = await withTaskGroup(of: Bool?.self) { group in
                for _ in 0..<50 { group.addTask { await semaphore.withPermit(by: .after(seconds: 60)) { true } } }
                group.cancelAll()
                return await group.reduce(into: 0) { count, result in count += result == true ? 1 : 0 }
            }
            #expect(served == 0)
        }
    }

    @Test("Waiters leave the line at their own deadline")
    func lateWaiters() async {
        await whileFull { semaphore in
            #expect(await semaphore.withPermit(by: .after(seconds: 0.02)) { true } == nil)
            #expect(await semaphore.withPermit(by: .after(seconds: 0)) { true } == nil)
        }
    }
}
