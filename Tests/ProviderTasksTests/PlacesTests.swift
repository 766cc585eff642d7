import Primitives
import ProviderRPC
import RPC
import Synchronization
import TestSupport
import Testing

@testable import ProviderTasks

/// Work whose call goes on when nobody waits for it any more, as those of libvirt do.
private final class Stubborn: OperationWork {
    private struct State {
        var runs = 0
        var undone = 0
        var outside: OutsideWork?
    }

    private let state = Mutex(State())
    let gate = Gate()
    /// What the first run ends with; nil to wait until it is cancelled.
    let failure: RPCError?

    init(_ failure: RPCError? = nil) { self.failure = failure }

    var counts: [Int] { state.withLock { [$0.runs, $0.undone] } }

    func run(_ operation: OperationContext) async throws(RPCError) {
        let runs = state.withLock { state in
            state.runs += 1
            return state.runs
        }
        guard runs == 1 else { return }
        let outside = operation.outside("the copy of a disk")
        state.withLock { $0.outside = outside }
        if let failure {
            gate.arrive()
            throw failure
        }
        await gate.pass()
        throw RPCError(.cancelled, "nobody waits for it")
    }

    func undo(_ operation: OperationContext) async throws(RPCError) { state.withLock { $0.undone += 1 } }

    func endCall() {
        let outside = state.withLock { state in
            defer { state.outside = nil }
            return state.outside
        }
        outside?.end()
    }
}

/// Work that mostly sleeps.
private struct Sleeping: OperationWork {
    let gate: Gate

    func run(_ operation: OperationContext) async throws(RPCError) {
        gate.arrive()
        try await operation.sleep(seconds: 3600)
    }
}

@Suite(.timeLimit(.minutes(1))) struct PlacesTests {
    private static func engine(_ work: any OperationWork, _ world: World, limits: TaskEngine.Limits = TaskEngine.Limits()) async throws
        -> TaskEngine
    {
        try await TaskEngine(
            TaskJournal(world.folder.path + "/tasks.db"), kinds: [OperationKind(ProviderMethod.create.rawValue, work: work)], limits: limits
        )
    }

    /// Until the operation says that it waits.
    private static func waits(_ engine: TaskEngine, _ id: String) async {
        while engine.operation(id)?.step.contains("waits for the end of what was begun: the copy of a disk") != true { await Task.yield() }
    }

    @Test func `nothing is taken back while a call of the operation is out`() async throws {
        let (work, world) = (Stubborn(), World())
        let engine = try await Self.engine(work, world)
        let id = try await engine.make("web").id
        await work.gate.arrivals(1)
        _ = try await engine.cancelTask(CancelTaskRequest(id: id), call)
        await Self.waits(engine, id)
        let task = try await engine.getTask(GetTaskRequest(id: id), call)
        #expect(task.state == .cancelling && task.step.hasPrefix("cancelling: "))
        #expect(work.counts == [1, 0])
        work.endCall()
        #expect(await engine.ended(id)?.state == .cancelled)
        #expect(work.counts == [1, 1])
    }

    @Test func `nothing is tried again while a call of the operation is out`() async throws {
        let (work, world) = (Stubborn(RPCError(.unavailable, "given up")), World())
        let engine = try await Self.engine(work, world)
        let id = try await engine.make("web").id
        await Self.waits(engine, id)
        #expect(work.counts == [1, 0])
        work.endCall()
        #expect(await engine.ended(id)?.state == .succeeded)
        #expect(work.counts == [2, 0])
    }

    @Test func `a call that never comes back keeps the operation, and the process may end`() async throws {
        let (work, world) = (Stubborn(), World())
        let engine = try await Self.engine(work, world)
        let id = try await engine.make("web").id
        await work.gate.arrivals(1)
        _ = try await engine.cancelTask(CancelTaskRequest(id: id), call)
        await Self.waits(engine, id)
        await engine.shutdown(by: soon())
        #expect(engine.operation(id)?.state == .running && work.counts == [1, 0])
        // It died with the process.
        let next = Stubborn()
        let second = try await Self.engine(next, world)
        #expect(await second.ended(id)?.state == .cancelled)
        #expect(next.counts == [0, 1])
    }

    @Test func `one that waits for a call gives its place to others`() async throws {
        let (work, world) = (Stubborn(), World())
        var limits = TaskEngine.Limits()
        limits.hauling = 1
        let engine = try await Self.engine(work, world, limits: limits)
        let first = try await engine.make("web").id
        await work.gate.arrivals(1)
        let second = try await engine.make("db").id
        #expect(engine.operation(second)?.state == .queued)
        _ = try await engine.cancelTask(CancelTaskRequest(id: first), call)
        #expect(await engine.ended(second)?.state == .succeeded)
        #expect(engine.operation(first)?.state == .running)
        work.endCall()
        #expect(await engine.ended(first)?.state == .cancelled)
    }

    @Test func `one that sleeps before it tries again gives its place to others, and waits for one afterwards`() async throws {
        let world = World()
        world.state.withLock { $0.failsAt[1] = RPCError(.unavailable, "no route") }
        var limits = TaskEngine.Limits()
        limits.hauling = 1
        let engine = try await world.engine(limits: limits, configure: { $0.retrySeconds = 30 })
        let first = try await engine.make("a").id
        let second = try await engine.make("b").id
        #expect(await engine.ended(second)?.state == .succeeded)
        #expect(engine.operation(first)?.state == .running)
        #expect(await engine.ended(first)?.state == .succeeded)
    }

    @Test func `what moves bytes does not keep others from acting, nor what waits`() async throws {
        let world = World(gated: true)
        let kinds = [ProviderMethod.create, .delete, .power].map { method in
            OperationKind(method.rawValue, work: ThreeThings(world: world))
        }
        #expect(kinds.map(\.place) == [.hauling, .acting, .waiting])
        var limits = TaskEngine.Limits()
        (limits.hauling, limits.acting, limits.waiting) = (1, 1, 1)
        let engine = try await TaskEngine(TaskJournal(world.folder.path + "/tasks.db"), kinds: kinds, limits: limits)
        for method in [ProviderMethod.create, .create, .power, .power, .delete] {
            _ = try await engine.accept(method, request: [], from: call, token: nil) { id throws(RPCError) in
                OperationDraft(target: id)
            }
        }
        await world.gate?.arrivals(3)
        #expect(engine.operations.filter { $0.state == .running }.map(\.kind) == ["Create", "Power", "Delete"])
        world.gate?.open()
        for operation in engine.operations { #expect(await engine.ended(operation.id)?.state == .succeeded) }
    }

    @Test func `one that sleeps while it waits for a guest gives its place to others, and what takes seconds has another`() async throws {
        let (world, gate) = (World(), Gate())
        var kind = OperationKind(ProviderMethod.power.rawValue, work: Sleeping(gate: gate))
        kind.places["off"] = .acting
        var limits = TaskEngine.Limits()
        (limits.acting, limits.waiting) = (1, 1)
        let engine = try await TaskEngine(TaskJournal(world.folder.path + "/tasks.db"), kinds: [kind], limits: limits)
        for variant in ["shutdown", "shutdown", "reboot", "off", "off"] {
            _ = try await engine.accept(.power, request: [], from: call, token: nil) { id throws(RPCError) in
                OperationDraft(target: id, variant: variant)
            }
        }
        await gate.arrivals(4)
        #expect(engine.operations.map(\.state) == [.running, .running, .running, .running, .queued])
        for operation in engine.operations { _ = try await engine.cancel(operation.id) }
        for operation in engine.operations { #expect(await engine.ended(operation.id)?.state == .cancelled) }
    }

    @Test func `one that waits for a place does not let another pass on its machine`() async throws {
        let world = World(gated: true)
        let kinds = [ProviderMethod.create, .delete].map { OperationKind($0.rawValue, work: ThreeThings(world: world)) }
        var limits = TaskEngine.Limits()
        limits.hauling = 1
        let engine = try await TaskEngine(TaskJournal(world.folder.path + "/tasks.db"), kinds: kinds, limits: limits)
        for (method, lock) in [(ProviderMethod.create, "a"), (.create, "b"), (.delete, "b"), (.delete, "c")] {
            _ = try await engine.accept(method, request: [], from: call, token: nil) { id throws(RPCError) in
                OperationDraft(target: id, locks: [lock])
            }
        }
        await world.gate?.arrivals(2)
        #expect(engine.operations.map(\.state) == [.running, .queued, .queued, .running])
        world.gate?.open()
        for operation in engine.operations { _ = await engine.ended(operation.id) }
    }

    @Test func `taking back that ends the process each time is given up`() async throws {
        let world = World()
        var limits = TaskEngine.Limits()
        limits.attempts = 3
        // The second action fails, and whatever is done to take it back ends the process.
        world.state.withLock {
            $0.failsAt[2] = RPCError(.resourceExhausted, "full")
            $0.diesAt = 3
        }
        var id = ""
        for round in 0..<4 {
            if round > 0 { world.state.withLock { $0.diesAt = Double($0.actions + 1) } }
            let engine = try await world.engine(limits: limits)
            if round == 0 { id = try await engine.make("web").id }
            await world.death.arrivals(round + 1)
            await engine.abandon()
        }
        let ended = try #require(await (try world.engine(limits: limits)).ended(id))
        #expect(ended.state == .failed && ended.code == .resourceExhausted)
        #expect(ended.message.hasPrefix("full; what it made could not be taken back") && ended.message.contains("look for \(id)"))
    }
}
