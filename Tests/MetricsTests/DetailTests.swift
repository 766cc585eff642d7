import Metrics
import Testing

@Suite("Levels of detail")
struct DetailTests {
    @Test("Levels go from coarse to fine, and a family is of the coarsest unless it says otherwise")
    func order() {
        #expect(Detail.allCases == [.guest, .disk, .all] && Detail.allCases.sorted() == Detail.allCases)
        var catalogue = Catalogue()
        let schema = LabelSchema("a")
        _ = catalogue.gauge("a", "A.", source: "s")
        _ = catalogue.gauge("b", "B.", detail: .disk, source: "s")
        _ = catalogue.counter("c_total", "C.", detail: .all, source: "s")
        _ = catalogue.info("d_info", "D.", labels: schema, detail: .disk, source: "s")
        _ = catalogue.histogram("e", "E.", labels: schema, detail: .all, source: "s")
        _ = catalogue.summary("f", "F.", labels: schema, source: "s")
        #expect(catalogue.descriptors.map(\.detail) == [.guest, .disk, .all, .disk, .all, .guest])
    }

    @Test("One name with two levels is no one family")
    func twoLevels() throws {
        var (one, other) = (Catalogue(), Catalogue())
        _ = one.gauge("a", "A.", source: "s")
        _ = other.gauge("a", "A.", detail: .disk, source: "s")
        #expect(throws: (any Error).self) { try FamilyTable([one, other]) }
    }

    @Test(
        "What is finer is left out, whoever wrote it, and is neither counted nor taken for a duplicate",
        arguments: [(.guest, ["guest 1"]), (.disk, ["guest 1", "disk 2"]), (.all, ["guest 1", "disk 2", "all 3"])]
            as [(Detail, [Substring])])
    func filter(_ detail: Detail, _ expected: [Substring]) throws {
        var catalogue = Catalogue()
        let metrics = Detail.allCases.map { catalogue.gauge($0.rawValue, "Help.", detail: $0, source: "s") }
        var buffer = SampleBuffer(part: "")
        for (index, metric) in metrics.enumerated().reversed() { buffer.add(metric, .empty, Double(index + 1)) }
        buffer.add(metrics[2], .empty, 4)
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer]], bounds: .init(detail: detail))
        #expect(samples(text(exposition)) == expected)
        #expect(exposition.sampleCount == expected.count && exposition.seriesCount == expected.count)
        #expect(exposition.duplicateCount == (detail == .all ? 1 : 0))
        #expect(exposition.dropped == [])
    }
}
