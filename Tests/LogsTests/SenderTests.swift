import Primitives
import Synchronization
import Testing

@testable import Logs

@Suite struct SenderTests {
    private static let stream = LogStream(rendered: Array("{}".utf8))

    private static func entry(_ number: Int) -> LogEntry {
        LogEntry(
            stream: stream, time: Int64(number), line: Array("line \(number)".utf8),
            place: .journal(JournalPlace(cursor: "\(number)", microseconds: 0)))
    }

    /// Answers as it is told, and remembers what it stored and what was saved.
    private final class Loki: Sendable {
        struct State {
            var answers: [PushOutcome]
            var stored: [Int64] = []
            var pushes: [Int] = []
            var saved: [String] = []
        }
        let state: Mutex<State>
        let limit: Int

        init(_ answers: [PushOutcome], limit: Int = .max) {
            state = Mutex(State(answers: answers))
            self.limit = limit
        }

        func push(_ entries: ArraySlice<LogEntry>) -> PushOutcome {
            state.withLock { state in
                state.pushes.append(entries.count)
                if entries.count > limit { return .tooLarge }
                let answer = state.answers.isEmpty ? .stored : state.answers.removeFirst()
                if answer == .stored { state.stored += entries.map(\.time) }
                return answer
            }
        }

        func save(_ places: [SourcePlace]) {
            state.withLock { state in
                for case .journal(let place) in places { state.saved.append(place.cursor) }
            }
        }
    }

    private static func run(_ loki: Loki, lines: Int, batchBytes: Int = 1 << 20) async -> (Loki.State, LogsTally.Contents) {
        let (queue, tally) = (LogQueue(limit: 1 << 20), LogsTally())
        _ = queue.put((0..<lines).map(entry))
        let sender = Sender(
            queue: queue, push: { loki.push($0) }, save: { (places) async throws(Failure) in loki.save(places) }, halt: Halt(),
            tally: tally,
            logger: .silent, batchBytes: batchBytes, batchSeconds: 0.01)
        let work = Task { await sender.run() }
        while loki.state.withLock({ $0.saved.last }) != "\(lines - 1)" { try? await Task.sleep(for: .milliseconds(2)) }
        queue.close()
        await work.value
        return (loki.state.withLock { $0 }, tally.contents)
    }

    @Test func batchesAreSavedOnceStored() async {
        let (state, contents) = await Self.run(Loki([]), lines: 10, batchBytes: 3 * Self.entry(0).bytes)
        #expect(state.stored == Array(0..<10))
        #expect(state.pushes == [3, 3, 3, 1])
        #expect(state.saved == ["2", "5", "8", "9"])
        #expect(contents.storedLines == 10)
    }

    @Test func aBatchThatIsTooLargeIsHalved() async {
        let (state, contents) = await Self.run(Loki([], limit: 3), lines: 10)
        #expect(state.stored == Array(0..<10))
        #expect(state.saved == ["1", "4", "6", "9"])
        #expect(contents.dropped.isEmpty)
        let (alone, dropped) = await Self.run(Loki([], limit: 0), lines: 3)
        #expect(alone.stored == [])
        #expect(dropped.dropped == ["too_large": 3])
    }

    @Test func whatIsRefusedIsCountedAndNotSentAgain() async {
        let refusal = PushOutcome.Refusal(reason: "too_far_behind", lines: 2, words: "")
        let (state, contents) = await Self.run(Loki([.refused(refusal)]), lines: 5)
        #expect(state.pushes == [5])
        #expect(contents.dropped == ["too_far_behind": 2])
        #expect(contents.storedLines == 3)
    }

    @Test func whoTakesNothingIsNoSuccess() async {
        let refusal = PushOutcome.Refusal(reason: "other", lines: nil, words: "no metadata")
        let (state, contents) = await Self.run(
            Loki([PushOutcome](repeating: .refused(refusal), count: 3)), lines: 3, batchBytes: Self.entry(0).bytes)
        #expect(state.pushes == [1, 1, 1])
        #expect(contents.lastSuccess == nil && contents.storedLines == 0 && contents.refusedInARow == 3)
        let tally = LogsTally()
        for _ in 0..<2 { tally.note(refusedWhole: "other") }
        tally.note(read: .journal, lines: 1, bytes: 1, cut: 0)
        let collector = LogsCollector(tally: tally)
        #expect(collector.unreadiness == nil)
        tally.note(refusedWhole: "other")
        #expect(collector.unreadiness == "Loki stores nothing: it refuses every line, which are lost: other")
        tally.note(stored: 1, bytes: 1, at: 5)
        #expect(collector.unreadiness == nil)
    }

    @Test func theEndOfATroubleIsSaidWhereItsBeginningWas() {
        var complaints = Complaints()
        let said = Mutex<[String]>([])
        let logger = Logger { line in said.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
        for second in 0..<50 {
            complaints.begin(.limited, Double(second)) { logger.info("trouble") }
            complaints.end(logger)
        }
        #expect(said.withLock { $0.count } == 2)
        complaints.begin(.limited, 100) { logger.info("trouble") }
        complaints.end(logger)
        #expect(said.withLock { $0.count } == 4)
    }

    @Test func whatFailsIsSentAgain() async {
        let later = PushOutcome.later(PushOutcome.Obstacle(kind: .failing, words: "x"), seconds: nil)
        let (state, contents) = await Self.run(Loki([later]), lines: 5)
        #expect(state.pushes == [5, 5])
        #expect(state.stored == Array(0..<5))
        #expect(contents.obstacle == nil)
        #expect(contents.pushes == ["failing": 1, "stored": 1])
    }

    @Test func aFullQueueHoldsItsSource() async throws {
        let queue = LogQueue(limit: 500)
        let isDone = Mutex(0)
        try Thread.start("source") {
            for number in 0..<20 { if queue.put([Self.entry(number)]) { isDone.withLock { $0 += 1 } } }
        }
        while queue.bytes < 500 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(isDone.withLock { $0 } < 5)
        var taken: [Int64] = []
        while taken.count < 20 { taken += await queue.take(upTo: 300, waitingSeconds: 0).map(\.time) }
        #expect(taken == Array(0..<20))
        queue.close()
        #expect(!queue.put([Self.entry(0)]))
        let rest = await queue.take(upTo: 300, waitingSeconds: 0)
        #expect(rest.isEmpty)
    }

    @Test func allSourcesThatWaitGoOnAndThenAreTurnedAway() async throws {
        let queue = LogQueue(limit: 500)
        let puts = Mutex((stored: 0, refused: 0))
        for source in 0..<4 {
            try Thread.start("source") {
                for number in 0..<10 {
                    let isTaken = queue.put([Self.entry(source * 100 + number)])
                    puts.withLock { puts in if isTaken { puts.stored += 1 } else { puts.refused += 1 } }
                }
            }
        }
        var taken = 0
        while taken < 25 { taken += await queue.take(upTo: 300, waitingSeconds: 0).count }
        queue.close()
        let deadline = Deadline.after(seconds: 20)
        while puts.withLock({ $0.stored + $0.refused }) < 40, !deadline.hasPassed { try await Task.sleep(for: .milliseconds(2)) }
        // Nobody waits for ever, and what was taken was put in.
        let (stored, refused) = puts.withLock { ($0.stored, $0.refused) }
        #expect(stored + refused == 40 && stored >= taken && refused > 0)
    }

    @Test func pausesGrowAndHeedWhatLokiSays() {
        var backOff = BackOff(random: { 0.5 })
        #expect((0..<4).map { _ in backOff.pause(.failing, told: nil) } == [0.375, 0.75, 1.5, 3])
        #expect(backOff.pause(.limited, told: 30) == 30.25)
        #expect(backOff.pause(.limited, told: 1e6) == BackOff.toldLimitSeconds + 0.25)
        for _ in 0..<20 { _ = backOff.pause(.failing, told: nil) }
        #expect(backOff.pause(.failing, told: nil) == 45)
        backOff.succeed()
        #expect(backOff.pause(.unauthorized, told: nil) == 0.375)
        #expect(backOff.pause(.unauthorized, told: nil) == 60)
        #expect(PushOutcome.pause("2", now: 0) == 2)
        #expect(PushOutcome.pause("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == 7)
        #expect(PushOutcome.pause("soon", now: 0) == nil)
    }

    @Test func whatLokiSaysIsOneLineThatNoTerminalObeys() {
        let words = PushOutcome.oneLine(Array("a\u{1B}[31mb\r\nc\u{85}\u{9B}d\u{2028}e ".utf8) + [0xFF])
        #expect(words == "a [31mb c d e \u{FFFD}")
        #expect(PushOutcome.oneLine([UInt8](repeating: 0xFF, count: 9000)).utf8.count <= 400)
    }

    @Test func placesAreReadAsTheyWereWritten() throws {
        var places = Places()
        places.take(.journal(JournalPlace(cursor: "s=\"1\"", microseconds: 5)))
        places.take(.container(id: "abc", ContainerPlace(time: .max, count: 3, hash: .max)))
        #expect(try Places(reading: places.written, of: "file") == places)
        for text in ["", "{}", "[]", "{\"version\":0}", "{\"version\":2}", "{\"version\":\"x\"}"] {
            #expect((try? Places(reading: Array(text.utf8), of: "file")) == nil)
        }
        // What is not understood in it is left out.
        let odd = #"{"version":1,"journal":{"cursor":5},"containers":{"a":{"time_ns":1,"count":-1,"hash":"f"},"b":7}}"#
        #expect(try Places(reading: Array(odd.utf8), of: "file") == Places())
    }
}
