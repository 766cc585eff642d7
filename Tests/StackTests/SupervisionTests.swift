import Primitives
import Testing

@testable import Stack

@Suite struct BackOffTests {
    @Test func eachFailureDoublesThePauseUpToTheLongest() {
        var backOff = BackOff()
        let delays = (0..<9).map { _ in backOff.delay(afterRunningSeconds: 1) }
        #expect(delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30])
    }

    @Test func aGoodRunBeginsAnew() {
        var backOff = BackOff()
        let runs: [Double] = [0, 0, 0, 59.9, 60, 0, 0]
        #expect(runs.map { backOff.delay(afterRunningSeconds: $0) } == [0.5, 1, 2, 4, 0.5, 1, 2])
    }
}

@Suite struct SupervisionTests {
    private let start = ContinuousClock.now
    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func running(_ stages: [Int]) -> Supervision {
        var supervision = Supervision(stages: stages)
        for index in stages.indices { supervision.didStart(index, at: start) }
        return supervision
    }

    @Test func aChildThatEndsIsStartedAgainAfterThePause() {
        var supervision = running([0, 1])
        #expect(supervision.nextDue == nil)
        #expect(supervision.didEnd(1, at: at(3)) == 0.5)
        #expect(supervision.nextDue == at(3.5))
        #expect(supervision.due(at: at(3.4)) == [])
        #expect(supervision.due(at: at(3.5)) == [.start(1)])
        #expect(supervision.due(at: at(3.625)) == [])
        // It cannot be started: that is a run of no time.
        #expect(supervision.didEnd(1, at: at(3.625)) == 1)
        #expect(supervision.due(at: at(4.625)) == [.start(1)])
        supervision.didStart(1, at: at(4.625))
        #expect(supervision.didEnd(1, at: at(64.75)) == 0.5)
    }

    @Test func theHighestStageEndsFirstAndEachHasTheTimeThatTheOthersSpare() {
        var supervision = running([0, 0, 1, 2])
        supervision.stop(at: at(0), withinSeconds: 6)
        #expect(supervision.due(at: at(0)) == [.terminate(3)])
        // Each of the two stages to come keeps a sixth of 6 s.
        #expect(supervision.nextDue == at(4))
        #expect(supervision.didEnd(3, at: at(1)) == nil)
        #expect(supervision.due(at: at(1)) == [.terminate(2)])
        #expect(supervision.nextDue == at(5))
        #expect(supervision.didEnd(2, at: at(2)) == nil)
        #expect(supervision.due(at: at(2)) == [.terminate(0), .terminate(1)])
        #expect(supervision.didEnd(0, at: at(2)) == nil)
        #expect(supervision.due(at: at(2)) == [])
        #expect(!supervision.isOver)
        #expect(supervision.didEnd(1, at: at(2)) == nil)
        #expect(supervision.due(at: at(2)) == [])
        #expect(supervision.isOver)
    }

    @Test func whatDoesNotEndIsKilledAndTheRestStillHasItsShare() {
        var supervision = running([0, 1])
        supervision.stop(at: at(0), withinSeconds: 4)
        #expect(supervision.due(at: at(0)) == [.terminate(1)])
        #expect(supervision.due(at: at(2.9)) == [])
        #expect(supervision.due(at: at(3)) == [.kill(1)])
        #expect(supervision.due(at: at(3.1)) == [])
        #expect(supervision.didEnd(1, at: at(3.1)) == nil)
        #expect(supervision.due(at: at(3.1)) == [.terminate(0)])
        #expect(supervision.due(at: at(4)) == [.kill(0)])
        #expect(supervision.nextDue == at(5))
        // Stuck in the kernel: nobody waits for ever.
        #expect(supervision.due(at: at(5)) == [.abandon(0)])
        #expect(supervision.isOver)
    }

    @Test func withoutTimeEverythingIsKilledAtOnce() {
        var supervision = running([0, 1])
        supervision.stop(at: at(0), withinSeconds: 0)
        #expect(supervision.due(at: at(0)) == [.terminate(1), .kill(1)])
        #expect(supervision.didEnd(1, at: at(0)) == nil)
        #expect(supervision.due(at: at(0)) == [.terminate(0), .kill(0)])
    }

    @Test func whatWaitsToStartAgainDoesNotWhenStopping() {
        var supervision = running([0, 1])
        _ = supervision.didEnd(1, at: at(0))
        supervision.stop(at: at(0.125), withinSeconds: 4)
        supervision.stop(at: at(0.2), withinSeconds: 100)
        #expect(supervision.due(at: at(1)) == [.terminate(0)])
        #expect(supervision.nextDue == at(4.125))
        #expect(supervision.didEnd(0, at: at(1)) == nil)
        #expect(supervision.due(at: at(1)) == [])
        #expect(supervision.isOver)
        #expect(supervision.due(at: at(2)) == [])
    }

    @Test func nothingToStopIsOverAtOnce() {
        var supervision = Supervision(stages: [])
        supervision.stop(at: at(0), withinSeconds: 4)
        #expect(supervision.due(at: at(0)) == [])
        #expect(supervision.isOver)
    }
}
