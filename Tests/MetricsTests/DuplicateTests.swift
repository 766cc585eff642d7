import Metrics
import Testing

@Suite("Duplicates")
struct DuplicateTests {
    private let schema = LabelSchema("a")

    private func catalogue() -> (Catalogue, Metric, Metric) {
        var catalogue = Catalogue()
        let first = catalogue.gauge("first", "F.", labels: schema, source: "s")
        let second = catalogue.gauge("second", "S.", labels: schema, source: "s")
        return (catalogue, first, second)
    }

    private func buffer(_ part: String, _ samples: [(Metric, String, Double)]) -> SampleBuffer {
        var buffer = SampleBuffer(part: part)
        for (metric, value, number) in samples { buffer.add(metric, buffer.labels(schema, value), number) }
        return buffer
    }

    @Test("Within a part the first stays, and the others are counted")
    func within() throws {
        let (catalogue, first, second) = catalogue()
        let part = buffer(
            "", [(second, "x", 1), (first, "x", 2), (first, "y", 3), (first, "x", 4), (second, "x", 5), (first, "z", 6), (first, "x", 7)])
        let exposition = Exposition(try FamilyTable([catalogue]), [[part]])
        #expect(exposition.duplicateCount == 3)
        #expect(exposition.firstDuplicate == "first")
        #expect(exposition.sampleCount == 4)
        #expect(samples(text(exposition)) == [#"first{a="x"} 2"#, #"first{a="y"} 3"#, #"first{a="z"} 6"#, #"second{a="x"} 1"#])
    }

    @Test("Across parts the part whose name comes first wins, across catalogues the one that was declared first")
    func across() throws {
        let (catalogue, first, second) = catalogue()
        let parts = [
            buffer("b", [(first, "x", 1), (first, "only b", 2), (second, "x", 3)]), buffer("a", [(first, "x", 4), (second, "y", 5)]),
            buffer("c", [(first, "x", 6), (second, "y", 7), (second, "x", 8)]),
        ]
        let other = [buffer("", [(first, "x", 9), (second, "new", 10)])]
        let exposition = Exposition(try FamilyTable([catalogue, catalogue]), [parts, other])
        #expect(exposition.duplicateCount == 5)
        #expect(exposition.firstDuplicate == "first")
        #expect(exposition.sampleCount == 5)
        #expect(
            samples(text(exposition)) == [
                #"first{a="x"} 4"#, #"first{a="only b"} 2"#, #"second{a="y"} 5"#, #"second{a="x"} 3"#, #"second{a="new"} 10"#,
            ])
    }

    @Test("The same labels in two families are no duplicates, nor are sets that only look alike")
    func lookalikes() throws {
        let (catalogue, first, second) = catalogue()
        let exposition = Exposition(
            try FamilyTable([catalogue]),
            [
                [
                    buffer(
                        "",
                        [
                            (first, "x", 1), (second, "x", 1), (first, "X", 1), (first, "x ", 1), (first, "", 1), (first, "é", 1),
                            (first, "e\u{301}", 1),
                        ])
                ]
            ])
        #expect(exposition.duplicateCount == 0)
        #expect(exposition.firstDuplicate == nil)
        #expect(exposition.sampleCount == 7)
    }

    @Test("Without labels there is one series")
    func withoutLabels() throws {
        var catalogue = Catalogue()
        let metric = catalogue.gauge("m", "Help.", source: "s")
        var buffer = SampleBuffer(part: "")
        buffer.add(metric, .empty, 1)
        buffer.add(metric, buffer.labels(.none), 2)
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer, buffer]])
        #expect(exposition.duplicateCount == 3)
        #expect(text(exposition) == "# HELP m Help.\n# TYPE m gauge\nm 1\n")
    }

    @Test("A source written twice over costs no more than its size")
    func manyDuplicates() throws {
        let (catalogue, first, second) = catalogue()
        let size = 20_000
        var part = SampleBuffer(part: "")
        for index in 0..<size {
            let set = part.labels(schema, "\(index)")
            part.add(first, set, 1)
            part.add(second, set, 1)
        }
        let exposition = Exposition(try FamilyTable([catalogue]), [[part, part, part]])
        #expect(exposition.duplicateCount == 4 * size)
        #expect(exposition.sampleCount == 2 * size)
        #expect(samples(text(exposition)).count == 2 * size)
    }

    @Test("A sample of a metric that the catalogue lacks is left out")
    func foreignMetric() throws {
        let (_, _, second) = catalogue()
        var small = Catalogue()
        let only = small.gauge("only", "O.", labels: schema, source: "s")
        let exposition = Exposition(try FamilyTable([small]), [[buffer("", [(second, "x", 1), (only, "x", 2)])]])
        #expect(exposition.sampleCount == 1)
        #expect(samples(text(exposition)) == [#"only{a="x"} 2"#])
    }
}
