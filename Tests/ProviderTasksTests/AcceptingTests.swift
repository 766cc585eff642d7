import ProviderRPC
import RPC
import Synchronization
import Testing

@testable import ProviderTasks

@Suite struct AcceptingTests {
    @Test func `an operation is on the disk before anything is done`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine()
        let operation = try await engine.make("web")
        await world.gate?.arrivals(1)
        await engine.abandon()
        #expect(world.things.isEmpty)
        world.gate?.open()
        let again = try await world.engine()
        #expect(await again.ended(operation.id)?.state == .succeeded)
        #expect(world.things.count == 3 && Set(world.things.values) == [operation.id])
    }

    @Test(arguments: [false, true], [false, true])
    func `the same key with the same request is the same operation`(restarts: Bool, waitsForEnd: Bool) async throws {
        let world = World()
        var engine = try await world.engine()
        let first = try await engine.make("web", key: "k")
        if waitsForEnd { _ = await engine.ended(first.id) }
        if restarts {
            await engine.abandon()
            engine = try await world.engine()
        }
        let second = try await engine.make("web", key: "k")
        #expect(second.id == first.id && second.resultID == first.resultID)
        #expect(await engine.ended(first.id)?.state == .succeeded)
        #expect(engine.operations.count == 1)
        do throws(RPCError) {
            _ = try await engine.make("web", key: "k", request: "another")
            Issue.record("another request was taken for it")
        } catch {
            #expect(error.code == .invalidArgument)
        }
    }

    @Test func `the same key twenty times at once is one operation`() async throws {
        let world = World()
        let engine = try await world.engine()
        let ids = await withTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { (try? await engine.make("web", key: "k"))?.id ?? "none" } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && !ids.contains("none"))
        #expect(engine.operations.count == 1)
    }

    @Test func `an owner's token stands for what was made, not for the request`() async throws {
        let world = World()
        let engine = try await world.engine()
        let first = try await engine.make("web", owner: "uid")
        #expect(try await engine.make("web", owner: "uid", request: "edited").id == first.id)
        _ = await engine.ended(first.id)
        #expect(try await engine.make("web", owner: "uid", request: "edited").id == first.id)
        // What it made is gone: it is made again, and then that one counts, also after a restart.
        world.state.withLock { $0.things = [:] }
        let second = try await engine.make("web", owner: "uid") { _ in false }
        #expect(second.id != first.id)
        #expect(await engine.ended(second.id)?.state == .succeeded)
        await engine.abandon()
        let again = try await world.engine()
        #expect(try await again.make("web", owner: "uid").id == second.id)
    }

    @Test func `an owner's operation that failed is made again, a key's is not`() async throws {
        let world = World()
        world.state.withLock { $0.failsAt[1] = RPCError(.resourceExhausted, "the pool is full") }
        let engine = try await world.engine()
        let first = try await engine.make("web", owner: "uid")
        #expect(await engine.ended(first.id)?.code == .resourceExhausted)
        let second = try await engine.make("web", owner: "uid")
        #expect(second.id != first.id)
        #expect(await engine.ended(second.id)?.state == .succeeded)
        world.state.withLock { $0.failsAt[$0.actions + 1] = RPCError(.resourceExhausted, "the pool is full") }
        let third = try await engine.make("db", key: "k")
        #expect(await engine.ended(third.id)?.state == .failed)
        #expect(try await engine.make("db", key: "k").id == third.id)
    }

    @Test func `a name that is being taken is taken`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine()
        let first = try await engine.make("web", key: "a")
        do throws(RPCError) {
            _ = try await engine.make("web", key: "b")
            Issue.record("it was given twice")
        } catch {
            #expect(error.code == .alreadyExists && error.message.contains(first.id))
        }
        world.gate?.open()
        _ = await engine.ended(first.id)
        // Now it is for the provider to say whose the machine is.
        #expect(try await engine.make("web", key: "b").id != first.id)
    }

    @Test func `too many are refused, and nothing of them is kept`() async throws {
        let world = World(gated: true)
        var limits = TaskEngine.Limits()
        limits.live = 2
        let engine = try await world.engine(limits: limits)
        for name in ["a", "b"] { _ = try await engine.make(name) }
        do throws(RPCError) {
            _ = try await engine.make("c", key: "c")
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .resourceExhausted)
        }
        world.gate?.open()
        for operation in engine.operations { _ = await engine.ended(operation.id) }
        #expect(try await engine.make("c", key: "c").target == "c")
    }

    @Test func `what cannot be written down is refused, and the name is free again`() async throws {
        let world = World()
        let engine = try await world.engine()
        await engine.journal.close()
        for _ in 0..<2 {
            do throws(RPCError) {
                _ = try await engine.make("web", key: "k")
                Issue.record("it was taken")
            } catch {
                #expect(error.code == .unavailable && error.message.contains("nothing was done"))
            }
        }
        #expect(engine.operations.isEmpty && world.things.isEmpty)
    }

    @Test func `a journal belongs to one process`() async throws {
        let world = World()
        let engine = try await world.engine()
        do {
            _ = try await world.engine()
            Issue.record("two engines have it")
        } catch {
            #expect("\(error)".contains("in use by process"))
        }
        _ = engine.liveCount
    }
}
