import Primitives
import Synchronization
import Testing

@Suite struct ThreadGateTests {
    @Test func asManyGoThroughAsItIsToldAndNoMore() async throws {
        let gate = ThreadGate()
        let passed = Mutex(0)
        for _ in 0..<5 {
            try Thread.start("waiting") {
                gate.wait()
                passed.withLock { $0 += 1 }
            }
        }
        var opened = 0
        for count in [0, 2, 1, 2] {
            gate.open(for: count)
            opened += count
            let deadline = Deadline.after(seconds: 20)
            while passed.withLock({ $0 }) < opened, !deadline.hasPassed { try await Task.sleep(for: .milliseconds(1)) }
            #expect(passed.withLock { $0 } == opened)
        }
    }

    @Test func whoComesLaterGoesThroughAsWell() {
        let gate = ThreadGate()
        gate.open(for: 2)
        gate.wait()
        gate.wait()
    }
}
