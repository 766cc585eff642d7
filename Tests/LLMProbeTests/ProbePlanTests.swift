import Primitives
import Testing

@testable import LLMProbe

@Suite struct ProbePlanTests {
    private static let start = ContinuousClock.now
    private static func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    /// Decides each second for so long, and gives the seconds and decisions that were none to wait.
    private static func decisions(
        _ plan: inout ProbePlan, seconds: Int, from first: Int = 0, _ situation: (Int) -> ProbePlan.Situation
    ) -> [(Int, ProbePlan.Decision)] {
        (first..<(first + seconds)).compactMap { second in
            let decision = plan.decide(situation(second), now: at(Double(second)), spread: 0)
            return decision == .wait ? nil : (second, decision)
        }
    }

    @Test func `one question in each interval`() {
        var plan = ProbePlan(intervalSeconds: 300, budgetPerHour: 60, start: Self.start)
        let made = Self.decisions(&plan, seconds: 1000) { _ in ProbePlan.Situation() }
        #expect(made.map(\.0) == [0, 300, 600, 900])
        #expect(made.allSatisfy { $0.1 == .ask })
    }

    @Test func `turns are spread by up to a tenth`() {
        var plan = ProbePlan(intervalSeconds: 100, budgetPerHour: 60, start: Self.start)
        #expect(plan.decide(ProbePlan.Situation(), now: Self.at(0), spread: 1) == .ask)
        #expect(plan.decide(ProbePlan.Situation(), now: Self.at(109), spread: 1) == .wait)
        #expect(plan.decide(ProbePlan.Situation(), now: Self.at(110.001), spread: .infinity) == .ask)
        #expect((220...220.01).contains((plan.nextTurn - Self.start).seconds))
    }

    @Test func `never more than once a minute`() {
        var plan = ProbePlan(intervalSeconds: 0.1, budgetPerHour: 1000, start: Self.start)
        #expect(Self.decisions(&plan, seconds: 200) { _ in ProbePlan.Situation() }.count == 4)
    }

    @Test func `the budget is that of any hour`() {
        var plan = ProbePlan(intervalSeconds: 60, budgetPerHour: 10, start: Self.start)
        let made = Self.decisions(&plan, seconds: 3 * 3600) { _ in ProbePlan.Situation() }
        let asked = made.filter { $0.1 == .ask }.map(\.0)
        #expect(asked.count == 30)
        #expect(asked.allSatisfy { end in asked.filter { (end - 3599...end).contains($0) }.count <= 10 })
        #expect(made.contains { $0.1 == .skip(.budget) })
    }

    @Test func `who has a queue is left alone, longer each time`() {
        var plan = ProbePlan(intervalSeconds: 60, budgetPerHour: 60, start: Self.start)
        let made = Self.decisions(&plan, seconds: 1600) { ProbePlan.Situation(waitingRequests: $0 < 1400 ? 3 : 0) }
        #expect(made.map(\.0) == [0, 120, 360, 840, 1320])
        #expect(made.allSatisfy { $0.1 == .skip(.queue) })
        let later = Self.decisions(&plan, seconds: 400, from: 1600) { _ in ProbePlan.Situation(waitingRequests: 0) }
        #expect(later.map(\.0) == [1800, 1860, 1920, 1980])
        #expect(later.allSatisfy { $0.1 == .ask })
    }

    @Test func `a model that is not loaded is not asked, nor a server that is not ready`() {
        var plan = ProbePlan(intervalSeconds: 60, budgetPerHour: 60, start: Self.start)
        #expect(plan.decide(ProbePlan.Situation(isLoaded: false), now: Self.at(0), spread: 0) == .skip(.notLoaded))
        #expect(plan.decide(ProbePlan.Situation(isReady: false, waitingRequests: 9), now: Self.at(60), spread: 0) == .skip(.notReady))
        #expect(plan.decide(ProbePlan.Situation(isLoaded: true, waitingRequests: .nan), now: Self.at(120), spread: 0) == .ask)
    }
}
