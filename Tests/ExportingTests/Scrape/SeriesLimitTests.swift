import CollectorConformance
import Metrics
import Primitives
import Testing
import Web

@testable import Exporting

@Suite struct SeriesLimitTests {
    private static var farAway: Deadline { .after(seconds: 60) }

    /// A collector of so many guests and disks.
    private static func stub(_ name: String, _ detail: Detail, _ count: Int) -> StubCollector {
        StubCollector(name, detail: detail) { sink, _, stub in stub.commit("all", count: count, sink) }
    }

    @Test(arguments: Detail.allCases)
    func `a collector that does not look at the level is filtered all the same`(level: Detail) async throws {
        let collectors = Detail.allCases.map { Self.stub($0.rawValue, $0, 5) }
        let coordinator = try ScrapeCoordinator.make(collectors, detail: level)
        let result = await coordinator.scrape(by: Self.farAway)
        for detail in Detail.allCases {
            #expect(result.text.contains("\(detail.rawValue)_value{") == (detail <= level))
            // A counter for what can never be dropped would only be in the way.
            let counter = #"martlet_scrape_series_dropped_total{collector="\#(detail.rawValue)",detail="\#(detail.rawValue)"} 0"#
            #expect(result.has(counter) == (detail <= level))
        }
    }

    @Test func `collectors are told the level`() async throws {
        let stub = StubCollector("a") { sink, context, stub in stub.commit(context.detail.rawValue, sink) }
        let result = await (try ScrapeCoordinator.make([stub], detail: .disk)).scrape(by: Self.farAway)
        #expect(result.has(#"a_value{item="disk"} 1"#))
    }

    /// 50 guests, 100 disks, and what martlet tells of itself.
    private static func world(_ log: LogLines, limit: Int) throws -> ScrapeCoordinator {
        try ScrapeCoordinator.make(
            [stub("disks", .disk, 100), stub("guests", .guest, 50)], own: [stub("own", .disk, 7)], log: log, seriesLimit: limit)
    }

    @Test func `what is past the limit is left out whole, counted and told`() async throws {
        let coordinator = try Self.world(LogLines(), limit: 150)
        for scrape in 0..<3 {
            let result = await coordinator.scrape(by: Self.farAway)
            let lines = result.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(lines.filter { $0.hasPrefix("guests_value") }.count == 50)
            #expect(lines.filter { $0.hasPrefix("disks_value") }.count == 0)
            #expect(lines.filter { $0.hasPrefix("own_value") }.count == 7)
            #expect(lines.count == result.exposition.seriesCount)
            // The counter tells of the scrapes before, as that of duplicates does.
            for line in [
                #"martlet_scrape_series_dropped_total{collector="disks",detail="disk"} \#(100 * scrape)"#,
                #"martlet_scrape_series_dropped_total{collector="guests",detail="guest"} 0"#, "martlet_scrape_series_limit 150",
                #"martlet_scrape_collector_success{collector="disks"} 1"#, #"martlet_scrape_collector_samples{collector="disks"} 100"#,
            ] { #expect(result.has(line), "\(line)") }
            #expect(result.share("disks")?.dropped == [.init(family: "disks_value", detail: .disk, catalogue: 0, series: 100)])
            #expect(result.share("guests")?.dropped == [] && result.share("own")?.dropped == [])
        }
    }

    @Test func `what martlet tells of itself stays even where there is no room for it`() async throws {
        let result = await (try Self.world(LogLines(), limit: 1)).scrape(by: Self.farAway)
        #expect(!result.text.contains("disks_value") && !result.text.contains("guests_value"))
        #expect(result.has(#"own_value{item="all 6"} 1"#))
        #expect(result.has(#"martlet_scrape_part_success{collector="guests",part="all"} 1"#))
    }

    @Test func `the log has a line when it begins and one when it ends`() async throws {
        let (log, numbers) = (LogLines(), [100, 120, 3, 3, 100])
        let stub = StubCollector("disks", detail: .disk) { sink, _, stub in
            stub.commit("all", count: numbers[(stub.record.calls - 1) % numbers.count], sink)
        }
        let coordinator = try ScrapeCoordinator.make([stub, Self.stub("guests", .guest, 50)], log: log, seriesLimit: 100)
        for _ in numbers {
            _ = await coordinator.scrape(by: Self.farAway)
            // Whoever asks for some collectors and gets all has ended nothing.
            _ = await coordinator.scrape(by: Self.farAway, only: ["guests"])
        }
        let own = log.lines.filter { $0.contains("series") }
        #expect(
            own.map { $0.split(separator: "\"").dropFirst().first } == [
                "more series than the limit, families left out", "series are within the limit again",
                "more series than the limit, families left out",
            ])
        #expect(own.first?.hasPrefix("level=warn ") == true && own.dropFirst().first?.hasPrefix("level=info ") == true)
        #expect(own.first?.contains(" limit=100 dropped=100 families=disks_value ") == true)
    }

    @Test func `the log names a few families and counts the rest`() async throws {
        let log = LogLines()
        let collectors = (0..<9).map { Self.stub("c\($0)", .disk, 10) }
        _ = await (try ScrapeCoordinator.make(collectors, log: log, seriesLimit: 10)).scrape(by: Self.farAway)
        let line = try #require(log.lines.first { $0.contains("level=warn") })
        #expect(line.contains(#"families="c8_value c7_value c6_value c5_value c4_value and 4 more""#))
    }

    @Test func `the landing page tells`() async throws {
        let result = await (try Self.world(LogLines(), limit: 150)).scrape(by: Self.farAway)
        let page = LandingPage(version: Version(number: "1", revision: "r", swift: "6")).response(result.shares)
        let text = String(decoding: page.body.bytes, as: UTF8.self)
        #expect(text.contains("100 series are past exporter.series_limit; left out: disks_value"))
        #expect(text.contains("<td>disks</td><td class=bad>incomplete</td>"))
        #expect(text.contains("<td>guests</td><td class=good>complete</td>"))
    }

    @Test func `a collector that floods its sink loses the part and nobody else anything`() async throws {
        let flood = StubCollector("flood") { sink, _, stub in
            stub.commit("small", sink)
            stub.commit("hostile", count: 1_000_001, sink)
        }
        let result = await (try ScrapeCoordinator.make([flood, StubCollector("fine")], seriesLimit: 1000)).scrape(by: Self.farAway)
        try #require(result.share("flood")?.problems.map(\.reason) == [.tooLarge])
        for line in [
            #"flood_value{item="small"} 1"#, #"fine_value{item="all"} 1"#,
            #"martlet_scrape_part_problem_info{collector="flood",part="hostile",reason="too_large"} 1"#,
            #"martlet_scrape_part_success{collector="flood",part="small"} 1"#,
        ] { #expect(result.has(line), "\(line)") }
    }
}
