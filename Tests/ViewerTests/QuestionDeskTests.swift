import Primitives
import Synchronization
import Testing

@testable import Viewer

@Suite struct QuestionDeskTests {
    /// A program that answers when it is told to.
    private final class Program: Sendable {
        struct State {
            var asked: [Upstream.Question] = []
            var isOpen = false
            var time = ContinuousClock.now
        }

        let state = Mutex(State())
        let status: Int

        init(status: Int = 200) { self.status = status }

        func open() { state.withLock { $0.isOpen = true } }
        func wait(seconds: Double) { state.withLock { $0.time += .seconds(seconds) } }
        var asked: Int { state.withLock { $0.asked.count } }

        func desk(_ limits: QuestionDesk.Limits = QuestionDesk.Limits(), _ tally: ViewerTally = ViewerTally()) -> QuestionDesk {
            QuestionDesk(.prometheus, limits: limits, tally: tally, now: { self.state.withLock { $0.time } }) { question, deadline in
                self.state.withLock { $0.asked.append(question) }
                while !self.state.withLock({ $0.isOpen }), !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(1)) }
                return .success(UpstreamAnswer(status: self.status, body: Array("{}".utf8)))
            }
        }
    }

    private static func question(_ name: String = "a") -> Upstream.Question {
        Upstream.Question(method: "POST", path: "/api/v1/query", form: name)
    }

    @Test func `ten equal questions are one`() async {
        let (program, tally) = (Program(), ViewerTally())
        let desk = program.desk(QuestionDesk.Limits(), tally)
        let statuses = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<10 { group.addTask { try? await desk.answer(Self.question()).get().status } }
            while tally.contents.questions[.prometheus]?[.joined] != 9 { try? await Task.sleep(for: .milliseconds(1)) }
            program.open()
            return await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 10))
        #expect(program.asked == 1)
    }

    @Test func `an answer is good for a second`() async {
        let program = Program()
        program.open()
        let desk = program.desk()
        _ = await desk.answer(Self.question())
        program.wait(seconds: 0.9)
        _ = await desk.answer(Self.question())
        #expect(program.asked == 1)
        // "{}", "a" and the path.
        #expect(desk.keptBytes == 2 + 1 + 13)
        _ = await desk.answer(Self.question("b"))
        #expect(program.asked == 2)
        program.wait(seconds: 0.2)
        _ = await desk.answer(Self.question())
        #expect(program.asked == 3)
        desk.forget()
        #expect(desk.keptBytes == 0)
        _ = await desk.answer(Self.question())
        #expect(program.asked == 4)
    }

    @Test func `an error of the program's own is not kept`() async {
        let program = Program(status: 503)
        program.open()
        let desk = program.desk()
        _ = await desk.answer(Self.question())
        _ = await desk.answer(Self.question())
        #expect(program.asked == 2)
    }

    @Test func `what is kept has a bound`() async {
        let program = Program()
        program.open()
        var limits = QuestionDesk.Limits()
        limits.keptBytes = 20
        let desk = program.desk(limits)
        _ = await desk.answer(Self.question("a"))
        _ = await desk.answer(Self.question("b"))
        #expect(desk.keptBytes == 16)
    }

    @Test func `what is kept is forgotten however much it is`() async {
        let program = Program()
        program.open()
        let desk = program.desk()
        for round in 0..<3 {
            for name in 0..<100 { _ = await desk.answer(Self.question("\(round) \(100 + name)")) }
            #expect(desk.keptBytes == 100 * (2 + 5 + 13))
            program.wait(seconds: 0.5)
            _ = await desk.answer(Self.question("x\(round)"))
            program.wait(seconds: 0.6)
            _ = await desk.answer(Self.question("y"))
            // The two of the last second.
            #expect(desk.keptBytes == 2 * (2 + 13) + 3)
            program.wait(seconds: 1.1)
        }
    }

    @Test func `who forgets does not let more in`() async {
        let (program, tally) = (Program(), ViewerTally())
        var limits = QuestionDesk.Limits()
        (limits.inFlight, limits.waiting) = (1, 2)
        let desk = program.desk(limits, tally)
        await withTaskGroup(of: Void.self) { group in
            for name in 0..<3 { group.addTask { _ = await desk.answer(Self.question("\(name)")) } }
            while desk.inFlight < 3 { try? await Task.sleep(for: .milliseconds(1)) }
            desk.forget()
            #expect(desk.inFlight == 3)
            let late = await desk.answer(Self.question("late"))
            if case .failure(let problem) = late { #expect(problem.status == 503) } else { Issue.record("it was let in") }
            program.open()
        }
        #expect(desk.inFlight == 0)
        #expect(desk.keptBytes == 0)
    }

    @Test func `so many at a time, then in line, then refused`() async {
        let (program, tally) = (Program(), ViewerTally())
        var limits = QuestionDesk.Limits()
        (limits.inFlight, limits.waiting) = (2, 3)
        let desk = program.desk(limits, tally)
        let refused = await withTaskGroup(of: Bool.self) { group in
            for name in 0..<8 {
                group.addTask {
                    if case .failure(let problem) = await desk.answer(Self.question("\(name)")) { problem.status == 503 } else { false }
                }
            }
            while tally.contents.questions[.prometheus]?[.refused] != 3 { try? await Task.sleep(for: .milliseconds(1)) }
            #expect(program.asked <= 2)
            program.open()
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(refused == 3)
        #expect(program.asked == 5)
    }
}
