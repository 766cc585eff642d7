import Testing

@testable import Simulation

/// An engine of a model of middle size.
let shape = EngineShape(
    slots: 64, cacheTokens: 192_000, contextTokens: 32_768, prefillRate: 6_000, tokenSeconds: 0.02, tokenSecondsPerRequest: 0.0003,
    meanPrompt: 900, meanAnswer: 300, cachedPart: 0.35)

/// A scenario that is played from one moment to another.
func trouble(_ scenario: Scenario, from start: Double, to end: Double = .infinity) -> EngineLoad.Trouble {
    EngineLoad.Trouble(scenario: scenario, span: Span(start: start, end: end))
}

func load(_ troubles: [EngineLoad.Trouble] = []) -> EngineLoad {
    var generator = SeededGenerator(seed: 3, "load")
    return EngineLoad(wave: Wave(base: 0.5, depth: 0.4, &generator), weight: 1, troubles: troubles)
}

func engine(_ troubles: [EngineLoad.Trouble] = [], seed: UInt64 = 7, _ own: EngineShape = shape) -> QueueEngine {
    let dialect = VLLMDialect(age: .new)
    return QueueEngine(
        shape: own, load: load(troubles), seed: seed, index: 0, start: 0, edges: { dialect.edges(of: $0, ServedModel("Test-8B")) },
        proxyEdges: { LiteLLMDialect(age: .new).edges(of: $0) })
}

struct QueueEngineTests {
    @Test(arguments: zip([1, 2, 3, 4, 5] as [UInt64], [Scenario.normal, .queueBacklog, .kvSaturation, .slowFirstToken, .errors]))
    func `What runs is what comes times how long it stays`(seed: UInt64, scenario: Scenario) {
        let seen = engine(scenario == .normal ? [] : [trouble(scenario, from: 600, to: 5_000)], seed: seed).seen(at: 7_200)
        let book = seen.book
        // Over all the time, and but for those that are still there, both sides are the same seconds, counted in two ways.
        let (areas, stays) = (book.runningArea + book.waitingArea, book[.duration].sum)
        #expect(areas > 0 && abs(areas - stays) / areas < 0.02, "\(areas) \(stays)")
        // Who was put back waited in between, and his time in the batch is told as one.
        if scenario != .kvSaturation {
            #expect(abs(book.runningArea - book[.inference].sum) / book.runningArea < 0.02)
            #expect(abs(book.waitingArea - book[.queue].sum) < 0.02 * areas)
        }
        #expect(book.arrivals == book.ended + Double(seen.runningCount + seen.waitingCount) + book.rejections)
    }

    @Test(arguments: [Scenario.normal, .queueBacklog, .kvSaturation, .errors])
    func `Counters are the counts of histograms`(scenario: Scenario) {
        let seen = engine(scenario == .normal ? [] : [trouble(scenario, from: 100)]).seen(at: 3_000)
        let book = seen.book
        #expect(book.ended == book[.duration].count)
        #expect(book.firstTokens == book[.timeToFirstToken].count)
        #expect(book.generationTokens == book.firstTokens + book[.interTokenLatency].count)
        #expect(book[.generationTokens].count == book.ended)
        // What has ended had its tokens; those that are at it have the rest.
        let left = seen.running.reduce(0) { $0 + seen.tokens(of: $1) } + seen.waiting.reduce(0) { $0 + Int($1.generatedBefore) }
        #expect(
            abs(book.generationTokens - book[.generationTokens].sum - Double(left)) <= Double(seen.runningCount + seen.waitingCount) + 0.001
                * book.ended + 2)
        let proxied = seen.proxyBook
        #expect(proxied?.ended == book.ended && proxied?[.duration].sum == book[.duration].sum)
        for measure in EngineBook.Measure.allCases {
            var last = 0.0
            book[measure].forEachBucket { _, cumulative in
                #expect(cumulative >= last && cumulative == cumulative.rounded())
                last = cumulative
            }
            #expect(last == book[measure].count)
        }
    }

    @Test func `It does not matter when somebody looks`() {
        let troubles = [trouble(.queueBacklog, from: 300, to: 500), trouble(.stalled, from: 700, to: 760)]
        var often = engine(troubles)
        for moment in stride(from: 0.0, through: 1_200, by: 0.73) { often.advance(to: moment) }
        let (one, other) = (often.seen(at: 1_200), engine(troubles).seen(at: 1_200))
        #expect(one.book.arrivals == other.book.arrivals && one.book.ended == other.book.ended)
        #expect(one.book.generationTokens == other.book.generationTokens && one.book[.duration].sum == other.book[.duration].sum)
        #expect(one.runningCount == other.runningCount && one.cacheTokens == other.cacheTokens)
    }

    @Test func `Two seeds tell two stories`() {
        #expect(engine(seed: 1).seen(at: 600).book.promptTokens != engine(seed: 2).seen(at: 600).book.promptTokens)
    }

    @Test func `A queue grows within half a minute, and is bounded`() {
        var crowded = engine([trouble(.queueBacklog, from: 600)])
        func seen(at moment: Double) -> QueueEngine {
            crowded.advance(to: moment)
            return crowded.seen(at: moment)
        }
        #expect(seen(at: 599).waitingCount == 0)
        let soon = seen(at: 630)
        #expect(soon.waitingCount > 10 && soon.runningCount == shape.slots)
        for moment in [1_200.0, 3_600, 12_000] {
            let later = seen(at: moment)
            #expect(later.waitingCount > 10 && later.waitingCount <= QueueEngine.queueLimit)
            if moment == 3_600 { #expect((later.book[.timeToFirstToken].quantile(0.95) ?? 0) > 10) }
        }
    }

    @Test func `Long prompts fill the cache, and requests lose their places`() {
        var seen = engine([trouble(.kvSaturation, from: 600)])
        var full = 0
        for minute in 12...40 {
            seen.advance(to: Double(minute) * 60)
            if seen.seen(at: Double(minute) * 60).cacheUse > 0.95 { full += 1 }
        }
        #expect(full >= 26)
        #expect(seen.book.preemptions > 0.1 * 1_800)
        #expect(seen.cacheUse <= 1)
    }

    @Test func `The first token is slow and the others are not`() {
        let usual = engine().seen(at: 3_600).book
        let slow = engine([trouble(.slowFirstToken, from: 0)]).seen(at: 3_600).book
        #expect((usual[.timeToFirstToken].quantile(0.95) ?? 9) < 1)
        #expect((slow[.timeToFirstToken].quantile(0.5) ?? 0) > 5)
        #expect((slow[.interTokenLatency].quantile(0.95) ?? 9) < 0.1)
    }

    @Test func `One that stands still has requests and no token comes, until it goes on`() {
        let still = engine([trouble(.stalled, from: 600, to: 1_200)])
        let (before, after) = (still.seen(at: 601), still.seen(at: 1_199))
        #expect(before.runningCount > 0 && after.runningCount == before.runningCount)
        #expect(after.book.generationTokens == before.book.generationTokens && after.book.ended == before.book.ended)
        #expect(after.waitingCount > 0)
        #expect(still.seen(at: 1_500).book.generationTokens > after.book.generationTokens)
    }

    @Test func `A third fails`() {
        let book = engine([trouble(.errors, from: 0)]).seen(at: 3_600).book
        let part = book.count(of: .error) / book.ended
        #expect((0.3...0.4).contains(part), "\(part)")
        #expect(engine().seen(at: 3_600).book.count(of: .error) == 0)
    }
}

struct ClientRequestTests {
    @Test func `A client's request waits, reads and gets its tokens as the book says`() throws {
        var own = engine()
        own.advance(to: 600)
        let before = own.seen(at: 600).book
        let submitted = own.submit(prompt: 600, wishes: 500, limit: 20, at: 600)
        let request = try #require(submitted)
        var shown: [(moment: Double, tokens: Int)] = []
        var outcome: RequestOutcome?
        var moment = 600.0
        while outcome == nil, moment < 660 {
            switch own.progress(of: request.ticket, at: moment) {
            case .running(let tokens, _): if shown.last?.tokens != tokens { shown.append((moment, tokens)) }
            case .ended(let end): outcome = end
            default: break
            }
            moment += 0.001
        }
        let end = try #require(outcome)
        #expect(end.ending == .length && end.tokens == 20 && end.prompt == 600)
        let first = try #require(shown.first { $0.tokens == 1 })
        #expect(abs(first.moment - 600 - (end.queueSeconds + end.prefillSeconds)) < 0.01)
        #expect(abs(end.prefillSeconds - (600 / 6_000 + EngineShape.prefillOverheadSeconds)) < 0.01)
        #expect(shown.map(\.tokens) == Array(Set(shown.map(\.tokens))).sorted())
        // At the pace of so many as there were.
        let pace = end.decodeSeconds / 19
        #expect((shape.latency(of: 1)...shape.latency(of: shape.slots)).contains(pace), "\(pace)")
        let after = own.seen(at: moment).book
        #expect(after.ended > before.ended && after[.timeToFirstToken].count > before[.timeToFirstToken].count)
        let again = own.progress(of: request.ticket, at: moment)
        #expect(again == nil)
    }

    @Test func `Who goes is counted, and frees his place`() throws {
        var own = engine()
        let submitted = own.submit(prompt: 100, wishes: 4_000, limit: 4_000, at: 600)
        let request = try #require(submitted)
        own.advance(to: 601)
        let runs = own.seen(at: 601)
        own.cancel(request.ticket, at: 601)
        let gone = own.seen(at: 601)
        #expect(gone.runningCount == runs.runningCount - 1)
        #expect(gone.book.count(of: .abort) == runs.book.count(of: .abort) + 1)
        let left = own.progress(of: request.ticket, at: 602)
        #expect(left == nil)
    }

    @Test func `A stream stands still with the engine`() throws {
        var own = engine([trouble(.stalled, from: 602, to: 700)])
        let submitted = own.submit(prompt: 100, wishes: 900, limit: 900, at: 600)
        let request = try #require(submitted)
        func tokens(_ moment: Double) -> Int? {
            guard case .running(let tokens, _) = own.progress(of: request.ticket, at: moment) else { return nil }
            return tokens
        }
        let at = [tokens(603), tokens(699), tokens(702)]
        #expect((at[0] ?? 0) > 10 && at[0] == at[1])
        #expect((at[2] ?? 0) > (at[1] ?? 0))
    }

    @Test func `What was asked of the world a moment ago happens now`() {
        var own = engine()
        own.advance(to: 1_000)
        let taken = own.take(load([trouble(.stalled, from: 997)]), toleranceSeconds: 10)
        #expect(taken && own.isStalled)
        var late = engine()
        late.advance(to: 1_000)
        let isTaken = late.take(load([trouble(.stalled, from: 500)]), toleranceSeconds: 10)
        #expect(!isTaken)
    }
}
