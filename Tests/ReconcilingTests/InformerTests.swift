import ObjectStore
import Objects
import Testing

@testable import Reconciling

@Suite struct `An informer` {
    private let store = ScriptedStore()
    private let clock = TestClock()
    private let log = Log()

    private func informer(resyncSeconds: Double? = nil) -> Informer<Thing> {
        let informer = Informer<Thing>(store, resyncSeconds: resyncSeconds, time: clock.source, chance: { 0 })
        informer.onChange { [log] old, new in
            let name = (new ?? old)?.name.name ?? ""
            log.add("\(name) \(old?.size.map(String.init) ?? "-") \(new?.size.map(String.init) ?? "-")")
        }
        return informer
    }

    /// Runs the informer while the body does.
    private func running(_ informer: Informer<Thing>, _ body: () async -> Void) async {
        let task = Task { await informer.run() }
        await body()
        task.cancel()
        await task.value
    }

    private func size(_ name: String, _ size: Int64) -> APIObject { Thing.make(name, size: size) }

    @Test func `has all objects when it has synced, and tells of each change after that`() async {
        store.put(size("a", 1))
        let informer = informer()
        #expect(!informer.hasSynced)
        #expect(informer.silenceSeconds == nil)
        await running(informer) {
            #expect(await informer.synced())
            #expect(informer.hasSynced)
            #expect(log.lines == ["a - 1"])
            #expect(informer.get("default", "a")?.size == 1)
            store.put(size("b", 2))
            store.put(size("a", 3))
            _ = try? await store.delete(ObjectKey(Thing.kind, "default", "b"))
            #expect(await log.first(4) == ["a - 1", "b - 2", "a 1 3", "b 2 -"])
            #expect(informer.list().map(\.size) == [3])
            #expect(informer.list(in: "other").isEmpty)
            #expect(informer.count == 1)
        }
        #expect(store.calls(.list) == 1)
        #expect(store.calls(.watch) == 1)
    }

    @Test func `who waits for it is let go when cancelled`() async {
        let informer = informer()
        let waiting = Task { await informer.synced() }
        waiting.cancel()
        #expect(await waiting.value == false)
    }

    @Test func `a handler that comes late hears of what is there, and then of what changes`() async {
        store.put(size("a", 1))
        let informer = informer()
        await running(informer) {
            _ = await informer.synced()
            let late = Log()
            informer.onChange { old, new in late.add("\(old?.size ?? 0) \(new?.size ?? 0)") }
            store.put(size("a", 2))
            #expect(await late.first(2) == ["0 1", "1 2"])
        }
    }

    @Test func `watches again where it was when a watch ends`() async {
        let informer = informer()
        await running(informer) {
            _ = await informer.synced()
            store.put(size("a", 1))
            _ = await log.first(1)
            store.holdWatches()
            store.put(size("a", 2))
            store.endWatches()
            store.releaseWatches()
            #expect(await log.first(2) == ["a - 1", "a 1 2"])
        }
        #expect(store.calls(.list) == 1)
        #expect(store.calls(.watch) == 2)
    }

    @Test func `a watch that ends at once without a word is not asked for without a pause`() async {
        let informer = informer()
        await running(informer) {
            _ = await informer.synced()
            while store.calls(.watch) < 1 { await Task.yield() }
            store.endWatches()
            await clock.set(1)
            #expect(store.calls(.watch) == 1)
            clock.advance(0.81)
            while store.calls(.watch) < 2 { await Task.yield() }
        }
    }

    @Test func `lists again what was lost, and tells the difference`() async {
        for (name, number) in [("same", 1), ("gone", 2), ("other", 3)] { store.put(size(name, Int64(number))) }
        let informer = informer()
        await running(informer) {
            _ = await informer.synced()
            store.holdWatches()
            _ = try? await store.delete(ObjectKey(Thing.kind, "default", "gone"))
            store.put(size("other", 4))
            store.put(size("new", 5))
            let same = informer.get(.of("same"))
            store.forgetLog()
            store.endWatches(StoreError(.expired, "too slow"))
            await clock.set(1)
            store.releaseWatches()
            clock.advance(1)
            let lines = await log.first(6).dropFirst(3)
            #expect(lines.first == "gone 2 -")
            #expect(Set(lines) == ["gone 2 -", "other 3 4", "new - 5"])
            #expect(informer.get(.of("same")) == same)
        }
        #expect(store.calls(.list) == 2)
    }

    @Test func `an object that took another's name while nobody looked is told as another`() async {
        store.put(size("a", 1))
        let informer = informer()
        await running(informer) {
            _ = await informer.synced()
            store.holdWatches()
            _ = try? await store.delete(ObjectKey(Thing.kind, "default", "a"))
            store.put(size("a", 2))
            store.forgetLog()
            store.endWatches(StoreError(.expired, "too slow"))
            await clock.set(1)
            store.releaseWatches()
            clock.advance(1)
            #expect(await log.first(3) == ["a - 1", "a 1 -", "a - 2"])
        }
    }

    @Test func `asks a store that does not answer again, later each time`() async {
        store.put(size("a", 1))
        store.fail(.list, .unavailable, .unavailable, .timeout)
        let informer = informer()
        await running(informer) {
            for (attempt, seconds) in [0.8, 1.6, 3.2].enumerated() {
                await clock.set(attempt + 1)
                #expect(store.calls(.list) == attempt + 1)
                clock.advance(seconds - 0.01)
                #expect(store.calls(.list) == attempt + 1)
                clock.advance(0.02)
            }
            #expect(await informer.synced())
            #expect(store.calls(.list) == 4)
        }
    }

    @Test func `a store that cannot be watched for a time is watched again where it was`() async {
        let informer = informer()
        await running(informer) {
            _ = await informer.synced()
            while store.calls(.watch) < 1 { await Task.yield() }
            store.fail(.watch, .unavailable)
            store.endWatches(StoreError(.unavailable, "cut"))
            await clock.set(1)
            store.put(size("a", 1))
            clock.advance(1)
            await clock.set(2)
            clock.advance(2)
            #expect(await log.first(1) == ["a - 1"])
        }
        #expect(store.calls(.list) == 1)
    }

    @Test func `knows for how long it has heard nothing`() async {
        store.put(size("a", 1))
        let informer = informer()
        await running(informer) {
            _ = await informer.synced()
            while store.calls(.watch) < 1 { await Task.yield() }
            clock.advance(40)
            #expect(informer.silenceSeconds.map { abs($0 - 40) < 1e-6 } == true)
            store.bookmark()
            while informer.silenceSeconds != 0 { await Task.yield() }
            #expect(log.lines == ["a - 1"])
        }
    }

    @Test func `tells of every object from time to time when it is told to`() async {
        store.put(size("a", 1))
        let informer = informer(resyncSeconds: 60)
        await running(informer) {
            _ = await informer.synced()
            await clock.set(1)
            clock.advance(59)
            #expect(log.lines == ["a - 1"])
            clock.advance(2)
            #expect(await log.first(2) == ["a - 1", "a 1 1"])
        }
    }

    @Test func `finds objects by what they say`() async {
        for (name, owner) in [("b", "x"), ("a", "x"), ("c", "y")] { store.put(Thing.make(name, owner: owner)) }
        let informer = informer()
        let early = informer.index("owner") { $0.owner.map { [$0] } ?? [] }
        await running(informer) {
            _ = await informer.synced()
            let late = informer.index("initial") { [String($0.name.name.prefix(1))] }
            #expect(early.lookup("x").map(\.name.name) == ["a", "b"])
            #expect(late.lookup("c").count == 1)
            #expect(early.count(of: "x") == 2 && early.count(of: "y") == 1 && early.count(of: "z") == 0)
            store.put(Thing.make("a", owner: "y"))
            _ = await log.first(4)
            #expect(early.lookup("x").map(\.name.name) == ["b"])
            #expect(early.lookup("y").map(\.name.name) == ["a", "c"])
            #expect(informer.index("owner") { _ in ["never"] }.lookup("y").count == 2)
            _ = try? await store.delete(ObjectKey(Thing.kind, "default", "b"))
            _ = await log.first(5)
            #expect(early.lookup("x").isEmpty && early.count(of: "x") == 0)
        }
    }

    @Test func `calls handlers in order, without a lock, though they ask it again`() async {
        let informer = Informer<Thing>(store, time: clock.source)
        informer.onChange { [log] _, new in
            // Would never end under a lock.
            log.add("\(new?.size ?? 0) of \(informer.count)")
            if new?.size == 1 { informer.onChange { [log] _, new in log.add("inner \(new?.size ?? 0)") } }
        }
        await running(informer) {
            _ = await informer.synced()
            store.put(size("a", 1))
            _ = await log.first(2)
            store.put(size("b", 2))
            #expect(await log.first(4) == ["1 of 1", "inner 1", "2 of 2", "inner 2"])
        }
    }
}
