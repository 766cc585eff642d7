import Primitives
import ProviderRPC
import RPC
import Synchronization
import TestSupport
import Testing

@testable import ProviderTasks

/// Work that waits, and whose thing is made just after it was first taken back.
private struct Late: OperationWork {
    let world: World
    let gate: Gate

    func run(_ operation: OperationContext) async throws(RPCError) {
        await gate.pass()
        try operation.checkCancellation()
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        world.state.withLock { state in
            state.undone += 1
            state.things = state.undone == 1 ? ["machine": operation.id] : [:]
        }
    }
}

/// The process dies before each thing that the hypervisor does, and between that and its being noted.
@Suite struct RestartTests {
    static let moments = stride(from: 1.0, through: 3.5, by: 0.5).map { $0 }

    @Test(arguments: moments)
    func `an operation goes on to its end after a death at any moment`(moment: Double) async throws {
        let world = World()
        world.state.withLock { $0.diesAt = moment }
        let first = try await world.engine()
        let operation = try await first.make("web", key: "k")
        await world.death.arrivals(1)
        await first.abandon()
        let second = try await world.engine()
        let ended = try #require(await second.ended(operation.id))
        #expect(ended.state == .succeeded)
        #expect(world.things.count == 3 && Set(world.things.values) == [operation.id])
        #expect(second.tallies.map(\.count) == [1])
    }

    @Test(arguments: stride(from: 3.0, through: 6.5, by: 0.5).map { $0 })
    func `one that failed is taken back after a death at any moment`(moment: Double) async throws {
        let world = World()
        world.state.withLock {
            $0.diesAt = moment
            $0.failsAt[3] = RPCError(.resourceExhausted, "full")
        }
        let first = try await world.engine()
        let operation = try await first.make("web")
        await world.death.arrivals(1)
        await first.abandon()
        let second = try await world.engine()
        let ended = try #require(await second.ended(operation.id))
        if moment <= 3.5 {
            // It died before it heard of the failure, which comes once only.
            #expect(ended.state == .succeeded && world.things.count == 3)
        } else {
            #expect(ended.state == .failed && ended.code == .resourceExhausted && ended.message == "full")
            #expect(world.things.isEmpty)
        }
        #expect(second.tallies.map(\.count) == [1])
    }

    @Test func `who asked to cancel before a restart has it cancelled after it`() async throws {
        let world = World(gated: true)
        let first = try await world.engine()
        let operation = try await first.make("web")
        await world.gate?.arrivals(1)
        try await first.journal.requestCancel(operation.id)
        await first.abandon()
        world.gate?.open()
        let second = try await world.engine()
        #expect(await second.ended(operation.id)?.state == .cancelled)
        #expect(world.things.isEmpty)
    }

    /// The hypervisor goes on with what a process that was killed had asked it for, beside what takes it back.
    @Test(arguments: [true, false]) func `what comes late of a life before is taken back too`(isResumed: Bool) async throws {
        let (world, gate) = (World(), Gate())
        func engine() async throws -> TaskEngine {
            var kind = OperationKind(ProviderMethod.create.rawValue, work: Late(world: world, gate: gate))
            kind.lateSeconds = 0.5
            return try await TaskEngine(TaskJournal(world.folder.path + "/tasks.db"), kinds: [kind])
        }
        var last = try await engine()
        let operation = try await last.make("web")
        await gate.arrivals(1)
        if isResumed {
            try await last.journal.requestCancel(operation.id)
            await last.abandon()
            last = try await engine()
        } else {
            _ = try await last.cancel(operation.id)
        }
        #expect(await last.ended(operation.id)?.state == .cancelled)
        #expect(world.state.withLock { $0.undone } == (isResumed ? 2 : 1))
        #expect(world.things.isEmpty == isResumed)
    }

    @Test func `one that ends the process each time is given up`() async throws {
        let world = World()
        var limits = TaskEngine.Limits()
        limits.attempts = 3
        var id = ""
        for round in 0..<3 {
            // Always at its first action.
            world.state.withLock { $0.diesAt = Double($0.actions + 1) }
            let engine = try await world.engine(limits: limits)
            if round == 0 { id = try await engine.make("web").id }
            await world.death.arrivals(round + 1)
            await engine.abandon()
        }
        let ended = try #require(await (try world.engine(limits: limits)).ended(id))
        #expect(ended.state == .failed && ended.code == .internal && ended.message.contains("begun 3 times"))
    }

    @Test func `a process that ends in good order leaves its operations for the next`() async throws {
        let world = World(gated: true)
        let first = try await world.engine()
        let operation = try await first.make("web")
        await world.gate?.arrivals(1)
        let ending = Task { await first.shutdown(by: soon()) }
        world.gate?.open()
        await ending.value
        do throws(RPCError) {
            _ = try await first.make("other")
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .unavailable)
        }
        let second = try await world.engine()
        #expect(await second.ended(operation.id)?.state == .succeeded)
        #expect(world.things.count == 3)
    }

    @Test(arguments: [OperationKind.AtShutdown.finish, .cancel])
    func `a kind may be waited for or cancelled at the end`(atShutdown: OperationKind.AtShutdown) async throws {
        let world = World(gated: true)
        let first = try await world.engine { $0.atShutdown = atShutdown }
        let operation = try await first.make("web")
        await world.gate?.arrivals(1)
        let ending = Task { await first.shutdown(by: soon()) }
        if atShutdown == .cancel { while first.operation(operation.id)?.isCancelRequested != true { await Task.yield() } }
        world.gate?.open()
        await ending.value
        let ended = try #require(first.operation(operation.id))
        #expect(ended.state == (atShutdown == .finish ? .succeeded : .cancelled))
        #expect(world.things.count == (atShutdown == .finish ? 3 : 0))
    }

    @Test func `ended ones are kept for a day, or until there are too many; live ones always`() async throws {
        let world = World()
        var limits = TaskEngine.Limits()
        limits.kept = 3
        let engine = try await world.engine(limits: limits, clock: .fixed(1_000_000))
        for number in 0..<5 { _ = await engine.ended(try await engine.make("m\(number)", key: "k\(number)").id) }
        #expect(engine.operations.map(\.target) == ["m2", "m3", "m4"])
        #expect(try await engine.journal.operations().map(\.target) == ["m2", "m3", "m4"])
        await engine.abandon()
        // A key that is forgotten is new.
        let later = try await world.engine(limits: limits, clock: .fixed(1_000_000 + 23 * 3600))
        #expect(later.operations.count == 3)
        await later.abandon()
        let muchLater = try await world.engine(limits: limits, clock: .fixed(1_000_000 + 25 * 3600))
        #expect(muchLater.operations.isEmpty)
        #expect(muchLater.tallies.map(\.count) == [5])
        #expect(try await muchLater.journal.operations().isEmpty)
    }

    @Test func `a request is forgotten at its end, as it may hold secrets`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine()
        let operation = try await engine.make("web", request: "hunter2")
        #expect(try await engine.journal.request(operation.id) == Array("hunter2".utf8))
        world.gate?.open()
        _ = await engine.ended(operation.id)
        #expect(try await engine.journal.request(operation.id).isEmpty)
        // Nor is it left where it stood in the files.
        for name in ["tasks.db", "tasks.db-wal"] {
            let bytes = try Files.read(world.folder.path + "/" + name)
            #expect(!String(decoding: bytes, as: UTF8.self).contains("hunter2"))
        }
    }

    @Test func `a kind that this version does not know waits for one that does`() async throws {
        let world = World(gated: true)
        let first = try await world.engine()
        let operation = try await first.make("web")
        await world.gate?.arrivals(1)
        await first.abandon()
        world.gate?.open()
        let older = try await TaskEngine(TaskJournal(world.folder.path + "/tasks.db"), kinds: [])
        #expect(older.operation(operation.id)?.state == .running)
        await older.abandon()
        #expect(await (try world.engine()).ended(operation.id)?.state == .succeeded)
    }
}
