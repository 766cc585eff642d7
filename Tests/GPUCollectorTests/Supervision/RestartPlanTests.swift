import Testing

@testable import GPUCollector

@Suite struct RestartPlanTests {
    @Test func `pauses double and begin anew after a good while`() {
        var plan = RestartPlan()
        #expect((0..<8).map { _ in plan.pause(after: .failed, ranSeconds: 0.1) } == [1, 2, 4, 8, 16, 32, 60, 60])
        #expect(plan.pause(after: .absent, ranSeconds: 0) == 60)
        #expect(plan.pause(after: .renewed, ranSeconds: 0) == 1)
        #expect(plan.pause(after: .failed, ranSeconds: 61) == 1)
    }

    @Test func `patience with a card doubles until it answers`() {
        var plan = RestartPlan()
        var found: [Double] = []
        for _ in 0..<7 {
            found.append(plan.patienceSeconds("a", 30))
            plan.noteKill("a")
        }
        #expect(found == [30, 60, 120, 240, 480, 480, 480])
        #expect(plan.patienceSeconds("b", 30) == 30)
        plan.noteAnswer("a")
        #expect(plan.patienceSeconds("a", 30) == 30)
    }
}
