import Primitives
import Synchronization
import Testing
import TestSupport

@testable import LibvirtAPI

/// Threads that call libvirt: in order, over connections that are opened anew, and left alone when they hang.
@Suite(.whereLibvirtIs) struct LibvirtThreadsTests {
    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    private func threads(
        width: Int = 1, givenUp: LibvirtThreads.GivenUp = .init(), opened: Counter = Counter()
    ) throws -> LibvirtThreads {
        let library = try #require(LibvirtHere.library)
        return LibvirtThreads("libvirt-test", width: width, givenUp: givenUp) { () throws(LibvirtError) in
            opened.add()
            return try LibvirtConnection.open(LibvirtHere.uri, library: library)
        }
    }

    private func error<Value: Sendable>(
        _ threads: LibvirtThreads, by deadline: Deadline = .after(seconds: 30),
        _ body: @escaping @Sendable (LibvirtConnection) throws(LibvirtError) -> Value
    ) async -> LibvirtError? {
        do throws(LibvirtError) {
            _ = try await threads.run(by: deadline, body)
            return nil
        } catch {
            return error
        }
    }

    @Test func `calls run one after the other over one connection`() async throws {
        let opened = Counter()
        let threads = try threads(opened: opened)
        for _ in 0..<20 {
            let names = try await threads.run(by: .after(seconds: 30)) { connection throws(LibvirtError) in
                try connection.domains().map(\.name)
            }
            #expect(names == ["test"])
        }
        #expect(opened.value == 1)
        #expect(await error(threads) { connection throws(LibvirtError) in try connection.domain(named: "none").name }?.kind == .noDomain)
        #expect(opened.value == 1)
    }

    @Test func `a connection that broke is opened anew`() async throws {
        let opened = Counter()
        let threads = try threads(opened: opened)
        #expect(await error(threads) { _ throws(LibvirtError) in throw LibvirtError(.unreachable, "gone") }?.kind == .unreachable)
        #expect(try await threads.run(by: .after(seconds: 30)) { connection throws(LibvirtError) in connection.isAlive })
        #expect(opened.value == 2)
    }

    @Test func `a call that hangs is given up, what waits goes on, and it is counted until it is back`() async throws {
        let (givenUp, opened, gate) = (LibvirtThreads.GivenUp(limit: 2), Counter(), ThreadGate())
        let threads = try threads(givenUp: givenUp, opened: opened)
        async let hung = error(threads, by: .after(seconds: 0.1)) { _ throws(LibvirtError) in gate.wait() }
        let late = await hung
        #expect(late?.kind == .abandoned)
        #expect(givenUp.now == 1)
        #expect(try await threads.run(by: .after(seconds: 30)) { connection throws(LibvirtError) in try connection.domains().count } == 1)
        #expect(opened.value == 2)
        gate.open(for: 1)
        while givenUp.now > 0 { await Task.yield() }
        #expect(givenUp.ever == 1)
    }

    @Test func `when as many hang as may, nothing more is begun until one is back`() async throws {
        let (givenUp, gate) = (LibvirtThreads.GivenUp(limit: 2), ThreadGate())
        let threads = try threads(givenUp: givenUp)
        for _ in 0..<2 {
            #expect(await error(threads, by: .after(seconds: 0.5)) { _ throws(LibvirtError) in gate.wait() }?.kind == .abandoned)
        }
        let ran = Counter()
        let refused = await error(threads) { _ throws(LibvirtError) in ran.add() }
        #expect(refused?.message == "2 calls of libvirt hang, and no more are begun until one of them is back")
        #expect(ran.value == 0)
        gate.open(for: 2)
        while givenUp.now > 0 { await Task.yield() }
        #expect(await error(threads) { _ throws(LibvirtError) in ran.add() } == nil)
        #expect(ran.value == 1)
    }

    @Test func `one that waits too long behind another is not begun at all`() async throws {
        let (gate, ran) = (ThreadGate(), Counter())
        let threads = try threads()
        async let first = error(threads) { _ throws(LibvirtError) in gate.wait() }
        async let second = error(threads, by: .after(seconds: 0.05)) { _ throws(LibvirtError) in ran.add() }
        // Whichever of the two is first, the gate holds only one of them.
        #expect(await second.map { $0.kind == .abandoned } ?? (ran.value == 1))
        gate.open(for: 1)
        #expect(await first == nil)
        #expect(threads.givenUp.ever == 0)
    }

    @Test func `as many run at a time as the line is wide`() async throws {
        let (inside, gate) = (Counter(), ThreadGate())
        let threads = try threads(width: 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await threads.run(by: .after(seconds: 30)) { _ throws(LibvirtError) in
                        inside.add()
                        gate.wait()
                    }
                }
            }
            while inside.value < 3 { await Task.yield() }
            gate.open(for: 3)
            try await group.waitForAll()
        }
        #expect(inside.value == 3)
    }

    @Test func `a caller that is cancelled does not wait, and what it began still has its deadline`() async throws {
        let (gate, begun) = (ThreadGate(), Counter())
        let threads = try threads()
        let task = Task {
            await error(threads, by: .after(seconds: 0.2)) { _ throws(LibvirtError) in
                begun.add()
                gate.wait()
            }
        }
        while begun.value == 0 { await Task.yield() }
        task.cancel()
        #expect(await task.value?.kind == .aborted)
        while threads.givenUp.ever == 0 { await Task.yield() }
        #expect(try await threads.run(by: .after(seconds: 30)) { connection throws(LibvirtError) in connection.isAlive })
        gate.open(for: 1)
        while threads.givenUp.now > 0 { await Task.yield() }
    }

    @Test(arguments: [true, false]) func `a body that nobody waits for begins no further change`(isCancelled: Bool) async throws {
        let (gate, begun, changed) = (ThreadGate(), Counter(), Counter())
        let end = OneAnswer<LibvirtError?>()
        let threads = try threads()
        let task = Task {
            await error(threads, by: .after(seconds: isCancelled ? 30 : 1)) { connection throws(LibvirtError) in
                begun.add()
                gate.wait()
                do throws(LibvirtError) {
                    // Looking is harmless.
                    let domain = try connection.domain(named: "test")
                    try domain.setMetadata("<x/>", prefix: "t", namespace: "urn:test:threads", .config)
                    changed.add()
                    end.give(nil)
                } catch {
                    end.give(error)
                    throw error
                }
            }
        }
        while begun.value == 0 { await Task.yield() }
        if isCancelled { task.cancel() }
        #expect(await task.value?.kind == (isCancelled ? .aborted : .abandoned))
        gate.open(for: 1)
        #expect(await end.value?.kind == .aborted)
        #expect(changed.value == 0)
        // The next one's changes are its own.
        #expect(
            await error(threads) { connection throws(LibvirtError) in
                try connection.domain(named: "test").setMetadata("<x/>", prefix: "t", namespace: "urn:test:threads", .config)
            } == nil)
    }
}
