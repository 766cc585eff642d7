import Reconciling
import Synchronization
import Testing
import TestSupport

@Suite struct `A work queue under load` {
    /// What workers have at this moment, and how often each key was seen with its latest change.
    private final class Ledger: Sendable {
        struct State {
            var atWork: Set<Int> = []
            var doubled = 0
            /// Changes that were made of each key, and those that were seen.
            var made: [Int: Int] = [:]
            var seen: [Int: Int] = [:]
        }

        let state = Mutex(State())

        func make(_ key: Int) { state.withLock { $0.made[key, default: 0] += 1 } }

        func begin(_ key: Int) {
            state.withLock { state in
                if !state.atWork.insert(key).inserted { state.doubled += 1 }
                state.seen[key] = state.made[key]
            }
        }

        func end(_ key: Int) { state.withLock { _ = $0.atWork.remove(key) } }
    }

    @Test(arguments: [(16, 8, 7), (8, 16, 1000), (4, 2, 1)])
    func `no key is at two workers, and no change is lost`(_ producers: Int, _ workers: Int, _ keys: Int) async {
        let queue = WorkQueue<Int>(pace: RetryPace(firstSeconds: 1e-4, longestSeconds: 1e-3, perSecond: nil))
        let ledger = Ledger()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    while let key = await queue.next() {
                        ledger.begin(key)
                        await Task.yield()
                        ledger.end(key)
                        queue.done(key)
                    }
                }
            }
            await withTaskGroup(of: Void.self) { producing in
                for producer in 0..<producers {
                    producing.addTask {
                        var random = SeededGenerator(seed: UInt64(producer))
                        for _ in 0..<2000 {
                            let key = Int.random(in: 0..<keys, using: &random)
                            ledger.make(key)
                            switch Int.random(in: 0..<4, using: &random) {
                            case 0: queue.add(key, afterSeconds: 0.0005)
                            case 1: queue.addRateLimited(key)
                            default: queue.add(key)
                            }
                            if Int.random(in: 0..<64, using: &random) == 0 { await Task.yield() }
                        }
                    }
                }
            }
            while queue.facts.delayed > 0 { await Task.yield() }
            queue.shutDown()
        }
        let end = ledger.state.withLock { $0 }
        #expect(end.doubled == 0)
        #expect(end.seen == end.made)
        #expect(end.made.values.reduce(0, +) == producers * 2000)
        #expect(queue.facts.depth == 0)
        #expect(queue.facts.working == 0)
    }

    /// What the queue must do, as plainly as it can be said.
    private struct Model {
        var ready: [Int] = []
        var dirty: Set<Int> = []
        var working: Set<Int> = []
        var delayed: [Int: Double] = [:]
        var now = 0.0

        mutating func add(_ key: Int) {
            guard dirty.insert(key).inserted else { return }
            if !working.contains(key) { ready.append(key) }
        }

        mutating func advance(_ seconds: Double) {
            now += seconds
            for (key, _) in delayed.filter({ $0.value <= now }).sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
                delayed[key] = nil
                add(key)
            }
        }

        mutating func done(_ key: Int) {
            working.remove(key)
            if dirty.contains(key) { ready.append(key) }
        }
    }

    @Test(arguments: 0..<20) func `does what its model does`(_ seed: Int) async {
        let clock = TestClock()
        let queue = WorkQueue<Int>(time: clock.source)
        var (model, random) = (Model(), SeededGenerator(seed: UInt64(seed)))
        for step in 0..<2000 {
            let key = Int.random(in: 0..<12, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                queue.add(key)
                model.add(key)
            case 2:
                // Times of their own, so that which is first is not left to chance; halves are exact.
                let seconds = Double(Int.random(in: 1..<64, using: &random)) + Double(step) / 4096
                queue.add(key, afterSeconds: seconds)
                model.delayed[key] = min(model.delayed[key] ?? .infinity, model.now + seconds)
            case 3:
                clock.advance(1)
                model.advance(1)
            case 4:
                guard let first = model.ready.first else { break }
                model.ready.removeFirst()
                model.dirty.remove(first)
                model.working.insert(first)
                #expect(await queue.next() == first)
            default:
                guard let one = model.working.sorted().randomElement(using: &random) else { break }
                queue.done(one)
                model.done(one)
            }
            let facts = queue.facts
            #expect(facts.waiting == model.ready.count)
            #expect(facts.depth == model.dirty.count)
            #expect(facts.delayed == model.delayed.count)
            #expect(facts.working == model.working.count)
        }
    }
}
