import CollectorConformance
import Metrics
import Primitives
import Testing
import Web

@testable import Exporting

@Suite struct ScrapeCoordinatorTests {
    /// Later than anything here takes, on any machine.
    private static var farAway: Deadline { .after(seconds: 60) }

    @Test func `all collectors are in one exposition, with how it went`() async throws {
        let coordinator = try ScrapeCoordinator.make([StubCollector("a"), StubCollector("b")], own: [StubCollector("own")])
        let result = await coordinator.scrape(by: Self.farAway)
        for line in [
            #"a_value{item="all"} 1"#, #"b_value{item="all"} 1"#, #"own_value{item="all"} 1"#,
            #"martlet_scrape_collector_success{collector="a"} 1"#, #"martlet_scrape_collector_samples{collector="b"} 1"#,
            #"martlet_scrape_part_success{collector="a",part="all"} 1"#, "martlet_scrape_duplicate_samples_total 0",
        ] { #expect(result.has(line), "\(line)") }
        #expect(!result.text.contains(#"collector="own""#))
        #expect(ExpositionText(result.text).faults == [])
        #expect(coordinator.descriptors.map(\.name).prefix(3) == ["a_value", "b_value", "own_value"])
    }

    @Test func `a hung collector costs its own values and no time`() async throws {
        let result = try await patiently { seconds in
            let wall = Wall()
            defer { wall.open() }
            let hung = StubCollector("hung") { sink, _, stub in
                stub.commit("quick", sink)
                let late = sink.begin("late")
                await wall.pass()
                sink.commit(late)
            }
            let coordinator = try ScrapeCoordinator.make([hung, StubCollector("fine")])
            let begin = ContinuousClock.now
            let result = await coordinator.scrape(by: .after(seconds: seconds))
            let took = (ContinuousClock.now - begin).seconds
            // Timers are a little early at times.
            #expect(took > seconds - 0.02 && took < seconds + 10)
            return result
        } until: {
            $0.share("fine")?.isSuccess == true && $0.share("hung")?.parts == ["quick"]
        }
        for line in [
            #"hung_value{item="quick"} 1"#, #"fine_value{item="all"} 1"#, #"martlet_scrape_collector_success{collector="hung"} 0"#,
            #"martlet_scrape_collector_success{collector="fine"} 1"#, #"martlet_scrape_part_success{collector="hung",part="quick"} 1"#,
            #"martlet_scrape_part_success{collector="hung",part="late"} 0"#,
            #"martlet_scrape_part_problem_info{collector="hung",part="late",reason="deadline"} 1"#,
        ] { #expect(result.has(line), "\(line)") }
        #expect(result.share("hung")?.isFinished == false)
        #expect(result.share("fine")?.isSuccess == true)
    }

    @Test func `a part that was begun and not given is missed`() async throws {
        let stub = StubCollector("a") { sink, _, stub in
            stub.commit("given", sink)
            for part in ["told", "untold"] { _ = sink.begin(part) }
            sink.report(PartProblem(part: "told", .unreachable, "no route"))
        }
        let result = await (try ScrapeCoordinator.make([stub])).scrape(by: Self.farAway)
        #expect(
            result.share("a")?.problems == [
                PartProblem(part: "told", .unreachable, "no route"),
                PartProblem(part: "untold", .failed, "the collector began the part and gave nothing"),
            ])
        #expect(result.has(#"martlet_scrape_part_success{collector="a",part="untold"} 0"#))
        #expect(result.has(#"martlet_scrape_collector_success{collector="a"} 0"#))
    }

    @Test func `a collector that hangs before it began a part is reported too`() async throws {
        let wall = Wall()
        let coordinator = try ScrapeCoordinator.make([StubCollector("hung") { _, _, _ in await wall.pass() }])
        let result = await coordinator.scrape(by: .after(seconds: 0.1))
        #expect(result.share("hung")?.problems == [PartProblem(part: "", .deadline, "not done by the deadline")])
        wall.open()
    }

    @Test func `what hangs is quarantined until it has returned`() async throws {
        let wall = Wall()
        let hung = StubCollector("hung") { sink, _, stub in
            await wall.pass()
            stub.commit("all", sink)
        }
        let coordinator = try ScrapeCoordinator.make([hung, StubCollector("fine")])
        _ = await coordinator.scrape(by: .after(seconds: 1))
        await wall.arrivals(1)
        for _ in 0..<3 {
            // Who has more time than it had would wait for it.
            let result = await coordinator.scrape(by: .after(seconds: 1))
            #expect(result.has(#"martlet_scrape_part_problem_info{collector="hung",part="",reason="quarantined"} 1"#))
            #expect(result.has(#"fine_value{item="all"} 1"#))
            #expect(result.share("hung")?.sampleCount == 0)
        }
        #expect(hung.record.calls == 1)
        wall.open()
        // The coordinator hears of the return a moment after the collector's last line.
        let limit = Deadline.after(seconds: 10)
        var result = await coordinator.scrape(by: Self.farAway)
        while result.share("hung")?.isSuccess != true, !limit.hasPassed { result = await coordinator.scrape(by: Self.farAway) }
        #expect(result.has(#"hung_value{item="all"} 1"#))
        #expect(hung.record.calls == 2)
    }

    @Test func `at the deadline a collector is cancelled, and one that listens is not quarantined`() async throws {
        let gate = Gate()
        let stub = StubCollector("a") { sink, _, stub in
            stub.commit("quick", sink)
            await gate.pass()
        }
        let coordinator = try ScrapeCoordinator.make([stub])
        _ = await coordinator.scrape(by: .after(seconds: 0.1))
        let limit = Deadline.after(seconds: 10)
        while stub.record.returns == 0, !limit.hasPassed { await Task.yield() }
        #expect(stub.record.returns == 1)
        gate.open()
        var result = await coordinator.scrape(by: Self.farAway)
        while result.share("a")?.isSuccess != true, !limit.hasPassed { result = await coordinator.scrape(by: Self.farAway) }
        #expect(result.share("a")?.problems == [])
    }

    @Test func `what comes after the deadline is dropped`() async throws {
        let (listener, other) = (Gate(), Gate())
        let late = StubCollector("late") { sink, _, stub in
            guard stub.record.calls == 1 else { return stub.commit("all", item: "in time", sink) }
            // Ends when it is told to, and that is at the deadline of whoever came first.
            await listener.pass()
            stub.commit("all", item: "too late", sink)
            sink.report(PartProblem(part: "all", .failed, "too late"))
        }
        let slow = StubCollector("slow") { sink, _, stub in
            await other.pass()
            stub.commit("all", sink)
        }
        let coordinator = try ScrapeCoordinator.make([late, slow])
        let first = Task.immediate { await coordinator.scrape(by: .after(seconds: 0.2), only: ["late"]) }
        let second = Task.immediate { await coordinator.scrape(by: Self.farAway) }
        // Late is late, whether it has returned by now or not.
        let share = try #require(await first.value.share("late"))
        #expect(share.problems == [PartProblem(part: "", .deadline, "not done by the deadline")])
        #expect(!share.isFinished && share.parts == [])
        let limit = Deadline.after(seconds: 20)
        while late.record.returns == 0, !limit.hasPassed { await Task.yield() }
        // The second has joined and was held by the other collector until now; it has time for another try.
        other.open()
        let result = await second.value
        #expect(!result.text.contains("too late"))
        #expect(result.has(#"late_value{item="in time"} 1"#) && result.has(#"slow_value{item="all"} 1"#))
    }

    @Test func `series that come twice are left out and counted`() async throws {
        let log = LogLines()
        let twice = StubCollector("a") { sink, _, stub in
            stub.commit("one", item: "x", value: 1, sink)
            stub.commit("two", item: "x", value: 2, sink)
            stub.commit("two", item: "y", sink)
        }
        let coordinator = try ScrapeCoordinator.make([twice], log: log)
        let first = await coordinator.scrape(by: Self.farAway)
        #expect(first.has(#"a_value{item="x"} 1"#) && !first.has(#"a_value{item="x"} 2"#))
        #expect(first.share("a")?.problems == [PartProblem(part: "two", .duplicate, "two parts are named two; the second is dropped")])
        #expect(!first.text.contains(#"item="y""#))
        #expect(log.lines.contains(#"level=warn msg="duplicate series left out" count=1 family=a_value"#))
        let second = await coordinator.scrape(by: Self.farAway)
        #expect(second.has("martlet_scrape_duplicate_samples_total 1"))
        #expect(ExpositionText(first.text).duplicates == [])
    }

    @Test func `collectors are given a little less time than the scraper`() async throws {
        let stub = StubCollector("a")
        let coordinator = try ScrapeCoordinator.make([stub])
        let long = Deadline.after(seconds: 100)
        _ = await coordinator.scrape(by: long)
        let short = Deadline.after(seconds: 1)
        _ = await coordinator.scrape(by: short)
        let margins = zip([long, short], stub.record.deadlines).map { ($0.instant - $1.instant).seconds }
        #expect(margins[0] == 0.25)
        #expect(margins[1] > 0 && margins[1] <= 0.1)
    }

    @Test func `a deadline that has passed is answered at once`() async throws {
        let wall = Wall()
        let coordinator = try ScrapeCoordinator.make([StubCollector("hung") { _, _, _ in await wall.pass() }])
        let result = await coordinator.scrape(by: .after(seconds: 0))
        #expect(result.share("hung")?.problems.map(\.reason) == [.deadline])
        wall.open()
    }

    @Test func `the life of collectors ends when it is cancelled`() async throws {
        let gates = [Gate(), Gate()]
        let coordinator = try ScrapeCoordinator.make(
            gates.enumerated().map { index, gate in StubCollector("a\(index)", life: { await gate.pass() }) })
        let life = Task { await coordinator.run() }
        for gate in gates { await gate.arrivals(1) }
        life.cancel()
        await life.value
    }

    @Test func `one name with two meanings is refused`() throws {
        #expect(throws: Failure.self) {
            var catalogue = Catalogue()
            _ = catalogue.counter("a_value", "Something else.", source: "test")
            _ = try ScrapeCoordinator(
                collectors: [StubCollector("a"), OtherMeaning(catalogue: catalogue)], context: LogLines().context(http: try HTTPClient()))
        }
    }

    private struct OtherMeaning: Collector {
        let name = "other"
        let catalogue: Catalogue
        func collect(into sink: SampleSink, _ context: CollectionContext) async {}
    }
}
