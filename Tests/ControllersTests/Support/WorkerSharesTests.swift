import Primitives
import Reconciling
import Synchronization
import Testing

@testable import Controllers

/// Who works for which provider, and who is called when.
struct WorkerSharesTests {
    private final class Calls: Sendable {
        private let names = Mutex<[ObjectName]>([])
        func add(_ name: ObjectName) { names.withLock { $0.append(name) } }
        func take() -> [String] {
            names.withLock { names in
                defer { names = [] }; return names.map(\.name)
            }
        }
    }

    private let shares = WorkerShares(workers: 8)
    private let calls = Calls()

    init() { shares.onRoom { [calls] in calls.add($0) } }

    private func name(_ text: String) -> ObjectName { ObjectName("default", text) }

    /// One that works until it is told to leave.
    private func work(_ text: String, _ provider: String, _ latch: HangingCalls) -> Task<ReconcileResult, any Error> {
        Task { [shares] in
            try await shares.look(at: name(text), of: provider) { () async throws(ReconcileError) in
                _ = await latch.wait()
                return .done
            }
        }
    }

    private func isTurnedAway(_ text: String, _ provider: String) async throws -> Bool {
        try await shares.look(at: name(text), of: provider) { () async throws(ReconcileError) in .done }.outcome == .requeue
    }

    @Test func `who finds no place is called as soon as there is one, in order, and once`() async throws {
        let latch = HangingCalls()
        let four = (1...4).map { work("a\($0)", "one", latch) }
        while latch.count < 4 { await Task.yield() }
        for text in ["b1", "b2", "b3", "b1"] { #expect(try await isTurnedAway(text, "one")) }
        #expect(calls.take().isEmpty)
        // Another finds some still.
        #expect(try await isTurnedAway("c1", "two") == false)
        latch.open()
        for task in four { _ = try await task.value }
        #expect(calls.take() == ["b1", "b2", "b3"])
        for text in ["b1", "b2", "b3"] { #expect(try await isTurnedAway(text, "one") == false) }
        #expect(calls.take().isEmpty)
    }

    @Test func `who is gone when it is called gives its place to the next`() async throws {
        let alone = WorkerShares(workers: 1)
        alone.onRoom { [calls] in calls.add($0) }
        let latch = HangingCalls()
        let first = Task {
            try await alone.look(at: name("a"), of: "one") { () async throws(ReconcileError) in
                _ = await latch.wait()
                return .done
            }
        }
        while latch.count < 1 { await Task.yield() }
        for text in ["gone", "moved", "next", "last"] {
            let result = try await alone.look(at: name(text), of: "one") { () async throws(ReconcileError) in .done }
            #expect(result.outcome == .requeue)
        }
        // Away before it is called.
        alone.leaveLine(name("next"))
        latch.open()
        _ = try await first.value
        #expect(calls.take() == ["gone"])
        alone.leaveLine(name("gone"))
        #expect(calls.take() == ["moved"])
        // Another provider's by now.
        _ = try await alone.look(at: name("moved"), of: "two") { () async throws(ReconcileError) in .done }
        #expect(calls.take() == ["last"])
        _ = try await alone.look(at: name("last"), of: "one") { () async throws(ReconcileError) in .done }
        #expect(calls.take().isEmpty)
    }
}
