import Metrics
import Testing

@Suite("Limit of series")
struct SeriesLimitTests {
    private static let schema = LabelSchema("a")

    /// Two catalogues and one that is spared: `a` and `b` of each guest, `c` of each disk, `d` of what few want; 10 samples of each.
    private struct World {
        let table: FamilyTable
        var buffers: [[SampleBuffer]] = []

        init(parts: [String] = ["n1", "n2"]) throws {
            var (first, second, own) = (Catalogue(), Catalogue(), Catalogue())
            let ofFirst = [
                first.gauge("a", "A.", labels: schema, source: "s"),
                first.gauge("c", "C.", labels: schema, detail: .disk, source: "s"),
                first.gauge("shared", "S.", labels: schema, source: "s"),
            ]
            let ofSecond = [
                second.gauge("d", "D.", labels: schema, detail: .all, source: "s"),
                second.gauge("c2", "C.", labels: schema, detail: .disk, source: "s"),
                second.gauge("b", "B.", labels: schema, source: "s"),
            ]
            let ofOwn = [
                own.gauge("shared", "S.", labels: schema, source: "s"),
                own.gauge("z", "Z.", labels: schema, detail: .disk, source: "s"),
            ]
            table = try FamilyTable([first, second, own])
            buffers = [Self.buffers(ofFirst, parts), Self.buffers(ofSecond, parts), Self.buffers(ofOwn, ["own"])]
        }

        /// Ten samples of each metric, spread over the parts.
        private static func buffers(_ metrics: [Metric], _ parts: [String]) -> [SampleBuffer] {
            parts.map { part in
                var buffer = SampleBuffer(part: part)
                for index in 0..<(10 / parts.count) {
                    let set = buffer.labels(schema, "\(part) \(index)")
                    for metric in metrics { buffer.add(metric, set, 1) }
                }
                return buffer
            }
        }

        func exposition(limit: Int, detail: Detail = .all) -> Exposition {
            Exposition(table, buffers, bounds: .init(detail: detail, series: limit, firstSpared: 2))
        }
    }

    /// Limits, and the families that are left of 80 series; the first that go are the finest, of those the last.
    static let cases: [(Int, [String])] = [
        (.max, ["a", "c", "shared", "d", "c2", "b", "z"]), (80, ["a", "c", "shared", "d", "c2", "b", "z"]),
        (79, ["a", "c", "shared", "c2", "b", "z"]), (70, ["a", "c", "shared", "c2", "b", "z"]), (69, ["a", "c", "shared", "b", "z"]),
        (59, ["a", "shared", "b", "z"]), (49, ["a", "shared", "z"]), (39, ["shared", "z"]), (1, ["shared", "z"]), (0, ["shared", "z"]),
    ]

    @Test("Whole families go, the finest first, and none that is spared", arguments: cases)
    func order(_ limit: Int, _ expected: [String]) throws {
        let exposition = try World().exposition(limit: limit)
        let names = text(exposition).split(separator: "\n").filter { $0.hasPrefix("# TYPE") }.map { String($0.split(separator: " ")[2]) }
        #expect(names == expected)
        // `shared` has ten of each of two catalogues.
        #expect(exposition.seriesCount == 10 * expected.count + 10)
        #expect(samples(text(exposition)).count == exposition.seriesCount && exposition.sampleCount == exposition.seriesCount)
        #expect(exposition.dropped.reduce(0) { $0 + $1.series } == 80 - exposition.seriesCount)
    }

    @Test("What went is told, with its level and whose it was")
    func telling() throws {
        #expect(
            try World().exposition(limit: 55).dropped == [
                .init(family: "d", detail: .all, catalogue: 1, series: 10), .init(family: "c2", detail: .disk, catalogue: 1, series: 10),
                .init(family: "c", detail: .disk, catalogue: 0, series: 10),
            ])
    }

    @Test("A family of two catalogues is dropped for both")
    func shared() throws {
        var (first, second) = (Catalogue(), Catalogue())
        let metrics = [
            first.gauge("m", "M.", labels: Self.schema, source: "s"), second.gauge("m", "M.", labels: Self.schema, source: "s"),
        ]
        let buffers = metrics.enumerated().map { index, metric in
            var buffer = SampleBuffer(part: "")
            for number in 0...index { buffer.add(metric, buffer.labels(Self.schema, "\(index) \(number)"), 1) }
            return [buffer]
        }
        let exposition = Exposition(try FamilyTable([first, second]), buffers, bounds: .init(series: 2))
        #expect(text(exposition).isEmpty)
        #expect(
            exposition.dropped == [
                .init(family: "m", detail: .guest, catalogue: 0, series: 1), .init(family: "m", detail: .guest, catalogue: 1, series: 2),
            ])
    }

    /// Series of `fine` and `coarse` in one catalogue, of `flood` and `more` in another, which is coarse throughout; and what is left.
    static let floods: [(honest: (Int, Int), flooding: (Int, Int), limit: Int, left: [String])] = [
        ((30, 10), (500, 500), 100, ["fine", "coarse"]), ((30, 10), (40, 500), 100, ["fine", "coarse", "flood"]),
        ((30, 10), (500, 5), 100, ["fine", "coarse"]), ((500, 10), (30, 20), 100, ["coarse", "flood", "more"]),
        ((60, 10), (60, 10), 100, ["coarse", "flood", "more"]), ((0, 0), (80, 80), 100, ["flood"]),
    ]

    @Test("Who has more than a fair share loses families, and nobody else", arguments: floods.indices)
    func fairness(number: Int) throws {
        let (honest, flooding, limit, left) = Self.floods[number]
        var (first, second) = (Catalogue(), Catalogue())
        let ofFirst = [
            first.gauge("fine", "F.", labels: Self.schema, detail: .disk, source: "s"),
            first.gauge("coarse", "C.", labels: Self.schema, source: "s"),
        ]
        let ofSecond = [
            second.gauge("flood", "F.", labels: Self.schema, source: "s"), second.gauge("more", "M.", labels: Self.schema, source: "s"),
        ]
        let buffers = zip([ofFirst, ofSecond], [honest, flooding]).map { metrics, counts in
            var buffer = SampleBuffer(part: "")
            for (metric, count) in zip(metrics, [counts.0, counts.1]) {
                for place in 0..<count { buffer.add(metric, buffer.labels(Self.schema, "\(place)"), 1) }
            }
            return [buffer]
        }
        let exposition = Exposition(try FamilyTable([first, second]), buffers, bounds: .init(series: limit))
        let names = text(exposition).split(separator: "\n").filter { $0.hasPrefix("# TYPE") }.map { String($0.split(separator: " ")[2]) }
        #expect(names == left && exposition.seriesCount <= limit)
    }

    @Test(
        "Who wants little gets it, and the others equally much",
        arguments: [
            (10, [5, 5], .max), (10, [4, 7], 6), (10, [9, 9, 1], 4), (0, [1, 2], 0), (-5, [1], 0), (10, [], .max),
            (100, [1, 1, 1, 1_000], 97),
        ] as [(Int, [Int], Int)])
    func shares(_ room: Int, _ wanted: [Int], _ share: Int) { #expect(fairShare(of: room, wanted) == share) }

    @Test("What is too fine needs no room")
    func filtered() throws {
        let exposition = try World().exposition(limit: 50, detail: .guest)
        #expect(exposition.dropped == [] && exposition.seriesCount == 40)
    }

    @Test("The choice is the same in whatever order the parts came")
    func stability() throws {
        var world = try World(parts: ["n1", "n2", "n3", "n4", "n5"])
        let expected = text(world.exposition(limit: 60))
        for _ in 0..<5 {
            world.buffers = world.buffers.map { $0.shuffled() }
            #expect(text(world.exposition(limit: 60)) == expected)
        }
    }

    @Test("A histogram counts as its series, and so does a summary", arguments: [(11, 0), (10, 1), (7, 1), (6, 2)] as [(Int, Int)])
    func distributions(_ limit: Int, _ dropped: Int) throws {
        var catalogue = Catalogue()
        let gauge = catalogue.gauge("a", "A.", labels: Self.schema, source: "s")
        let summary = catalogue.summary("b", "B.", labels: Self.schema, source: "s")
        let histogram = catalogue.histogram("c", "C.", labels: Self.schema, source: "s")
        var buffer = SampleBuffer(part: "")
        let set = buffer.labels(Self.schema, "x")
        for index in 0..<3 { buffer.add(gauge, buffer.labels(Self.schema, "\(index)"), 1) }
        buffer.add(summary, set, Distribution())
        buffer.add(summary, buffer.labels(Self.schema, "y"), Distribution())
        buffer.add(histogram, set, Distribution(bounds: [1]))
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer]], bounds: .init(series: limit))
        #expect(exposition.dropped.count == dropped)
        #expect(samples(text(exposition)).count == exposition.seriesCount)
        #expect(exposition.seriesCount == [11, 7, 3][dropped])
    }
}
