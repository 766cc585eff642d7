import Glibc
import ObjectStore
import Objects
import Primitives
import Synchronization
import Testing
import TestSupport

@testable import Reconciling

@Suite struct `Controllers on a store in memory` {
    /// Makes one child for each parent: whoever trusts a cache that is behind makes two.
    private final class Parents: Reconciler {
        let informer: Informer<Thing>
        let children: InformerIndex<Thing>
        let made = Mutex<[String: Int]>([:])

        init(_ informer: Informer<Thing>) {
            self.informer = informer
            children = informer.index("parent") { $0.owner.map { [$0] } ?? [] }
        }

        func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult {
            guard let parent = informer.get(name), parent.owner == nil else { return .done }
            guard children.lookup(name.name).isEmpty else { return .done }
            var child = Thing.make("", owner: name.name)
            child.metadata.generateName = "\(name.name)-"
            let new = child
            _ = try await asking { () async throws(StoreError) in try await informer.create(new) }
            made.withLock { $0[name.name, default: 0] += 1 }
            return .waiting
        }
    }

    @Test func `a controller that makes a child with a name from the store makes one for each parent`() async throws {
        let store = MemoryObjectStore()
        let informer = Informer<Thing>(store)
        let parents = Parents(informer)
        let controller = Controller("parent", kind: "Thing", parents, limits: Controller.Limits(workers: 8))
        controller.watch(informer)
        controller.watch(informer) { $0.owner.map { [.of($0)] } ?? [] }
        let task = Task { await ControllerSet([controller], informers: [informer]).run() }
        for number in 0..<200 {
            _ = try await store.create(Thing.make("p\(number)"))
            // Comes again while the child is not told of.
            controller.queue.add(.of("p\(number)"))
        }
        while informer.count < 400 || controller.queue.facts.depth > 0 || controller.queue.facts.working > 0 { await Task.yield() }
        task.cancel()
        await task.value
        let made = parents.made.withLock { $0 }
        #expect(made.count == 200)
        #expect(made.values.allSatisfy { $0 == 1 })
        #expect(try await store.list(Thing.kind).items.count == 400)
    }

    private struct Empty: Reconciler {
        func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult { .done }
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// What ten thousand keys cost, when MARTLET_MEASURE is set: by itself, as others in the process would be counted too.
    @Test(.enabled(if: getenv("MARTLET_MEASURE") != nil)) func `ten thousand keys, measured`() async {
        let names = (0..<10_000).map { ObjectName.of("machine-\($0)") }
        let queue = WorkQueue<ObjectName>()
        var start = ContinuousClock.now
        for name in names { queue.add(name) }
        let adds = (ContinuousClock.now - start).seconds
        start = ContinuousClock.now
        while queue.facts.waiting > 0, let name = await queue.next() { queue.done(name) }
        let gets = (ContinuousClock.now - start).seconds
        print("adds \(Int(10_000 / adds))/s, gets and dones \(Int(10_000 / gets))/s")
        let controller = Controller("empty", kind: "Thing", Empty(), limits: Controller.Limits(workers: 8))
        for name in names { controller.queue.add(name) }
        let cpu = Self.cpuSeconds()
        start = ContinuousClock.now
        let workers = (0..<8).map { _ in Task { await controller.work() } }
        while controller.queue.facts.depth > 0 || controller.queue.facts.working > 0 { try? await Task.sleep(for: .milliseconds(1)) }
        let wall = (ContinuousClock.now - start).seconds
        print("an empty reconcile: \((Self.cpuSeconds() - cpu) / 10_000 * 1e6) µs of CPU, \(Int(10_000 / wall))/s with 8 workers")
        for worker in workers { worker.cancel() }
        #expect(controller.book.contents.results == [.success: 10_000])
    }
}
