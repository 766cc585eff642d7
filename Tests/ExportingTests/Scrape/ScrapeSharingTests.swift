import CollectorConformance
import Primitives
import Testing

@testable import Exporting

/// Scrapers that come at the same time.
@Suite struct ScrapeSharingTests {
    /// Later than anything here takes, on any machine.
    private static var farAway: Deadline { .after(seconds: 60) }

    @Test func `scrapers that come while a collector is at work join it`() async throws {
        let gate = Gate()
        let stub = StubCollector("a") { sink, _, stub in
            await gate.pass()
            stub.commit("all", sink)
        }
        let coordinator = try ScrapeCoordinator.make([stub])
        // An immediate task has joined when its line has been passed.
        let scrapers = (0..<5).map { _ in Task.immediate { await coordinator.scrape(by: Self.farAway) } }
        await gate.arrivals(1)
        gate.open()
        for scraper in scrapers { #expect(await scraper.value.has(#"a_value{item="all"} 1"#)) }
        #expect(stub.record.calls == 1)
        _ = await coordinator.scrape(by: Self.farAway)
        #expect(stub.record.calls == 2)
    }

    @Test func `a joiner in a hurry gets what is there`() async throws {
        let gate = Gate()
        let stub = StubCollector("a") { sink, _, stub in
            stub.commit("quick", sink)
            let buffer = sink.begin("slow")
            await gate.pass()
            sink.commit(buffer)
        }
        let coordinator = try ScrapeCoordinator.make([stub])
        let patient = Task.immediate { await coordinator.scrape(by: Self.farAway) }
        await gate.arrivals(1)
        let hurried = await coordinator.scrape(by: .after(seconds: 0.1))
        #expect(hurried.has(#"a_value{item="quick"} 1"#))
        #expect(hurried.share("a")?.problems == [PartProblem(part: "slow", .deadline, "not done by the deadline")])
        gate.open()
        #expect(await patient.value.share("a")?.isSuccess == true)
        #expect(stub.record.calls == 1)
    }

    @Test func `a scraper in a hurry does not cut short a patient one`() async throws {
        let gate = Gate()
        // Needs longer than the first scraper waits: gives up at its deadline and says so, as every collector does.
        let stub = StubCollector("a") { sink, context, stub in
            if context.deadline.remainingSeconds > 10 {
                stub.commit("all", sink)
            } else {
                await gate.pass()
                sink.report(PartProblem(part: "all", .deadline, "the source is slow"))
            }
        }
        let coordinator = try ScrapeCoordinator.make([stub])
        let hurried = Task.immediate { await coordinator.scrape(by: .after(seconds: 5)) }
        let patient = Task.immediate { await coordinator.scrape(by: Self.farAway) }
        await gate.arrivals(1)
        gate.open()
        #expect(await hurried.value.share("a")?.problems.map(\.reason) == [.deadline])
        #expect(await patient.value.has(#"a_value{item="all"} 1"#))
        #expect(stub.record.calls == 2)
    }

    @Test func `scrapes of different collectors do not disturb each other`() async throws {
        let gate = Gate()
        let slow = StubCollector("slow") { sink, _, stub in
            await gate.pass()
            stub.commit("all", sink)
        }
        let (fast, own) = (StubCollector("fast"), StubCollector("own"))
        let coordinator = try ScrapeCoordinator.make([slow, fast], own: [own])
        let one = Task.immediate { await coordinator.scrape(by: Self.farAway, only: ["slow"]) }
        await gate.arrivals(1)
        let other = await coordinator.scrape(by: Self.farAway, only: ["fast"])
        #expect(other.shares.map(\.collector) == ["fast", "own"] && other.has(#"fast_value{item="all"} 1"#))
        // What martlet tells of itself is in every scrape.
        #expect(other.text.contains("own_value"))
        // A collector that is at work in time is joined, not taken for hung.
        let all = Task.immediate { await coordinator.scrape(by: Self.farAway) }
        gate.open()
        #expect(await one.value.shares.map(\.collector) == ["slow", "own"])
        let result = await all.value
        #expect(result.shares.map(\.collector) == ["slow", "fast", "own"])
        #expect(result.shares.map(\.isSuccess) == [true, true, true])
        #expect(result.has(#"own_value{item="all"} 1"#))
        #expect(slow.record.calls == 1 && fast.record.calls == 2)
        #expect(await coordinator.scrape(by: Self.farAway, only: []).shares.map(\.collector) == ["own"])
    }

    @Test func `many scrapers with all kinds of patience`() async throws {
        let stub = StubCollector("a") { sink, context, stub in
            for part in 0..<20 {
                stub.commit("\(part)", sink)
                await Task.yield()
            }
        }
        let coordinator = try ScrapeCoordinator.make([stub, StubCollector("b")])
        await withTaskGroup(of: ScrapeResult.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let names: Set<String>? = [nil, ["a"], ["b"]][number % 3]
                    return await coordinator.scrape(by: .after(seconds: Double(number % 7) * 0.01), only: names)
                }
            }
            for await result in group { #expect(ExpositionText(result.text).faults == []) }
        }
        let limit = Deadline.after(seconds: 10)
        var last = await coordinator.scrape(by: Self.farAway)
        while !last.shares.allSatisfy(\.isSuccess), !limit.hasPassed { last = await coordinator.scrape(by: Self.farAway) }
        #expect(last.share("a")?.sampleCount == 20)
    }
}
