import ObjectStore
import Objects
import Testing

@testable import Reconciling

@Suite struct `Writing through an informer` {
    private let store = ScriptedStore()
    private let clock = TestClock()

    private func running(_ body: (Informer<Thing>) async throws -> Void) async throws {
        let informer = Informer<Thing>(store, time: clock.source, chance: { 0 })
        let task = Task { await informer.run() }
        _ = await informer.synced()
        try await body(informer)
        task.cancel()
        // A watch that is held would not hear of it.
        store.releaseWatches()
        await task.value
    }

    @Test func `shows what was written before the store tells it, also by its index`() async throws {
        try await running { informer in
            let byOwner = informer.index("owner") { $0.owner.map { [$0] } ?? [] }
            store.holdWatches()
            let made = try await informer.create(Thing.make("a", owner: "x", size: 1))
            #expect(informer.get(.of("a")) == made)
            #expect(byOwner.lookup("x") == [made])
            var object = made.object
            object.spec = .members(ObjectMembers([("owner", .text("y")), ("size", 2)]))
            _ = try await informer.update(object)
            #expect(informer.get(.of("a"))?.size == 2)
            #expect(byOwner.lookup("x").isEmpty)
            #expect(byOwner.lookup("y").count == 1)
            _ = try await informer.delete(object)
            #expect(informer.get(.of("a")) == nil)
            #expect(informer.count == 0)
        }
    }

    @Test func `handlers hear of it when the store tells it, and of every state`() async throws {
        let log = Log()
        try await running { informer in
            informer.onChange { old, new in log.add("\(old?.size ?? 0) \(new?.size ?? 0) cache \(informer.get(.of("a"))?.size ?? 0)") }
            store.holdWatches()
            let made = try await informer.create(Thing.make("a", size: 1))
            var object = made.object
            object.spec = ["size": 2]
            _ = try await informer.update(object)
            #expect(log.lines.isEmpty)
            store.releaseWatches()
            #expect(await log.first(2) == ["0 1 cache 2", "1 2 cache 2"])
            store.put(Thing.make("a", size: 3))
            #expect(await log.first(3).last == "2 3 cache 3")
        }
    }

    @Test func `what was told before the write has returned does not come back`() async throws {
        let log = Log()
        try await running { informer in
            informer.onChange { _, new in log.add("\(new?.size ?? 0)") }
            let gate = store.gate(.create)
            let writing = Task { () async throws(StoreError) in try await informer.create(Thing.make("a", size: 1)) }
            await gate.reached()
            _ = await log.first(1)
            store.put(Thing.make("a", size: 2))
            _ = await log.first(2)
            gate.open()
            _ = try await writing.value
            #expect(informer.get(.of("a"))?.size == 2)
        }
    }

    @Test func `asks the store when a list came between`() async throws {
        let log = Log()
        try await running { informer in
            informer.onChange { _, new in log.add("\(new?.size ?? 0)") }
            store.holdWatches()
            let gate = store.gate(.create)
            let writing = Task { () async throws(StoreError) in try await informer.create(Thing.make("a", size: 1)) }
            await gate.reached()
            store.put(Thing.make("a", size: 2))
            store.endWatches(StoreError(.expired, "too slow"))
            await clock.set(1)
            clock.advance(1)
            #expect(await log.first(1) == ["2"])
            gate.open()
            _ = try await writing.value
            #expect(store.calls(.get) == 1)
            #expect(informer.get(.of("a"))?.size == 2)
        }
    }

    @Test(arguments: [true, false]) func `shows what was written when the store cannot be asked, and in the end what it tells`(
        _ isTold: Bool
    ) async throws {
        try await running { informer in
            store.holdWatches()
            let gate = store.gate(.list)
            store.endWatches(StoreError(.expired, "too slow"))
            await clock.set(1)
            clock.advance(1)
            // The list has its answer, without what is written now.
            await gate.reached()
            _ = try await informer.create(Thing.make("a", size: 1))
            store.fail(.get, .unavailable)
            gate.open()
            while store.calls(.get) < 1 { await Task.yield() }
            #expect(informer.get(.of("a"))?.size == 1)
            guard isTold else { return }
            store.releaseWatches()
            store.put(Thing.make("a", size: 2))
            while informer.get(.of("a"))?.size != 2 { await Task.yield() }
        }
    }

    @Test func `a write that fails changes nothing`() async throws {
        try await running { informer in
            store.put(Thing.make("a", size: 1))
            while informer.count == 0 { await Task.yield() }
            store.fail(.update, .conflict)
            do throws(StoreError) {
                _ = try await informer.update(Thing.make("a", size: 9))
                Issue.record("was written")
            } catch {
                #expect(error.reason == .conflict)
            }
            #expect(informer.get(.of("a"))?.size == 1)
        }
    }

    @Test func `one that loses its last finalizer while it goes is gone`() async throws {
        try await running { informer in
            store.holdWatches()
            var object = try await informer.create(Thing.make("a")).object
            object.metadata.deletionTimestamp = "2026-11-23T00:00:00Z"
            _ = try await informer.update(object)
            #expect(informer.get(.of("a")) == nil)
        }
    }
}
