import Primitives
import ProviderRPC
import RPC
import Synchronization
import TestSupport
import Testing

@testable import ProviderTasks

@Suite struct RunningTests {
    @Test func `two on one machine come one after the other, others side by side, and no more than may`() async throws {
        let world = World(gated: true)
        var limits = TaskEngine.Limits()
        limits.running = 3
        let engine = try await world.engine(limits: limits)
        for number in 0..<8 { _ = try await engine.make("m\(number)", locks: ["vm:\(number % 4)"]) }
        await world.gate?.arrivals(3)
        #expect(engine.operations.filter { $0.state == .running }.map(\.target) == ["m0", "m1", "m2"])
        #expect(engine.operations.filter { $0.state == .queued }.count == 5)
        world.gate?.open()
        for operation in engine.operations { #expect(await engine.ended(operation.id)?.state == .succeeded) }
        let ends = engine.operations.sorted { ($0.endedAt ?? 0, $0.sequence) < ($1.endedAt ?? 0, $1.sequence) }.map(\.target)
        for number in 0..<4 {
            let first = ends.firstIndex(of: "m\(number)") ?? 0
            let second = ends.firstIndex(of: "m\(number + 4)") ?? 0
            #expect(first < second)
        }
    }

    @Test func `a failure is taken back and told with its code`() async throws {
        let world = World()
        world.state.withLock {
            $0.failsAt[3] = RPCError(.resourceExhausted, "pool fast is full: remove something")
            $0.undoFailures = 2
        }
        let engine = try await world.engine()
        let operation = try await engine.make("web")
        let ended = try #require(await engine.ended(operation.id))
        #expect(ended.state == .failed && ended.code == .resourceExhausted && ended.outcome == .failure)
        #expect(world.things.isEmpty)
        let status = try engine.status(TaskStatusRequest(task: TaskRef(id: operation.id)))
        #expect(status.done && status.error == "RESOURCE_EXHAUSTED: pool fast is full: remove something")
    }

    @Test func `what cannot be taken back in time is told`() async throws {
        let world = World()
        world.state.withLock {
            $0.failsAt[2] = RPCError(.internal, "it broke")
            $0.undoFailures = 1000
        }
        let engine = try await world.engine { $0.undoSeconds = 0.2 }
        let operation = try await engine.make("web")
        let ended = try #require(await engine.ended(operation.id))
        #expect(ended.state == .failed && ended.message.contains("look for \(operation.id) on the hypervisor"))
    }

    @Test func `a hypervisor that cannot be reached for a moment is asked again`() async throws {
        let world = World()
        world.state.withLock { $0.failsAt[2] = RPCError(.unavailable, "no route") }
        let engine = try await world.engine { $0.retrySeconds = 30 }
        let operation = try await engine.make("web")
        #expect(await engine.ended(operation.id)?.state == .succeeded)
        #expect(world.state.withLock { $0.actions } == 4)
    }

    @Test func `trouble that comes after a while has its own time to pass`() async throws {
        let world = World(gated: true)
        world.state.withLock { $0.failsAt[2] = RPCError(.unavailable, "no route") }
        let time = Hands(1000)
        let clock = WallClock { time.unixSeconds }
        let engine = try await world.engine(clock: clock, configure: { $0.retrySeconds = 1 })
        let operation = try await engine.make("web")
        await world.gate?.arrivals(1)
        // Longer than it would be tried again.
        time.advance(100)
        world.gate?.open()
        #expect(await engine.ended(operation.id)?.state == .succeeded)
    }

    @Test func `time that runs out ends it, and it is taken back`() async throws {
        let world = World()
        let engine = try await TaskEngine(
            TaskJournal(world.folder.path + "/tasks.db"),
            kinds: [OperationKind(ProviderMethod.create.rawValue, deadlineSeconds: 0.05, work: Sleeper(world: world))])
        let operation = try await engine.make("web")
        let ended = try #require(await engine.ended(operation.id))
        #expect(ended.code == .deadlineExceeded && ended.state == .failed && ended.outcome == .error)
        #expect(world.state.withLock { $0.undone } == 1)
    }

    @Test func `a queued operation is cancelled at once, and one that runs is taken back`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine()
        let running = try await engine.make("a", locks: ["vm"])
        let queued = try await engine.make("b", locks: ["vm"])
        await world.gate?.arrivals(1)
        #expect(try await engine.cancelTask(CancelTaskRequest(id: queued.id), call).state == .cancelled)
        let asked = try await engine.cancelTask(CancelTaskRequest(id: running.id), call)
        #expect(asked.state == .running && asked.isCancelRequested)
        world.gate?.open()
        let ended = try #require(await engine.ended(running.id))
        #expect(ended.state == .cancelled && ended.code == .cancelled && ended.outcome == .cancelled)
        #expect(world.things.isEmpty)
        // One that is over stays as it ended.
        #expect(try await engine.cancelTask(CancelTaskRequest(id: running.id), call).state == .cancelled)
        #expect(engine.tallies.map(\.count).reduce(0, +) == 2)
    }

    @Test func `a kind that cannot be stopped says so`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine { $0.canCancel = false }
        let operation = try await engine.make("a")
        do throws(RPCError) {
            _ = try await engine.cancelTask(CancelTaskRequest(id: operation.id), call)
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .failedPrecondition)
        }
        world.gate?.open()
        #expect(await engine.ended(operation.id)?.state == .succeeded)
    }

    @Test func `progress goes forward, and is written now and then only`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine(clock: .fixed(1000))
        let operation = try await engine.make("a")
        await world.gate?.arrivals(1)
        for progress in [0.5, 0.2, .nan, 7] { await engine.report(operation.id, progress) }
        #expect(engine.operation(operation.id)?.progress == 1)
        let journalled = try await engine.journal.operations().first?.progress
        #expect(journalled == 0.5)
        world.gate?.open()
    }

    @Test func `an end is told once and counted once`() async throws {
        let told = Told()
        let world = World()
        world.state.withLock { $0.failsAt[4] = RPCError(.notFound, "gone") }
        let engine = try await world.engine(observer: { told.add($0) })
        let first = try await engine.make("a")
        _ = await engine.ended(first.id)
        let second = try await engine.make("b")
        _ = await engine.ended(second.id)
        #expect(told.ends == ["a success", "b failure"])
        let tallies = engine.tallies
        #expect(tallies.map { "\($0.outcome.rawValue) \($0.count)" } == ["failure 1", "success 1"])
        await engine.abandon()
        #expect(try await world.engine().tallies == tallies)
    }

    @Test func `pages of tasks show each once, the newest first`() async throws {
        let world = World()
        let engine = try await world.engine()
        for number in 0..<7 { _ = await engine.ended(try await engine.make("m\(number)").id) }
        var seen: [String] = []
        var token = ""
        repeat {
            let page = try await engine.listTasks(ListTasksRequest(pageSize: 3, pageToken: token), call)
            seen += page.tasks.map(\.target)
            token = page.nextPageToken
        } while !token.isEmpty
        #expect(seen == (0..<7).reversed().map { "m\($0)" })
        #expect(try await engine.listTasks(ListTasksRequest(target: "id-of-m3"), call).tasks.map(\.target) == ["m3"])
        #expect(try await engine.listTasks(ListTasksRequest(states: [.failed]), call).tasks.isEmpty)
        #expect(try await engine.listTasks(ListTasksRequest(kinds: ["Delete"]), call).tasks.isEmpty)
    }

    @Test func `a task that is not there is not found`() async throws {
        let engine = try await World().engine()
        for (id, code) in [("", RPCCode.invalidArgument), ("op-0", .notFound)] {
            do throws(RPCError) {
                _ = try engine.status(TaskStatusRequest(task: TaskRef(id: id)))
                Issue.record("it was found")
            } catch {
                #expect(error.code == code)
            }
        }
    }
}

/// Works for ever.
struct Sleeper: OperationWork {
    let world: World

    func run(_ operation: OperationContext) async throws(RPCError) {
        while true { try await operation.sleep(seconds: 100) }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) { world.state.withLock { $0.undone += 1 } }
}

final class Told: Sendable {
    private let state = Mutex<[String]>([])
    var ends: [String] { state.withLock { $0 } }
    func add(_ end: OperationEnd) { state.withLock { $0.append("\(end.operation.target) \(end.outcome.rawValue)") } }
}

/// Of a clock that a test turns.
final class Hands: Sendable {
    private let time: Mutex<Double>

    init(_ unixSeconds: Double) { time = Mutex(unixSeconds) }

    var unixSeconds: Double { time.withLock { $0 } }

    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}
