import Primitives
import Testing
@testable import ProviderTasks
@Suite struct ZZ {
    @Test func measure() async throws {
        let world = World()
        var limits = TaskEngine.Limits(); limits.running = 0; limits.live = 100000
        let engine = try await world.engine(limits: limits)
        var times: [Double] = []
        for n in 0..<300 { let s = ContinuousClock.now; _ = try await engine.make("m\(n)", key: "k\(n)"); times.append((ContinuousClock.now - s).seconds * 1000) }
        times.sort()
        print("ACCEPT ms median \(times[150]) p95 \(times[285]) max \(times[299])")
        await engine.abandon()
        let w2 = World()
        let e2 = try await w2.engine()
        let s = ContinuousClock.now
        for n in 0..<300 { _ = try await e2.make("m\(n)") }
        for o in e2.operations { _ = await e2.ended(o.id) }
        print("300 OPS of 3 steps s \((ContinuousClock.now - s).seconds)")
        let st = ContinuousClock.now
        for _ in 0..<10000 { _ = e2.operation(e2.operations.isEmpty ? "" : "op") }
        print("x \((ContinuousClock.now - st).seconds)")
    }
}
