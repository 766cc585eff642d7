import Metrics
import ObjectStore
import Objects
import Primitives
import Synchronization
import Testing

@testable import Reconciling

@Suite struct `A controller` {
    private struct Scripted: Reconciler {
        let body: @Sendable (ObjectName) async throws(ReconcileError) -> ReconcileResult

        func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult { try await body(name) }
    }

    private let clock = TestClock()
    private let log = Log()

    private func controller(
        workers: Int = 1, pace: RetryPace = RetryPace(firstSeconds: 1, longestSeconds: 1000, perSecond: nil),
        _ body: @escaping @Sendable (ObjectName) async throws(ReconcileError) -> ReconcileResult
    ) -> Controller {
        Controller(
            "thing", kind: "Thing", Scripted(body: body), limits: Controller.Limits(workers: workers, pace: pace), time: clock.source)
    }

    /// Works until what is in the queue, and what it brings with it at once, is done.
    private func work(_ controller: Controller) async {
        let task = Task { await controller.work() }
        while controller.queue.facts.depth > 0 || controller.queue.facts.working > 0 { await Task.yield() }
        task.cancel()
        await task.value
    }

    private typealias Expected = (result: ControllerBook.Result, outcome: ReconcileResult.Outcome, afterSeconds: Double?, retries: Int)

    @Test(
        arguments: [
            (ReconcileResult.done, "success", "success", nil, 0),
            (.done(againAfterSeconds: 30), "requeue_after", "success", 30, 0),
            (.waiting, "success", "requeue", nil, 0),
            (.after(seconds: 5), "requeue_after", "requeue", 5, 0),
            (.requeue, "requeue", "requeue", 1, 1),
        ] as [(ReconcileResult, String, String, Double?, Int)])
    func `does and counts what a reconcile says`(
        _ result: ReconcileResult, _ title: String, _ outcome: String, _ seconds: Double?, _ retries: Int
    ) async {
        let controller = controller { _ throws(ReconcileError) in result }
        controller.queue.add(.of("a"))
        await work(controller)
        let book = controller.book.contents
        #expect(book.results.map { "\($0.key.rawValue) \($0.value)" } == ["\(title) 1"])
        #expect(book.outcomes.map { "\($0.key.rawValue) \($0.value)" } == ["\(outcome) 1"])
        #expect(book.errors == 0)
        #expect(book.durations.count == 1)
        #expect(book.active == 0)
        #expect(controller.queue.retries(of: .of("a")) == retries)
        #expect(controller.queue.facts.delayed == (seconds == nil ? 0 : 1))
        guard let seconds else { return }
        clock.advance(seconds - 0.01)
        #expect(controller.queue.facts.waiting == 0)
        clock.advance(0.02)
        #expect(controller.queue.facts.waiting == 1)
    }

    @Test func `tries again what failed, later each time, and forgets it when it is done`() async {
        let failures = Mutex(3)
        let controller = controller { _ throws(ReconcileError) in
            if failures.withLock({ left in
                left -= 1; return left >= 0
            }) {
                throw ReconcileError("broken")
            }
            return .done
        }
        controller.queue.add(.of("a"))
        for seconds in [1.0, 2, 4] {
            await work(controller)
            clock.advance(seconds - 0.01)
            #expect(controller.queue.facts.waiting == 0)
            clock.advance(0.02)
            #expect(controller.queue.facts.waiting == 1)
        }
        await work(controller)
        let book = controller.book.contents
        #expect(book.errors == 3)
        #expect(book.results[.error] == 3)
        #expect(book.outcomes[.error] == 3)
        #expect(book.results[.success] == 1)
        #expect(controller.queue.retries(of: .of("a")) == 0)
    }

    @Test func `does not try again what cannot be before something changes`() async {
        let controller = controller { _ throws(ReconcileError) in throw .terminal("spec says what cannot be") }
        controller.queue.add(.of("a"))
        await work(controller)
        clock.advance(10_000)
        #expect(controller.queue.facts.waiting == 0)
        controller.queue.add(.of("a"))
        await work(controller)
        let book = controller.book.contents
        #expect(book.terminalErrors == 2)
        #expect(book.errors == 2)
        #expect(book.outcomes[.error] == 2)
    }

    @Test func `reads again after a conflict, without noise`() async {
        let lines = Mutex(0)
        let isFirst = Mutex(true)
        // Errors have no retries left.
        let pace = RetryPace(firstSeconds: 0.005, longestSeconds: 1000, perSecond: 1, burst: 0)
        let controller = Controller(
            "thing", kind: "Thing",
            Scripted { name throws(ReconcileError) in
                if isFirst.withLock({ first in
                    defer { first = false }; return first
                }) {
                    throw ReconcileError(StoreError.conflict(ObjectKey(Thing.kind, name.namespace, name.name), "it has changed"))
                }
                return .done
            }, limits: Controller.Limits(workers: 1, pace: pace), time: clock.source,
            logger: Logger(write: { _ in lines.withLock { $0 += 1 } }))
        controller.queue.add(.of("a"))
        await work(controller)
        clock.advance(0.0051)
        #expect(controller.queue.facts.waiting == 1)
        await work(controller)
        let book = controller.book.contents
        #expect(book.errors == 0)
        #expect(book.results[.requeue] == 1)
        #expect(book.outcomes[.requeue] == 1)
        #expect(book.outcomes[.success] == 1)
        #expect(lines.withLock { $0 } == 0)
        #expect(controller.queue.retries(of: .of("a")) == 0)
    }

    @Test func `cancels what takes too long, and counts it as an error`() async {
        let controller = controller { [clock] _ throws(ReconcileError) in
            await clock.source.sleep(seconds: 100_000)
            return .done
        }
        controller.queue.add(.of("a"))
        let task = Task { await controller.work() }
        // Its deadline and its sleep.
        await clock.set(2)
        clock.advance(299)
        #expect(controller.book.contents.active == 1)
        clock.advance(2)
        while controller.queue.facts.working > 0 { await Task.yield() }
        let book = controller.book.contents
        #expect(book.timeouts == 1)
        #expect(book.errors == 1)
        #expect(book.results == [.error: 1])
        #expect(book.outcomes == [.error: 1])
        #expect(controller.queue.facts.delayed == 1)
        task.cancel()
        await task.value
        #expect(clock.pending == 1)
    }

    @Test func `leaves no timer behind`() async {
        let controller = controller { _ throws(ReconcileError) in .done }
        for number in 0..<100 { controller.queue.add(.of("\(number)")) }
        await work(controller)
        #expect(controller.book.contents.results[.success] == 100)
        #expect(clock.pending == 0)
    }

    // MARK: together

    private struct Ones: Reconciler {
        let informer: Informer<Thing>
        let log: Log

        func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
            guard var object = informer.get(name)?.object else {
                log.add("\(name.name) gone")
                return .done
            }
            guard object.spec["size"]?.whole == 0 else {
                log.add("\(name.name) done")
                return .done
            }
            object.spec = ["size": 1]
            let changed = object
            _ = try await asking { () async throws(StoreError) in try await informer.update(changed) }
            return .waiting
        }
    }

    @Test func `several run with their informers and end in order`() async {
        let store = ScriptedStore()
        store.put(Thing.make("a"))
        let informer = Informer<Thing>(store, time: clock.source)
        let controller = Controller("thing", kind: "Thing", Ones(informer: informer, log: log), time: clock.source)
        controller.watch(informer)
        let set = ControllerSet([controller], informers: [informer])
        #expect(!set.hasSynced)
        let task = Task { await set.run() }
        #expect(await log.first(1) == ["a done"])
        #expect(set.hasSynced)
        store.put(Thing.make("b"))
        #expect(await log.first(2).last == "b done")
        _ = try? await store.delete(ObjectKey(Thing.kind, "default", "a"))
        #expect(await log.first(3).last == "a gone")
        task.cancel()
        await task.value
        // Each was written once.
        #expect(store.calls(.update) == 2)
        controller.queue.add(.of("c"))
        #expect(controller.queue.facts.depth == 0)
    }

    @Test func `a reconcile that runs when the program ends may end by itself`() async {
        let (store, gate) = (ScriptedStore(), Gate())
        store.put(Thing.make("a"))
        let informer = Informer<Thing>(store, time: clock.source)
        let controller = controller { [log] _ throws(ReconcileError) in
            await gate.pass()
            log.add(Task.isCancelled ? "cancelled" : "ended")
            return .done
        }
        controller.watch(informer)
        let task = Task { await ControllerSet([controller], informers: [informer]).run() }
        await gate.reached()
        task.cancel()
        gate.open()
        await task.value
        #expect(log.lines == ["ended"])
    }

    @Test func `one that does not end is cancelled, and left behind when that does not help`() async {
        let (store, gate) = (ScriptedStore(), Gate())
        store.put(Thing.make("a"))
        let informer = Informer<Thing>(store)
        let controller = Controller(
            "thing", kind: "Thing",
            Scripted { [log] _ throws(ReconcileError) in
                await gate.pass()
                log.add(Task.isCancelled ? "cancelled" : "ended")
                return .done
            })
        controller.watch(informer)
        let task = Task { await ControllerSet([controller], informers: [informer], stopSeconds: 0.01).run() }
        await gate.reached()
        task.cancel()
        await task.value
        #expect(log.lines.isEmpty)
        gate.open()
        #expect(await log.first(1) == ["cancelled"])
    }

    @Test func `looks at owners and at those whom something is about`() async {
        let store = ScriptedStore()
        let informer = Informer<Thing>(store, time: clock.source)
        let owners = controller { _ throws(ReconcileError) in .done }
        let named = controller { _ throws(ReconcileError) in .done }
        let changed = controller { _ throws(ReconcileError) in .done }
        owners.watch(informer, ownedBy: .vmSet)
        named.watch(informer) { $0.owner.map { [.of($0)] } ?? [] }
        changed.watch(informer) { old, new in old?.size != new?.size }
        let task = Task { await informer.run() }
        _ = await informer.synced()
        var object = Thing.make("a", owner: "x")
        object.metadata.ownerReferences = [
            OwnerReference(apiVersion: ResourceKind.vmSet.apiVersion, kind: "VMSet", name: "set", uid: "1")
        ]
        store.put(object)
        while changed.queue.facts.waiting == 0 { await Task.yield() }
        #expect(await owners.queue.next() == .of("set"))
        #expect(await named.queue.next() == .of("x"))
        #expect(await changed.queue.next() == .of("a"))
        for queue in [owners.queue, named.queue, changed.queue] { for name in ["set", "x", "a"] { queue.done(.of(name)) } }
        object.spec = ["size": 0, "owner": "y"]
        store.put(object)
        while named.queue.facts.waiting < 2 { await Task.yield() }
        #expect(await named.queue.next() == .of("x"))
        #expect(await named.queue.next() == .of("y"))
        #expect(changed.queue.facts.waiting == 0)
        task.cancel()
        await task.value
    }
}
