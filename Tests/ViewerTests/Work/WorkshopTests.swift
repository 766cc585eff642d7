import Primitives
import Synchronization
import Testing
import Web

@testable import Viewer

@Suite struct WorkshopTests {
    private final class Flag: Sendable {
        private let state = Atomic(false)

        var isSet: Bool { state.load(ordering: .relaxed) }

        func set() { state.store(true, ordering: .relaxed) }
    }

    private static func workshop(_ tally: ViewerTally = ViewerTally(), _ change: (inout Workshop.Limits) -> Void = { _ in }) -> Workshop {
        var limits = Workshop.Limits()
        limits.threads = 1
        change(&limits)
        return Workshop(limits, placeSeconds: 20, tally: tally)
    }

    private static func effort(_ seconds: Double = 10, isAbandoned: @escaping @Sendable () -> Bool = { false }) -> Effort {
        Effort(HTTPServerRequest(method: "GET", path: "/", isAbandoned: isAbandoned), seconds: seconds)
    }

    /// Works until it is told to stop.
    private static func endless(_ effort: Effort) -> Int {
        var turns = 0
        while !effort.isOver { turns += 1 }
        return turns
    }

    private static func outcome(_ workshop: Workshop, _ effort: Effort, _ work: @escaping @Sendable () -> Int) async -> Result<Int, Refusal>
    {
        do throws(Refusal) { return .success(try await workshop.run(effort, work)) } catch { return .failure(error) }
    }

    @Test func `work has its time, all pieces together`() async throws {
        let tally = ViewerTally()
        let workshop = Self.workshop(tally)
        let effort = Self.effort(0.3)
        let first = await Self.outcome(workshop, effort) {
            let end = Deadline.after(seconds: 0.2)
            while !end.hasPassed {}
            return 1
        }
        #expect(first == .success(1))
        let begin = ContinuousClock.now
        guard case .failure(let refusal) = await Self.outcome(workshop, effort, { Self.endless(effort) }) else {
            Issue.record("it ended")
            return
        }
        #expect((ContinuousClock.now - begin).seconds < 0.25)
        #expect(refusal.status == 503)
        #expect(refusal.response.headers["Retry-After"] == "30")
        #expect(tally.contents.givenUp == [.time: 1])
    }

    @Test func `who has gone is not worked for`() async {
        let tally = ViewerTally()
        let workshop = Self.workshop(tally)
        let hasGone = Flag()
        let effort = Self.effort { hasGone.isSet }
        async let outcome = Self.outcome(workshop, effort) { Self.endless(effort) }
        try? await Task.sleep(for: .milliseconds(30))
        hasGone.set()
        guard case .failure(let refusal) = await outcome else {
            Issue.record("it ended")
            return
        }
        #expect(refusal.status == 503)
        #expect(tally.contents.givenUp == [.gone: 1])
        let didWork = Flag()
        _ = await Self.outcome(workshop, effort) {
            didWork.set()
            return 1
        }
        let worked = didWork.isSet
        #expect(!worked)
    }

    @Test func `all threads of tasks are free while it is worked`() async {
        let workshop = Self.workshop()
        let efforts = (0..<20).map { _ in Self.effort(1) }
        await withTaskGroup(of: Void.self) { group in
            for effort in efforts { group.addTask { _ = await Self.outcome(workshop, effort) { Self.endless(effort) } } }
            var slowest = 0.0
            for _ in 0..<20 {
                let begin = ContinuousClock.now
                await Task.detached {}.value
                slowest = max(slowest, (ContinuousClock.now - begin).seconds)
                try? await Task.sleep(for: .milliseconds(5))
            }
            #expect(slowest < 0.5)
            group.cancelAll()
        }
    }

    @Test func `there are so many places, and a line with an end`() async {
        let tally = ViewerTally()
        let workshop = Self.workshop(tally) { ($0.requests, $0.waiting) = (1, 1) }
        let isOpen = Flag()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    do throws(Refusal) {
                        return try await workshop.serve(Self.effort()) {
                            while !isOpen.isSet { try? await Task.sleep(for: .milliseconds(1)) }
                            return .success(true)
                        }
                    } catch {
                        return false
                    }
                }
            }
            let refused = [await group.next() ?? true, await group.next() ?? true]
            isOpen.set()
            return await group.reduce(into: refused) { $0.append($1) }
        }
        #expect(outcomes == [false, false, true, true])
        #expect(tally.contents.givenUp == [.busy: 2])
    }
}
